"""Draws docs/img/clusters.png: of every cluster of a finished run on Fashion-MNIST the surest pictures, and at the end
the least sure ones.

    spica cluster /usr/share/datasets/fashion-mnist -k 10 --budget 30m -o RUN
    python3 docs/img/make_clusters.py RUN /usr/share/datasets/fashion-mnist

Needs NumPy and Pillow."""
import csv
import gzip
import os
import sys

import numpy as np
from PIL import Image

SIDE, GAP, SURE, UNSURE, MARGIN = 28, 2, 20, 5, 12


def pictures(path):
    with gzip.open(path) as file:
        data = file.read()
    return np.frombuffer(data, np.uint8, offset=16).reshape(-1, SIDE, SIDE)


def main(run, data):
    files = {}
    members = {}
    with open(os.path.join(run, "clusters.csv"), newline="") as file:
        for row in csv.DictReader(file):
            members.setdefault(int(row["cluster"]), []).append((float(row["confidence"]), row["path"]))
    step = SIDE + GAP
    width = (SURE + UNSURE) * step + MARGIN + GAP
    sheet = Image.new("L", (width, len(members) * step + GAP), 255)
    for line, cluster in enumerate(sorted(members)):
        rows = sorted(members[cluster], key=lambda row: -row[0])
        # Every n-th of the surest third: the very surest are copies of each other.
        third = max(len(rows) // 3, SURE)
        chosen = [rows[i * third // SURE] for i in range(SURE)] + rows[-UNSURE:]
        for column, (_, path) in enumerate(chosen):
            name, number = path.rsplit("#", 1)
            if name not in files:
                files[name] = pictures(os.path.join(data, name))
            x = GAP + column * step + (MARGIN if column >= SURE else 0)
            sheet.paste(Image.fromarray(255 - files[name][int(number)]), (x, GAP + line * step))
    sheet.save(os.path.join(os.path.dirname(os.path.abspath(__file__)), "clusters.png"), optimize=True)


main(*sys.argv[1:])
