#!/usr/bin/python3
"""Golden values of tests/cluster/test_linear_classifier.c: scikit-learn's LogisticRegression.

    /usr/bin/python3 tests/golden/make_linear.py              writes tests/golden/cluster/linear_*.npy
"""
import os

import numpy as np
from sklearn.linear_model import LogisticRegression

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cluster")

random = np.random.RandomState(5)
ROWS, DIM, CLASSES, DECAY = 300, 6, 4, 0.01
labels = random.randint(0, CLASSES, ROWS)
features = (0.5 * random.randn(CLASSES, DIM)[labels] + random.randn(ROWS, DIM)).astype(np.float32)
model = LogisticRegression(C=1 / (DECAY * ROWS), tol=1e-10, max_iter=10000)
model.fit(features.astype(np.float64), labels)
np.save(f"{FOLDER}/linear_features.npy", features)
np.save(f"{FOLDER}/linear_labels.npy", labels.astype(np.int32))
np.save(f"{FOLDER}/linear_weights.npy", np.c_[model.coef_, model.intercept_].astype(np.float32))
np.save(f"{FOLDER}/linear_predicted.npy", model.predict(features).astype(np.int32))
print("accuracy", model.score(features, labels), "iterations", model.n_iter_)
