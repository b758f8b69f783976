"""Draw docs/people.jpg, synthetic people in rows and their pictures in columns: `python docs/make_people_sheet.py`.

Options: `[--people 8] [--pictures 10] [--size 96] [--seed 0] [--first-person 16] [--out docs/people.jpg]`. The same
command gives the same sheet.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image, ImageDraw

from keras_apps.faces.people.synthetic.crowd import synthetic_people

MARGIN, HEAD, GAP = 74, 20, 2


def sheet(people: int, pictures: int, size: int, seed: int, first_person: int) -> Image.Image:
    """Return the labelled sheet: a row a person, a column a picture."""
    images, labels = synthetic_people(people, pictures, size, seed=seed, first_person=first_person)
    step = size + GAP
    page = Image.new("RGB", (MARGIN + pictures * step, HEAD + people * step), "white")
    pen = ImageDraw.Draw(page)
    for index in range(pictures):
        pen.text((MARGIN + index * step + size // 2, HEAD // 2), f"picture {index}", "black", anchor="mm")
    for place, image in enumerate(images):
        row, column = divmod(place, pictures)
        if column == 0:
            pen.text((6, HEAD + row * step + size // 2), f"person {labels[place]}", "black", anchor="lm")
        page.paste(Image.fromarray(image), (MARGIN + column * step, HEAD + row * step))
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--pictures", type=int, default=10)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first-person", type=int, default=16)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent / "people.jpg")
    options = parser.parse_args()
    page = sheet(options.people, options.pictures, options.size, options.seed, options.first_person)
    page.save(options.out, quality=85)
    print(f"{options.out}: {page.width} x {page.height}, {options.out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
