#!/usr/bin/python3
"""Golden values of the baseline algorithms in tests/cluster: scikit-learn (1.2) and SciPy (1.10).

    /usr/bin/python3 tests/golden/make_baselines.py [SUBJECT]...     writes tests/golden/baselines/
"""
import os
import sys

import numpy as np

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "baselines")


def save(name, values, kind):
    np.save(os.path.join(FOLDER, name + ".npy"), np.ascontiguousarray(values, kind))


def clouds(random, count, dim, number, apart):
    """Clouds of unequal width and size."""
    centres = random.randn(number, dim) * apart
    labels = np.sort(random.randint(0, number, count))
    width = 0.5 + random.rand(number, 1)
    return (centres[labels] + random.randn(count, dim) * width[labels]).astype(np.float32)


def make_pca():
    from sklearn.decomposition import PCA

    random = np.random.RandomState(1)
    points = (random.randn(300, 24) @ np.diag(0.8 ** np.arange(24)) @ random.randn(24, 24) + 5).astype(np.float32)
    fitted = PCA(6, svd_solver="full").fit(points.astype(np.float64))
    signs = np.sign(fitted.components_[np.arange(6), np.abs(fitted.components_).argmax(axis=1)])
    save("pca_points", points, np.float32)
    save("pca_directions", fitted.components_ * signs[:, None], np.float64)
    save("pca_variances", fitted.explained_variance_, np.float64)
    save("pca_total", [points.astype(np.float64).var(axis=0, ddof=1).sum()], np.float64)
    save("pca_projected", fitted.transform(points.astype(np.float64)) * signs, np.float32)


SUBJECTS = [make_pca]

if __name__ == "__main__":
    os.makedirs(FOLDER, exist_ok=True)
    for make in SUBJECTS:
        if len(sys.argv) == 1 or make.__name__[len("make_"):] in sys.argv[1:]:
            make()
