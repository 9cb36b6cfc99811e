#!/usr/bin/python3
"""Augmentation by torchvision on Pillow and by spica, one thread each, alternating in one run, so that a machine shared
with others is fair to both.

    bench_augment.py AUGMENT_SPEED [--side 32] [--channels 3] [--policy moco] [--pictures 2000] [--rounds 7]

AUGMENT_SPEED is the program built from bench/augment_speed.c. Policies: moco (MoCo v2's pipeline, blur by Pillow as in
its program), weak (flip and reflect-padded crop), none. Pictures: smooth waves with noise. Prints pictures per second
and core, and the ratio, of medians and of maxima.
"""
import argparse
import random
import statistics
import subprocess
import tempfile
import time

import numpy as np
import torch
import torchvision.transforms as T
from PIL import Image, ImageFilter


class GaussianBlur:
    def __call__(self, image):
        return image.filter(ImageFilter.GaussianBlur(radius=random.uniform(0.1, 2.0)))


def pipeline(policy, side, channels):
    steps = {
        "none": [],
        "weak": [T.RandomHorizontalFlip(), T.RandomCrop(side, padding=side // 8, padding_mode="reflect")],
        "moco": [
            T.RandomResizedCrop(side, scale=(0.2, 1.0)),
            T.RandomApply([T.ColorJitter(0.4, 0.4, 0.4, 0.1)], p=0.8),
            T.RandomGrayscale(p=0.2),
            T.RandomApply([GaussianBlur()], p=0.5),
            T.RandomHorizontalFlip(),
        ],
    }[policy]
    return T.Compose(steps + [T.ToTensor(), T.Normalize([0.5] * channels, [0.5] * channels)])


def make_pictures(count, side, channels):
    noise = np.random.RandomState(0).randint(0, 40, (count, side, side, channels))
    number, y, x, c = np.indices(noise.shape)
    waves = 100 + 100 * np.sin(x * (0.1 + 0.01 * (number % 30)) + 0.17 * y * (c + 1) + number)
    return (waves + noise).clip(0, 255).astype(np.uint8)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--side", type=int, default=32)
    parser.add_argument("--channels", type=int, default=3, choices=(1, 3))
    parser.add_argument("--policy", default="moco", choices=("none", "weak", "moco"))
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    pictures = make_pictures(options.pictures, options.side, options.channels)
    with tempfile.NamedTemporaryFile() as file:
        file.write(pictures.tobytes())
        file.flush()
        ours = subprocess.Popen([options.program, file.name, str(options.pictures), str(options.side),
                                 str(options.channels)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        opened = [Image.fromarray(p.squeeze()) for p in pictures[:max(1, options.pictures // 10)]]
        transform = pipeline(options.policy, options.side, options.channels)
        speeds = {"torchvision": [], "spica": []}
        for _ in range(options.rounds):
            start = time.perf_counter()
            for image in opened:
                transform(image)
            speeds["torchvision"].append(len(opened) / (time.perf_counter() - start))
            ours.stdin.write(options.policy + "\n")
            ours.stdin.flush()
            speeds["spica"].append(float(ours.stdout.readline()))
        ours.stdin.close()
        ours.wait()
    print(f"{options.policy} {options.side}x{options.side}x{options.channels}, pictures per second and core")
    for what, pick in (("median", statistics.median), ("best", max)):
        theirs, mine = pick(speeds["torchvision"]), pick(speeds["spica"])
        print(f"  {what:6}  torchvision {theirs:8.0f}  spica {mine:8.0f}  ratio {mine / theirs:.1f}")


if __name__ == "__main__":
    main()
