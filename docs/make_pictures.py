"""Make docs/faces.jpg again: `python docs/make_pictures.py`; docs/style.jpg is made by make_style_pairs.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from keras_apps.demo.report import boxed
from keras_apps.demo.run import group_picture, recognise

HERE = Path(__file__).resolve().parent


def beside(pictures: list[np.ndarray], height: int) -> Image.Image:
    """Put uint8 pictures of any size beside each other at one height, with a white gap."""
    row = []
    for picture in pictures:
        image = Image.fromarray(picture)
        row.append(np.asarray(image.resize((round(image.width * height / image.height), height), Image.LANCZOS)))
        row.append(np.full((height, 8, 3), 255, np.uint8))
    return Image.fromarray(np.concatenate(row[:-1], axis=1))


def main() -> None:
    faces = recognise(HERE / "readme.db", say=print)
    (HERE / "readme.db").unlink()
    chips = [person.chips[0] for person in faces.enrolled if person.name in ("Eileen Collins", "Grace Hopper")]
    group = boxed(group_picture(), faces.probes[2].answers)
    beside([*chips, group], 260).save(HERE / "faces.jpg", quality=88)


if __name__ == "__main__":
    main()
