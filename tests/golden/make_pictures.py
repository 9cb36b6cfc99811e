"""Small pictures in every format that is read, and what Pillow makes of them: tests/golden/pictures.

    /usr/bin/python3 tests/golden/make_pictures.py

Needs Pillow and NumPy, and heif-enc (Debian's libheif-examples) for HEIC and AVIF. The .npy files are RGB, height x width
x 3, transparent pixels over white, turned as EXIF says.
"""
import os
import subprocess

import numpy as np
from PIL import Image, ImageOps

folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pictures")
os.makedirs(folder, exist_ok=True)
height, width = 14, 20
y, x = np.mgrid[0:height, 0:width]
pixels = np.stack([x * 12, y * 17, 255 - 6 * (x + y)], axis=2).clip(0, 255).astype(np.uint8)
pixels[3:6, 4:9] = [200, 30, 60]
rgb = Image.fromarray(pixels)
grey = rgb.convert("L")
palette = rgb.convert("P", palette=Image.Palette.ADAPTIVE, colors=16)
alpha = rgb.copy()
alpha.putalpha(Image.fromarray(((x * 13) % 256).astype(np.uint8)))
wide = Image.fromarray((np.asarray(grey).astype(np.uint16) << 8) + 77)


def over_white(image):
    canvas = Image.new("RGBA", image.size, (255, 255, 255, 255))
    canvas.alpha_composite(image)
    return canvas.convert("RGB")


def keep(name, image, **options):
    path = os.path.join(folder, name)
    image.save(path, **options)
    return path


def expect(name, image=None):
    if image is None:
        image = ImageOps.exif_transpose(Image.open(os.path.join(folder, name)))
        image = over_white(image) if image.mode == "RGBA" else image.convert("RGB")
    np.save(os.path.join(folder, name + ".npy"), np.asarray(image))


for name, image in [("rgb.png", rgb), ("grey.png", grey), ("palette.png", palette), ("alpha.png", alpha),
                    ("rgb.tif", rgb), ("grey.tif", grey), ("rgb.bmp", rgb), ("grey.bmp", grey), ("palette.bmp", palette),
                    ("bits.bmp", rgb.convert("1"))]:
    keep(name, image)
    expect(name)
keep("deflate.tif", rgb, compression="tiff_deflate")
expect("deflate.tif")
keep("lossless.webp", rgb, lossless=True)
expect("lossless.webp")
keep("interlaced.gif", palette, interlace=True)
expect("interlaced.gif")
# The second picture of the film must not show.
keep("film.gif", palette, save_all=True, append_images=[Image.new("P", (width, height), 3)], duration=100)
expect("film.gif", palette.convert("RGB"))
keep("wide.png", wide)
expect("wide.png", grey.convert("RGB"))
keep("photo.jpg", rgb, quality=95, subsampling=0)
expect("photo.jpg")
keep("progressive.jpg", rgb, quality=95, progressive=True)
expect("progressive.jpg")
keep("grey.jpg", grey, quality=95)
expect("grey.jpg")
keep("cmyk.jpg", rgb.convert("CMYK"), quality=95)
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    keep(f"turned{orientation}.jpg", rgb, quality=95, subsampling=0, exif=exif)
    expect(f"turned{orientation}.jpg")

large = rgb.resize((width * 16, height * 16), Image.Resampling.BICUBIC)
keep("large.jpg", large, quality=90)
keep("large-progressive.jpg", large, quality=90, progressive=True)
keep("large-odd.jpg", large.resize((width * 16 + 3, height * 16 + 5), Image.Resampling.BICUBIC), quality=90)
keep("large-grey.jpg", large.convert("L"), quality=90)
exif = Image.Exif()
exif[0x0112] = 3
keep("large-turned.jpg", large.rotate(180), quality=90, exif=exif)
keep("large.png", large)
for name, encoder in [("picture.heic", []), ("picture.avif", ["-A"])]:
    subprocess.run(["heif-enc", "-q", "90", *encoder, "-o", os.path.join(folder, name),
                    os.path.join(folder, "large.png")], check=True, stdout=subprocess.DEVNULL)
os.remove(os.path.join(folder, "large.png"))
