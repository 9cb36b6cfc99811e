#!/usr/bin/python3
"""Golden values of tests/cluster/test_tsne.c, by scikit-learn (1.2).

    /usr/bin/python3 tests/golden/make_map.py              writes tests/golden/map/

near_points, near_begins, near_others, near_values: points and the sparse symmetric P of t-SNE at perplexity 10.
digits: 400 of scikit-learn's handwritten digits, 8 x 8 pixels of 0 .. 16.
digits_map: what scikit-learn's t-SNE reaches on them: trustworthiness (k = 12) and divergence.
"""
import os

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.datasets import load_digits
from sklearn.manifold import TSNE, trustworthiness
from sklearn.manifold._t_sne import _joint_probabilities_nn
from sklearn.neighbors import NearestNeighbors

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "map")


def save(name, values, kind):
    np.save(os.path.join(FOLDER, name + ".npy"), np.ascontiguousarray(values, kind))


def make_near():
    random = np.random.RandomState(0)
    points = np.concatenate([random.randn(60, 5), 3 + 0.1 * random.randn(60, 5), 10 * random.randn(20, 5)])
    points = points.astype(np.float32)
    perplexity = 10
    graph = NearestNeighbors(n_neighbors=3 * perplexity + 1).fit(points).kneighbors_graph(mode="distance")
    graph.data **= 2
    joint = csr_matrix(_joint_probabilities_nn(graph, perplexity, 0))
    joint.sort_indices()
    save("near_points", points, np.float32)
    save("near_begins", joint.indptr, np.int64)
    save("near_others", joint.indices, np.int32)
    save("near_values", joint.data, np.float32)


def make_digits():
    points = load_digits().data[:400]
    tsne = TSNE(init="pca", learning_rate="auto", random_state=0)
    found = tsne.fit_transform(points.astype(np.float32))
    save("digits", points, np.uint8)
    save("digits_map", [trustworthiness(points, found, n_neighbors=12), tsne.kl_divergence_], np.float64)
    print(trustworthiness(points, found, n_neighbors=12), tsne.kl_divergence_)


os.makedirs(FOLDER, exist_ok=True)
make_near()
make_digits()
