#!/usr/bin/python3
"""Draws docs/img/augmentations.png: every operation and policy on pictures of CIFAR-10 and Fashion-MNIST.

    make_augmentations.py AUGMENTATION_TILES CIFAR FASHION_MNIST

AUGMENTATION_TILES is the program built from docs/img/augmentation_tiles.c in a build folder B:
    cc -O2 -D_POSIX_C_SOURCE=200809L -Iinclude -Isrc docs/img/augmentation_tiles.c B/libspica_augment.a \\
       B/libspica_base.a -fopenmp -lm -o augmentation_tiles
CIFAR is a folder test/CLASS/NUMBER.jpg, FASHION_MNIST the folder of Debian's dataset-fashion-mnist.
"""
import glob
import gzip
import io
import os
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SCALE, GAP, LABEL = 2, 3, 172


def pick(cifar, fashion):
    chosen = [Image.open(sorted(glob.glob(os.path.join(cifar, "test", name, "*.jpg")))[i]).convert("RGB")
              for name, i in (("frog", 4), ("automobile", 12))]
    with gzip.open(os.path.join(fashion, "t10k-images-idx3-ubyte.gz")) as file:
        rows = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    return chosen + [Image.fromarray(rows[i]) for i in (4, 0)]


def read_rows(stream):
    rows = []
    while True:
        words = stream.readline().decode().split(" ", 2)
        if words[0] != "ROW":
            return rows
        tiles = []
        for _ in range(int(words[1])):
            header = stream.readline()
            kind, width, height, _ = header.decode().split()
            data = stream.read(int(width) * int(height) * (3 if kind == "P6" else 1))
            tiles.append(Image.open(io.BytesIO(header + data)).convert("RGB"))
        rows.append((words[2].strip(), tiles))


def compose(rows):
    step = 32 * SCALE + GAP
    sheet = Image.new("RGB", (LABEL + len(rows[0][1]) * step + 3 * GAP, len(rows) * step + GAP), "white")
    font = ImageFont.truetype("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", 12)
    draw = ImageDraw.Draw(sheet)
    for y, (label, tiles) in enumerate(rows):
        draw.text((GAP, y * step + 26), label, "black", font)
        for x, tile in enumerate(tiles):
            large = tile.resize((tile.width * SCALE, tile.height * SCALE), Image.NEAREST)
            sheet.paste(large, (LABEL + x * step + x // 2 * GAP, GAP + y * step))
    return sheet


def main():
    program, cifar, fashion = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for i, picture in enumerate(pick(cifar, fashion)):
            paths.append(os.path.join(folder, "%d.pnm" % i))
            picture.save(paths[-1], "PPM")
        tiles = subprocess.run([program] + paths, check=True, stdout=subprocess.PIPE).stdout
    sheet = compose(read_rows(io.BytesIO(tiles)))
    target = os.path.join(os.path.dirname(os.path.abspath(__file__)), "augmentations.png")
    sheet.point(lambda v: v & 0xFC | v >> 6).save(target, optimize=True)  # 64 levels keep the file small


if __name__ == "__main__":
    main()
