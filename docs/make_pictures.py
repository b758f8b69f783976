"""Make the pictures of README.md again: `python docs/make_pictures.py [--steps 80]`."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from keras_apps import images, style
from keras_apps.demo.report import boxed
from keras_apps.demo.run import group_picture, recognise

HERE = Path(__file__).resolve().parent
PAIRS = (("astronaut", "vortices"), ("cat", "stained-glass"), ("hopper", "mosaic"))


def beside(pictures: list[np.ndarray], height: int) -> Image.Image:
    """Put uint8 pictures of any size beside each other at one height, with a white gap."""
    row = []
    for picture in pictures:
        image = Image.fromarray(picture)
        row.append(np.asarray(image.resize((round(image.width * height / image.height), height), Image.LANCZOS)))
        row.append(np.full((height, 8, 3), 255, np.uint8))
    return Image.fromarray(np.concatenate(row[:-1], axis=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=80)
    parser.add_argument("--size", type=int, default=384)
    options = parser.parse_args()
    faces = recognise(HERE / "readme.db", say=print)
    (HERE / "readme.db").unlink()
    chips = [chip for row in faces["enrolled"] for chip in row["chips"]]
    group = boxed(group_picture(), faces["probes"][2]["answers"])
    beside([*chips, group], 260).save(HERE / "faces.jpg", quality=88)
    rows = []
    for content, painting in PAIRS:
        recipe = style.Recipe(backbone="vgg16", size=options.size, steps=options.steps)
        result = style.transfer(f"bundled:{content}", f"bundled:{painting}", recipe)
        shown = [images.to_uint8(images.load_image(f"bundled:{name}")) for name in (content, painting)]
        rows.append(beside([*shown, images.to_uint8(result.image)], 260))
        print(f"{content} in the style of {painting}: {result.seconds:.0f} s")
    width = max(row.width for row in rows)
    sheet = Image.new("RGB", (width, sum(row.height + 8 for row in rows) - 8), "white")
    for index, row in enumerate(rows):
        sheet.paste(row, (0, index * (row.height + 8)))
    sheet.save(HERE / "style.jpg", quality=88)


if __name__ == "__main__":
    main()
