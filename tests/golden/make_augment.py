#!/usr/bin/python3
"""Golden values of tests/augment: every operation at given parameters, by Pillow and torchvision.

Run with Debian's python3-torchvision (0.14) and python3-pil (9.4): /usr/bin/python3 tests/golden/make_augment.py
Every operation's file holds its results for all pictures times all parameters, in this order, as one row of bytes
(height x width x channels each). The parameters stand beside it in NAME_parameters.npy.
"""
import os

import numpy as np
import torch
import torchvision.transforms.functional as F
from PIL import Image, ImageFilter

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "augment")
FILL = (10, 20, 30)


def smooth(height, width, channels, phase):
    """Waves of another direction in each channel, with values from 0 to 255."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    planes = [127.5 + 127.5 * np.sin(0.37 * x * (c + 1) / 2 + 0.23 * y * (3 - c) + phase + c) for c in range(channels)]
    return np.stack(planes, axis=2).round().astype(np.uint8)


def pictures():
    random = np.random.RandomState(7)
    noise = lambda *shape: random.randint(0, 256, shape).astype(np.uint8)
    dark = (noise(20, 20, 1) // 4 + 30).astype(np.uint8)  # equalise with a step of one pixel
    flat = np.full((6, 4, 3), (200, 200, 90), np.uint8)
    return [noise(5, 7, 1), noise(5, 7, 3), noise(32, 32, 3), smooth(28, 28, 1, 0.0), smooth(24, 20, 3, 1.0), dark,
            noise(1, 1, 3), noise(3, 2, 3), flat]


def to_pillow(picture):
    return Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture)


def to_bytes(image):
    return np.asarray(image, np.uint8).reshape(-1)


def save(name, array):
    np.save(os.path.join(FOLDER, name + ".npy"), array)


def sweep(name, operation, parameters, shown):
    """operation(Pillow picture, parameter) for every picture and parameter."""
    save(name, np.concatenate([to_bytes(operation(to_pillow(p), v)) for p in shown for v in parameters]))
    save(name + "_parameters", np.asarray(parameters, np.float32))


def fill_of(image):
    return FILL if image.mode == "RGB" else FILL[0]


def affine(image, matrix):
    return image.transform(image.size, Image.AFFINE, matrix, fillcolor=fill_of(image))


def grey(image, _):
    return F.to_grayscale(image, 3) if image.mode == "RGB" else image


def values(shown):
    factors = [np.float32(v).item() for v in (0.0, 0.05, 0.63, 1.0, 1.37)]
    sweep("brightness", F.adjust_brightness, factors, shown)
    sweep("contrast", F.adjust_contrast, factors, shown)
    sweep("saturation", F.adjust_saturation, factors, shown)
    sweep("sharpness", F.adjust_sharpness, factors, shown)
    sweep("hue", F.adjust_hue, [np.float32(v).item() for v in (-0.5, -0.1, -0.003, 0.0, 0.04, 0.25, 0.5)], shown)
    sweep("grey", grey, [0], shown)
    sweep("auto_contrast", lambda image, _: F.autocontrast(image), [0], shown)
    sweep("equalise", lambda image, _: F.equalize(image), [0], shown)
    sweep("solarise", F.solarize, [0.0, 1.5, 127.25, 128.0, 256.0], shown)
    sweep("posterise", lambda image, bits: F.posterize(image, int(bits)), [1, 4, 7, 8], shown)
    sweep("blur", lambda image, sigma: image.filter(ImageFilter.GaussianBlur(sigma)),
          [np.float32(v).item() for v in (0.1, 0.5, 1.0, 1.42, 2.0, 2.6, 5.0, 20.0)], shown)


def moves(shown):
    sweep("rotate", lambda image, v: image.rotate(v, fillcolor=fill_of(image)), [-30.0, -7.25, 0.0, 12.5, 45.0], shown)
    slopes = [np.float32(v).item() for v in (-0.3, -0.1, 0.05, 0.3)]
    sweep("shear_x", lambda image, v: affine(image, (1, v, 0, 0, 1, 0)), slopes, shown)
    sweep("shear_y", lambda image, v: affine(image, (1, 0, 0, v, 1, 0)), slopes, shown)
    sweep("translate_x", lambda image, v: affine(image, (1, 0, v * image.size[0], 0, 1, 0)), slopes, shown)
    sweep("translate_y", lambda image, v: affine(image, (1, 0, 0, 0, 1, v * image.size[1])), slopes, shown)
    sweep("flip", lambda image, _: F.hflip(image), [0], shown)


def resizes(shown):
    """Rows of parameters: top, left, height, width of the crop, then height and width of the result."""
    results, rows = [], []
    for i, p in enumerate(shown):
        height, width = p.shape[:2]
        for size in ((1, 1), (3, 2), (16, 16), (9, 31), (40, 33)):
            rows.append((i, 0, 0, height, width) + size)
    for box in ((3, 5, 20, 11), (31, 31, 1, 1), (0, 16, 32, 16), (2, 0, 14, 32), (1, 2, 30, 29)):
        rows.append((2,) + box + (32, 32))
    for box in ((3, 5, 20, 11), (0, 0, 14, 28), (9, 1, 13, 14)):
        rows.append((3,) + box + (28, 28))
    for i, top, left, height, width, out_height, out_width in rows:
        image = F.resized_crop(to_pillow(shown[i]), top, left, height, width, [out_height, out_width])
        results.append(to_bytes(image))
    save("resize", np.concatenate(results))
    save("resize_parameters", np.asarray(rows, np.int32))


def windows(shown):
    """Rows of parameters: picture, padding, top, left (of the padded picture), height, width, reflect."""
    results, rows = [], []
    for i, p in enumerate(shown):
        height, width = p.shape[:2]
        for padding, top, left in ((1, 0, 2), (4, 3, 0), (4, 8, 8)):
            for reflect in (0, 1):
                padded = np.pad(p, ((padding, padding), (padding, padding), (0, 0)),
                                **({"mode": "reflect"} if reflect else {"mode": "constant"}))
                rows.append((i, padding, top, left, height, width, reflect))
                results.append(to_bytes(padded[top:top + height, left:left + width]))
    save("window", np.concatenate(results))
    save("window_parameters", np.asarray(rows, np.int32))


def floats(shown):
    """ToTensor and Normalize, and PICA's Sobel input, of pictures 2 and 3."""
    mean, deviation = [0.49, 0.48, 0.45], [0.25, 0.24, 0.26]
    kernel = torch.tensor([[[1, 0, -1], [2, 0, -2], [1, 0, -1]], [[1, 2, 1], [0, 0, 0], [-1, -2, -1]]]).float()
    for i in (2, 3):
        channels = shown[i].shape[2]
        x = F.normalize(F.to_tensor(to_pillow(shown[i])), mean[:channels], deviation[:channels])
        sobel = torch.nn.functional.conv2d(x.mean(0, keepdim=True)[None], kernel[:, None], padding=1)[0]
        save("normalised_%d" % i, x.permute(1, 2, 0).contiguous().numpy())
        save("sobel_%d" % i, sobel.permute(1, 2, 0).contiguous().numpy())


