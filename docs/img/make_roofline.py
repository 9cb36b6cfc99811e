#!/usr/bin/python3
"""Draws docs/img/roofline.svg: every convolution of resnet18 (widths 16 and 64), and what stands between them, beside what
one thread can do at most.

    python3 docs/img/make_roofline.py SPICA

SPICA is the built program; its benchmarks run with one thread, some minutes. Operations are those of direct convolution,
so that Winograd's may stand above the roof; bytes are each input, output and weight once. A convolution's call works on
256 tiles of 4x4, as the slices of a plan do: most of it is in the caches, so that the memory's slope does not bind it. What
stands between works on 134 MB a tensor."""
import json
import math
import os
import subprocess
import sys

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 860, 520, 70, 40, 20, 60
X_RANGE, Y_RANGE = (0.1, 1000.0), (0.5, 600.0)
TILES = 256  # 4x4 tiles of a call, as spica bench has them
COLOURS = {"forward": "#1b7837", "data": "#2166ac", "weights": "#b2182b", "between": "#7f7f7f"}
WORDS = {"forward": "convolution, forward", "data": "backward by data", "weights": "backward by weights",
         "between": "batch norm with activation, its statistics, both backward"}
# Operations and bytes of a float, and the limit that spica bench holds it against.
BETWEEN = {"combine": (3, 8, "limit.memory"), "statistics": (4, 4, "limit.memory.read"),
           "combine-backward": (7, 8, "limit.memory.read"), "norm-gradient": (8, 12, "limit.memory")}


def bench(program):
    names = ["limit.*", "conv.*", *(f"{name}.*" for name in BETWEEN)]
    told = subprocess.run([program, "bench", *names, "--threads", "1", "--json", "--quiet"], check=True,
                          capture_output=True, text=True).stdout
    return {row["name"]: row["value"] for row in json.loads(told)}


def conv_intensity(channels, out_channels, side, kernel, stride):
    """Operations a byte of a call. A 1x1 window of stride 2 reads a quarter of its input."""
    tiles = math.ceil(side / 4) ** 2
    pictures = math.ceil(TILES / tiles)
    out = math.ceil(side / stride)
    read = min(side, out * kernel)
    inputs, outputs = pictures * read * read * channels, pictures * out * out * out_channels
    weights = kernel * kernel * channels * out_channels
    operations = 2 * outputs * kernel * kernel * channels
    return operations / (4 * (inputs + outputs + weights))


def points(rates):
    """(kind, operations a byte, GFLOP/s) of every benchmark."""
    flops = rates["limit.fma.one-thread"]
    for name, value in rates.items():
        parts = name.split(".")
        if parts[0] == "conv":
            channels = map(int, parts[1].split("-"))
            kernel, stride = parts[3].split("/")
            intensity = conv_intensity(*channels, int(parts[2].split("x")[0]), int(kernel[0]), int(stride))
            yield parts[4], intensity, value / 100 * flops
        elif parts[0] in BETWEEN:
            operations, bytes_, limit = BETWEEN[parts[0]]
            yield "between", operations / bytes_, value / 100 * rates[limit] * operations / bytes_


def place(value, bounds, start, end):
    low, high = map(math.log10, bounds)
    return start + (math.log10(value) - low) / (high - low) * (end - start)


def x_of(intensity):
    return place(intensity, X_RANGE, LEFT, WIDTH - RIGHT)


def y_of(rate):
    return place(rate, Y_RANGE, HEIGHT - BOTTOM, TOP)


def axes():
    yield f'<path d="M{LEFT},{TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}" fill="none" stroke="#333"/>'
    for value in (0.1, 1, 10, 100, 1000):
        x = x_of(value)
        yield f'<path d="M{x:.1f},{HEIGHT - BOTTOM}v5" stroke="#333"/>'
        yield f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{value:g}</text>'
    for value in (1, 10, 100):
        y = y_of(value)
        yield f'<path d="M{LEFT},{y:.1f}h-5" stroke="#333"/><path d="M{LEFT},{y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 9}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text x="{middle}" y="{HEIGHT - 15}" text-anchor="middle">operations a byte</text>'
    yield (f'<text transform="translate(20 {HEIGHT / 2}) rotate(-90)" text-anchor="middle">'
           'GFLOP/s, one thread, counted as direct</text>')


def roof(flops, bytes_):
    ridge = flops / bytes_
    left = max(X_RANGE[0], Y_RANGE[0] / bytes_)
    yield (f'<path d="M{x_of(left):.1f},{y_of(left * bytes_):.1f}L{x_of(ridge):.1f},{y_of(flops):.1f}H{WIDTH - RIGHT}" '
           'fill="none" stroke="#333" stroke-width="2"/>')
    yield f'<text x="{WIDTH - RIGHT}" y="{y_of(flops) + 17:.1f}" text-anchor="end">FMA: {flops:.0f} GFLOP/s</text>'
    x = math.sqrt(left * ridge)
    yield f'<text x="{x_of(x) + 12:.1f}" y="{y_of(x * bytes_) + 14:.1f}">memory: {bytes_:.1f} GB/s</text>'


def legend():
    for line, (kind, colour) in enumerate(COLOURS.items()):
        y = HEIGHT - BOTTOM - 90 + 20 * line
        yield f'<circle cx="{WIDTH - 430}" cy="{y}" r="4" fill="{colour}"/>'
        yield f'<text x="{WIDTH - 418}" y="{y + 4}">{WORDS[kind]}</text>'


def main(program):
    rates = bench(program)
    shapes = [*axes(), *roof(rates["limit.fma.one-thread"], rates["limit.memory"]), *legend()]
    for kind, intensity, rate in points(rates):
        shapes.append(f'<circle cx="{x_of(intensity):.1f}" cy="{y_of(rate):.1f}" r="4" fill="{COLOURS[kind]}" '
                      'fill-opacity="0.75"/>')
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "roofline.svg")
    with open(path, "w") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
                   'font-size="13" role="img"><title>Convolutions of resnet18 beside the limits of one thread</title>\n'
                   f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n')
        file.write("\n".join(shapes) + "\n</svg>\n")


if __name__ == "__main__":
    main(sys.argv[1])
