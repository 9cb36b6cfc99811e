"""Label propagation by its closed form in float64, for tests/cluster/test_label_propagation.c: Zhou et al. (2003) on
scikit-learn's graph of nearest neighbours, the seeds of a class sharing a weight of 1."""
import os

import numpy as np
from sklearn.datasets import make_moons
from sklearn.neighbors import kneighbors_graph

folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cluster")


def propagate(points, seeds, classes, neighbours, reach):
    links = kneighbors_graph(points, neighbours, include_self=False).toarray()
    weights = (links + links.T) / 2
    roots = 1 / np.sqrt(weights.sum(1))
    start = np.zeros((len(points), classes))
    for k in range(classes):
        start[seeds == k, k] = 1 / (seeds == k).sum()
    scores = np.linalg.solve(np.eye(len(points)) - reach * roots[:, None] * weights * roots, start)
    return scores / scores.sum(1, keepdims=True)


points, truth = make_moons(240, noise=0.09, random_state=4)
points = points.astype(np.float32)
seeds = np.full(240, -1, np.int32)
for k, number in ((0, 3), (1, 1)):
    seeds[np.flatnonzero(truth == k)[:number]] = k
scores = propagate(points.astype(np.float64), seeds, 2, 8, 0.99)
print("right:", (scores.argmax(1) == truth).mean())
np.save(f"{folder}/propagation_points.npy", points)
np.save(f"{folder}/propagation_truth.npy", truth.astype(np.int32))
np.save(f"{folder}/propagation_seeds.npy", seeds)
np.save(f"{folder}/propagation_scores.npy", scores.astype(np.float32))
