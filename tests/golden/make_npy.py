"""Arrays as NumPy itself writes them, for tests/base/test_npy.c and tests/data/test_npz_reader.c."""
import os

import numpy as np
from numpy.lib import format as npy

folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "npy")
os.makedirs(folder, exist_ok=True)
np.save(f"{folder}/double_rank3.npy", (np.arange(24) / 3.0).reshape(2, 3, 4))
np.save(f"{folder}/scalar.npy", np.int64(-1234567890123))
np.save(f"{folder}/empty.npy", np.zeros((0, 5), np.float32))
with open(f"{folder}/bool_v2.npy", "wb") as file:
    npy.write_array(file, np.array([True, False, True]), version=(2, 0))

# Archives: pictures whose pixels are their places in the array, labels.
pictures = np.arange(7 * 4 * 5, dtype=np.uint8).reshape(7, 4, 5)
np.savez_compressed(f"{folder}/splits.npz", x_train=pictures[:4], y_train=np.array([3, 1, 3, 8], np.uint8),
                    x_test=pictures[4:], y_test=np.array([8, 1, 1], np.uint8))
np.savez(f"{folder}/stored.npz", pictures[:3].reshape(3, 4, 5, 1), label=np.array([[5], [-1], [2]]))
