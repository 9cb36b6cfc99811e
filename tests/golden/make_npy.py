"""Arrays as NumPy itself writes them, for tests/base/test_npy.c."""
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
