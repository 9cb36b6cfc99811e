"""Draws docs/img/attention.png: of every cluster of a finished run the first pictures with attention maps in its report, each
beside its map, in the report's order.

    spica cluster DATA -k 10 --budget 2h -o RUN
    python3 docs/img/make_attention.py RUN [PICTURES]

PICTURES: of a cluster, 2 unless told. Needs Pillow."""
import base64
import io
import os
import re
import sys

from PIL import Image

ZOOM, GAP, PAIRS_ACROSS = 3, 8, 4


def pairs_of(page, most):
    """Pictures and their maps, (picture, map) of each in the page's order."""
    for part in page.split("<h4>Where the cluster shows in them")[1:]:
        tiles = part[:part.index("</ul>")]
        images = [Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")
                  for data in re.findall(r'src="data:image/webp;base64,([^"]+)"', tiles)[:2 * most]]
        yield from zip(images[::2], images[1::2])


def main(run, most="2"):
    with open(os.path.join(run, "report.html"), encoding="utf-8") as file:
        pairs = list(pairs_of(file.read(), int(most)))
    width, height = (side * ZOOM for side in pairs[0][0].size)
    across, down = 2 * width + GAP, height + GAP
    lines = (len(pairs) + PAIRS_ACROSS - 1) // PAIRS_ACROSS
    sheet = Image.new("RGB", (PAIRS_ACROSS * across + GAP, lines * down + GAP), "white")
    for i, pair in enumerate(pairs):
        for j, image in enumerate(pair):
            place = (GAP + i % PAIRS_ACROSS * across + j * width, GAP + i // PAIRS_ACROSS * down)
            sheet.paste(image.resize((width, height), Image.Resampling.BICUBIC), place)
    sheet.save(os.path.join(os.path.dirname(os.path.abspath(__file__)), "attention.png"), optimize=True)


main(*sys.argv[1:])