def views(shown):
    """Whole moco views: crop, jitter in some order, grey, blur, flip, as torchvision's pipeline applies them.
    Rows of parameters: picture, box, size, jitter, order (4), factors (4), grey, blur, sigma, flip."""
    random = np.random.RandomState(11)
    results, rows = [], []
    steps = [F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue]
    for n in range(12):
        i = (2, 4, 3)[n % 3]
        height, width = shown[i].shape[:2]
        h, w = random.randint(8, height + 1), random.randint(8, width + 1)
        box = (random.randint(0, height - h + 1), random.randint(0, width - w + 1), h, w)
        size = (32, 28, 17)[n % 3]
        jitter, order = int(n % 4 != 3), random.permutation(4)
        factors = np.append(random.uniform(0.6, 1.4, 3), random.uniform(-0.1, 0.1)).astype(np.float32)
        make_grey, blur, flip = int(n % 5 == 0), int(n % 2), int(n % 3 == 1)
        sigma = np.float32(random.uniform(0.1, 2.0))
        image = F.resized_crop(to_pillow(shown[i]), *box, [size, size])
        for step in order if jitter else []:
            image = steps[step](image, float(factors[step]))
        image = grey(image, 0) if make_grey else image
        image = image.filter(ImageFilter.GaussianBlur(float(sigma))) if blur else image
        image = F.hflip(image) if flip else image
        results.append(to_bytes(image))
        rows.append([i, *box, size, jitter, *order, *factors, make_grey, blur, sigma, flip])
    save("view", np.concatenate(results))
    save("view_parameters", np.asarray(rows, np.float32))


def main():
    os.makedirs(FOLDER, exist_ok=True)
    shown = pictures()
    for i, p in enumerate(shown):
        save("picture_%d" % i, p)
    values(shown)
    moves(shown)
    resizes(shown)
    windows(shown)
    floats(shown)
    views(shown)


if __name__ == "__main__":
    main()
