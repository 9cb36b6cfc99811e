#!/usr/bin/python3
"""Golden values of tests/cluster/test_class_metrics.c by scikit-learn (1.2), on the label cases of make_cluster.py.

    /usr/bin/python3 tests/golden/make_classes.py              writes tests/golden/cluster/classes_*.npy

Clusters are turned into classes by SciPy's matching, which is kept: where several are best, another one gives other
figures. A cluster without a class becomes -1, which is no label.
"""
import warnings

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import balanced_accuracy_score, f1_score, precision_recall_fscore_support

from make_cluster import confusion_of, label_cases, save


def match(table, clusters):
    class_of = np.full(clusters, -1)
    rows, columns = linear_sum_assignment(table, maximize=True)
    class_of[rows] = columns
    return class_of


def figures(labels, predicted, classes):
    """[classes x 3], NaN for classes that do not occur, and the two means."""
    present = np.unique(labels)
    by_class = np.full((classes, 3), np.nan)
    if not len(labels):
        return by_class, [np.nan, np.nan]
    scores = precision_recall_fscore_support(labels, predicted, labels=present, zero_division=0)
    by_class[present] = np.transpose(scores[:3])
    return by_class, [f1_score(labels, predicted, labels=present, average="macro", zero_division=0),
                      balanced_accuracy_score(labels, predicted)]


def main():
    warnings.simplefilter("ignore")  # -1 is no label
    matches, by_class, means = [], [], []
    for predicted, labels, clusters, classes in label_cases():
        class_of = match(confusion_of(predicted, labels, clusters, classes), clusters)
        one, mean = figures(labels, class_of[predicted], classes)
        matches.append(class_of)
        by_class.append(one)
        means.append(mean)
    save("classes_matched", np.concatenate(matches), np.int64)
    save("classes_expected", np.concatenate(by_class), np.float64)
    save("classes_means", means, np.float64)


if __name__ == "__main__":
    main()
