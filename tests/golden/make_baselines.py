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


def make_gmm():
    from sklearn.mixture import GaussianMixture

    random = np.random.RandomState(2)
    points = clouds(random, 400, 5, 4, 1.2)
    exact = points.astype(np.float64)
    start = np.argmin(((exact[:, None] - exact[None, [3, 120, 230, 390]]) ** 2).sum(axis=2), axis=1)
    # The first M step, by hand: scikit-learn begins with an E step on what it is given.
    sizes = np.bincount(start, minlength=4) + 10 * np.finfo(float).eps
    means = np.stack([exact[start == k].sum(axis=0) for k in range(4)]) / sizes[:, None]
    squares = np.stack([(exact[start == k] ** 2).sum(axis=0) for k in range(4)]) / sizes[:, None]
    for name, tolerance in [("loose", 1e-3), ("tight", 1e-10)]:
        fitted = GaussianMixture(4, covariance_type="diag", tol=tolerance, max_iter=1000, weights_init=sizes / 400,
                                 means_init=means, precisions_init=1 / (squares - means ** 2 + 1e-6)).fit(exact)
        assert fitted.converged_
        save("gmm_%s_means" % name, fitted.means_, np.float64)
        save("gmm_%s_variances" % name, fitted.covariances_, np.float64)
        save("gmm_%s_weights" % name, fitted.weights_, np.float64)
        save("gmm_%s_summary" % name, [fitted.lower_bound_, fitted.n_iter_], np.float64)
        save("gmm_%s_labels" % name, fitted.predict(exact), np.int32)
        save("gmm_%s_probabilities" % name, fitted.predict_proba(exact), np.float32)
    save("gmm_points", points, np.float32)
    save("gmm_start", start, np.int32)


def make_nmf():
    from sklearn.decomposition import NMF
    from sklearn.decomposition._nmf import _initialize_nmf

    random = np.random.RandomState(3)
    shares = random.rand(200, 5) ** 3
    points = (shares @ random.rand(5, 30) ** 2 + 0.05 * random.rand(200, 30)).astype(np.float32)
    exact = points.astype(np.float64)
    start = _initialize_nmf(exact, 5, init="nndsvda")
    model = NMF(5, init="custom", tol=1e-4, max_iter=1000)
    found = model.fit_transform(exact, W=start[0].copy(), H=start[1].copy())
    save("nmf_points", points, np.float32)
    save("nmf_start_shares", start[0], np.float64)
    save("nmf_start_parts", start[1].T, np.float64)
    save("nmf_shares", found, np.float64)
    save("nmf_parts", model.components_.T, np.float64)
    save("nmf_summary", [model.reconstruction_err_, model.n_iter_], np.float64)
    print("NMF: %d iterations" % model.n_iter_)


def make_agglomerative():
    from scipy.cluster.hierarchy import fcluster, linkage

    random = np.random.RandomState(4)
    # Points without ties, and points of a grid, full of them, whose distances are exact in single precision.
    cases = {"cloud": clouds(random, 250, 7, 5, 1.5), "grid": np.kron(random.randint(0, 6, (120, 1)), [3, 4]) * 1.0}
    for name, points in cases.items():
        points = points.astype(np.float32)
        save("agglomerative_%s_points" % name, points, np.float32)
        for method in ("ward", "average"):
            joins = linkage(points.astype(np.float64), method)
            cuts = [fcluster(joins, k, "maxclust") - 1 for k in (2, 3, 5, 10, 25)]
            save("agglomerative_%s_%s_distances" % (name, method), joins[:, 2], np.float32)
            save("agglomerative_%s_%s_cuts" % (name, method), cuts, np.int32)


def make_spectral():
    from sklearn.cluster import SpectralClustering
    from sklearn.datasets import make_blobs, make_circles, make_moons
    from sklearn.metrics import adjusted_rand_score
    from sklearn.neighbors import kneighbors_graph

    cases = {
        "blobs": make_blobs(400, 8, centers=5, cluster_std=4.5, random_state=5),
        "moons": make_moons(300, noise=0.04, random_state=1),
        "circles": make_circles(300, noise=0.05, factor=0.5, random_state=2),
    }
    for name, (points, truth) in cases.items():
        points, clusters = points.astype(np.float32), truth.max() + 1
        model = SpectralClustering(clusters, affinity="nearest_neighbors", n_neighbors=10, random_state=0).fit(points)
        print("spectral, %s: ARI %.4f" % (name, adjusted_rand_score(truth, model.labels_)))
        save("spectral_%s_points" % name, points, np.float32)
        save("spectral_%s_truth" % name, truth, np.int32)
        save("spectral_%s_labels" % name, model.labels_, np.int32)
    graph = kneighbors_graph(cases["blobs"][0].astype(np.float32), 6, include_self=False).toarray()
    save("spectral_blobs_graph", graph + graph.T, np.uint8)


def make_spherical():
    """scikit-learn has none: the definition itself, in double precision, from given centres."""
    random = np.random.RandomState(6)
    points = clouds(random, 400, 9, 6, 1.5) * (0.1 + 5 * random.rand(400, 1)).astype(np.float32)
    unit = points / np.linalg.norm(points.astype(np.float64), axis=1, keepdims=True)
    centres = starts = unit[random.permutation(400)[:6]].astype(np.float32).astype(np.float64)
    labels = None
    while True:
        similarities = unit @ centres.T
        if labels is not None and (labels == similarities.argmax(axis=1)).all():
            break
        labels = similarities.argmax(axis=1)
        centres = np.stack([unit[labels == k].sum(axis=0) for k in range(6)])
        centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    save("spherical_points", points, np.float32)
    save("spherical_starts", starts, np.float32)
    save("spherical_labels", labels, np.int32)
    save("spherical_centres", centres, np.float32)
    save("spherical_similarity", [similarities.max(axis=1).mean()], np.float64)


def make_silhouette():
    from sklearn.metrics import silhouette_score

    random = np.random.RandomState(7)
    points = clouds(random, 240, 6, 4, 1.5)
    labels = np.argmin(((points[:, None] - points[None, [5, 90, 150, 230]]) ** 2).sum(axis=2), axis=1)
    labels[17] = 6  # alone in its cluster; cluster 5 has no point
    labels[labels == 2] = 4
    points[31] = points[32]  # equal points
    save("silhouette_points", points, np.float32)
    save("silhouette_labels", labels, np.int32)
    save("silhouette_mean", [silhouette_score(points.astype(np.float64), labels)], np.float64)


def make_nmf_transform():
    """The best shares of other rows for the parts of make_nmf: SciPy's non-negative least squares, row by row."""
    from scipy.optimize import nnls

    random = np.random.RandomState(8)
    parts = np.load(os.path.join(FOLDER, "nmf_parts.npy"))
    points = (random.rand(40, 5) ** 2 @ parts.T + 0.05 * random.rand(40, parts.shape[0])).astype(np.float32)
    points[3] = 0
    save("nmf_other_points", points, np.float32)
    save("nmf_other_shares", [nnls(parts, row.astype(np.float64))[0] for row in points], np.float64)


SUBJECTS = [make_pca, make_gmm, make_nmf, make_nmf_transform, make_agglomerative, make_spectral, make_spherical,
            make_silhouette]

if __name__ == "__main__":
    os.makedirs(FOLDER, exist_ok=True)
    for make in SUBJECTS:
        if len(sys.argv) == 1 or make.__name__[len("make_"):] in sys.argv[1:]:
            make()
