#!/usr/bin/python3
"""spica's t-SNE and scikit-learn's, alternating in one run: seconds, and how much of each neighbourhood is kept.

    bench_tsne.py PROGRAM [--points EMBEDDINGS.npy] [--count 10000] [--rounds 3] [--threads 2] [--iterations 1000]

PROGRAM is the built tsne_speed (-DSPICA_BENCH=ON). Without --points: clouds of 10 classes in 512 dimensions, normalised
as embeddings are. Both sides get the same points of full dimension; spica's 50 principal components are part of its
time, and scikit-learn's are of its own (`sklearn+pca`), beside scikit-learn as it comes. The settings are equal:
perplexity 30, theta 0.5, 250 of the iterations exaggerated 12 times, start from the principal components.
Trustworthiness (k = 12) is of the full points, over all of them. Needs Debian's python3-sklearn.
"""
import argparse
import os
import subprocess
import tempfile
import time

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness


def clouds(count):
    random = np.random.RandomState(0)
    centres = random.randn(10, 512)
    # A few strong directions and many weak ones, as features have.
    basis = random.randn(512, 512) * (1 / (1 + np.arange(512) / 20))[:, None]
    points = centres[np.arange(count) % 10] + random.randn(count, 512) @ basis * 0.3
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def load(path, count):
    points = np.load(path)
    chosen = np.sort(np.random.RandomState(0).permutation(len(points))[:count])
    return np.ascontiguousarray(points[chosen], np.float32)


def run_spica(options, points, folder):
    source, target = os.path.join(folder, "points.npy"), os.path.join(folder, "map.npy")
    np.save(source, points)
    words = [options.program, source, target, str(options.threads), str(options.iterations)]
    answer = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    return float(answer[0]), float(answer[1]), np.load(target)


def run_sklearn(options, points, components):
    start = time.perf_counter()
    if components:
        points = PCA(components, random_state=0).fit_transform(points)
    tsne = TSNE(init="pca", learning_rate="auto", n_iter=options.iterations, n_jobs=options.threads, random_state=0)
    found = tsne.fit_transform(points)
    return time.perf_counter() - start, tsne.kl_divergence_, found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--points")
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--iterations", type=int, default=1000)
    options = parser.parse_args()
    points = load(options.points, options.count) if options.points else clouds(options.count)
    runs = {
        "spica": lambda folder: run_spica(options, points, folder),
        "sklearn+pca": lambda _: run_sklearn(options, points, min(50, *points.shape)),
        "sklearn": lambda _: run_sklearn(options, points, 0),
    }
    seconds = {name: [] for name in runs}
    last = {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.rounds):
            for name, run in runs.items():
                elapsed, divergence, found = run(folder)
                seconds[name].append(elapsed)
                last[name] = divergence, found
    print(f"{len(points)} x {points.shape[1]}, {options.threads} threads")
    print("| program | seconds | times spica's | by round | divergence | trustworthiness |\n|---|---|---|---|---|---|")
    for name, times in seconds.items():
        divergence, found = last[name]
        trust = trustworthiness(points, found, n_neighbors=12)
        ratio = np.median(np.array(times) / np.array(seconds["spica"]))
        rounds = ", ".join(f"{one:.1f}" for one in times)
        print(f"| {name} | {np.median(times):.1f} | {ratio:.2f} | {rounds} | {divergence:.4f} | {trust:.4f} |", flush=True)


if __name__ == "__main__":
    main()
