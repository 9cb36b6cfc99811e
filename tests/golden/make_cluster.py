#!/usr/bin/python3
"""Golden values of tests/cluster: metrics and k-means by scikit-learn (1.2), assignment by SciPy (1.10).

    /usr/bin/python3 tests/golden/make_cluster.py              writes tests/golden/cluster/

Cases of different sizes stand one after the other in one array, with their sizes beside it.
"""
import os

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans, kmeans_plusplus
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cluster")


def save(name, values, kind):
    np.save(os.path.join(FOLDER, name + ".npy"), np.ascontiguousarray(values, kind))


def confusion_of(predicted, labels, clusters, classes):
    table = np.zeros((clusters, classes), np.int64)
    np.add.at(table, (predicted, labels), 1)
    return table


def metrics_of(predicted, labels, table):
    pictures = table.sum()
    rows, columns = linear_sum_assignment(table, maximize=True)
    return [
        table[rows, columns].sum() / pictures if pictures else np.nan,
        normalized_mutual_info_score(labels, predicted),
        normalized_mutual_info_score(labels, predicted, average_method="geometric"),
        adjusted_rand_score(labels, predicted),
        table.max(axis=1).sum() / pictures if pictures else np.nan,
    ]


def noisy(random, count, clusters, classes, noise):
    """Labels, and clusters that follow them but for a share of noise."""
    labels = random.randint(0, classes, count)
    predicted = np.where(random.rand(count) < noise, random.randint(0, clusters, count), labels * 7 % clusters)
    return predicted, labels, clusters, classes


def label_cases():
    random = np.random.RandomState(1)
    zeros, line = np.zeros(12, int), np.arange(12)
    cases = [
        ([], [], 3, 4),  # no pictures
        ([0], [0], 1, 1),
        (zeros, zeros, 1, 1),  # one cluster, one class
        (zeros, line % 3, 1, 3),  # one cluster
        (line % 3, zeros, 3, 1),  # one class
        (line, line[::-1], 12, 12),  # all singletons on both sides
        (line, line % 3, 12, 3),  # singletons against classes
        (line, zeros, 12, 1),  # singletons against one class
        (line % 3, line % 3, 3, 3),  # the same
        ((line + 1) % 3, line % 3, 3, 3),  # the same, renamed
        (line % 3, line // 4, 3, 3),  # independent
        (line % 2, line % 4, 5, 9),  # numbers that do not occur
    ]
    for count, clusters, classes, noise in [(50, 3, 3, 0.3), (200, 10, 10, 0.5), (200, 4, 10, 0.2), (200, 25, 10, 0.2),
                                            (300, 1, 5, 0), (300, 40, 2, 1), (500, 10, 10, 1), (500, 10, 10, 0.01)]:
        cases.append(noisy(random, count, clusters, classes, noise))
    return [(np.asarray(p, int), np.asarray(l, int), k, c) for p, l, k, c in cases]


def make_metrics():
    cases = label_cases()
    tables = [confusion_of(*case) for case in cases]
    save("metrics_sizes", [[len(p), k, c] for p, _, k, c in cases], np.int64)
    save("metrics_predicted", np.concatenate([p for p, *_ in cases]), np.int32)
    save("metrics_labels", np.concatenate([case[1] for case in cases]), np.int32)
    save("metrics_confusion", np.concatenate([t.ravel() for t in tables]), np.int64)
    save("metrics_expected", [metrics_of(p, l, t) for (p, l, *_), t in zip(cases, tables)], np.float64)
    # Pair counts beyond 32 bits and products of them beyond 64.
    predicted, labels, clusters, classes = noisy(np.random.RandomState(2), 1000000, 12, 10, 0.4)
    table = confusion_of(predicted, labels, clusters, classes)
    save("million_confusion", table, np.int64)
    save("million_expected", metrics_of(predicted, labels, table), np.float64)


def make_assignment():
    random = np.random.RandomState(3)
    costs = [random.randn(r, c) * 10 for r, c in [(1, 1), (1, 6), (6, 1), (5, 5), (7, 12), (12, 7), (40, 40), (3, 60)]]
    costs += [random.randint(0, 3, (9, 9)).astype(float), random.randint(0, 2, (6, 14)).astype(float),
              np.zeros((5, 5)), -np.eye(8), random.rand(30, 30) * 1e9, np.array([[1e-9, 2e-9], [3e-9, 5e-9]])]
    totals = [cost[linear_sum_assignment(cost)].sum() for cost in costs]
    save("assignment_sizes", [cost.shape for cost in costs], np.int64)
    save("assignment_costs", np.concatenate([cost.ravel() for cost in costs]), np.float64)
    save("assignment_totals", totals, np.float64)


def make_kmeans():
    """Lloyd from given centres; the second set lies far from the origin."""
    random = np.random.RandomState(4)
    near = np.concatenate([random.randn(150, 6) * s + random.randn(6) * 2 for s in (0.5, 1, 1.5, 1)]).astype(np.float32)
    far = (near[:400, :5] + 1000).astype(np.float32)
    for name, points, clusters in [("near", near, 5), ("far", far, 4)]:
        starts = points[random.permutation(len(points))[:clusters]]
        fitted = KMeans(clusters, init=starts, n_init=1, tol=1e-4, max_iter=300, algorithm="lloyd").fit(points)
        inertia = ((points.astype(np.float64) - fitted.cluster_centers_[fitted.labels_]) ** 2).sum()
        save("kmeans_%s_points" % name, points, np.float32)
        save("kmeans_%s_starts" % name, starts, np.float32)
        save("kmeans_%s_labels" % name, fitted.labels_, np.int32)
        save("kmeans_%s_centres" % name, fitted.cluster_centers_, np.float32)
        save("kmeans_%s_inertia" % name, [inertia], np.float64)
    best = [KMeans(5, n_init=10, random_state=seed).fit(near).inertia_ for seed in range(5)]
    save("kmeans_near_best", [min(best), max(best)], np.float64)
    # What is left to the nearest of 12 starting centres, on average over many draws.
    potentials = []
    for seed in range(400):
        centres, _ = kmeans_plusplus(near, 12, random_state=seed)
        potentials.append(cdist(near, centres, "sqeuclidean").min(axis=1).sum())
    print("k-means++: %.1f +- %.1f" % (np.mean(potentials), np.std(potentials) / 20))
    save("kmeans_near_potential", [np.mean(potentials)], np.float64)


if __name__ == "__main__":
    os.makedirs(FOLDER, exist_ok=True)
    make_metrics()
    make_assignment()
    make_kmeans()
