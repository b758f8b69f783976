"""Paint the eight pairs of docs/style_pairs.jpg again: `python docs/make_style_pairs.py FOLDER`.

Each picture is kept in FOLDER as PNG, with its recipe inside; one that is there is not painted again. The three best
make docs/style.jpg, README's.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from make_pictures import beside
from PIL import Image, ImageDraw, ImageFont

from keras_apps import images, style
from keras_apps.style.recipes import files

HERE = Path(__file__).resolve().parent
HEIGHT, GAP, CAPTION = 210, 6, 22
PAIRS = (
    ("astronaut", "vortices", {}),
    ("cat", "stained-glass", {}),
    ("coffee", "mosaic", {}),
    ("rocket", "vortices", {}),
    ("cat", "woodcut-wave", {}),
    ("coffee", "vortices", {"style_weight": 20.0}),
    ("cat", "pointillism", {"style_weight": 5.0}),
    ("hopper", "mosaic", {"color": "luminance"}),
)
BEST = (0, 1, 2)


def paint(content: str, painting: str, changes: dict, size: int, folder: Path) -> np.ndarray:
    """Paint a pair, unless the folder has it, and return it as uint8."""
    said = "-".join([content, painting, str(size), *(f"{name}={value}" for name, value in changes.items())])
    file = folder / f"{said}.png"
    if not file.exists():
        recipe = style.Recipe(backbone="vgg16", size=size, steps=80, **changes)
        result = style.transfer(f"bundled:{content}", f"bundled:{painting}", recipe)
        names = {"content": [f"bundled:{content}"], "style": [f"bundled:{painting}"]}
        described = {role: [files.describe_picture(name) for name in of] for role, of in names.items()}
        text = {files.KEYWORD: files.recipe_text(result.recipe, described)}
        images.save_image(result.image, file, text=text)
        print(f"{file.name}: {result.seconds:.0f} s, cost {result.history[-1]['cost']:.3g}", flush=True)
    return images.to_uint8(images.load_image(file))


def stacked(rows: list[Image.Image], captions: list[str], columns: int) -> Image.Image:
    """Put rows of pictures below each other, in columns, each over its caption."""
    width, line = max(row.width for row in rows), HEIGHT + (CAPTION if captions else 0) + GAP
    sheet = Image.new("RGB", (columns * (width + 3 * GAP) - 3 * GAP, -(-len(rows) // columns) * line - GAP), "white")
    for number, row in enumerate(rows):
        left, top = number % columns * (width + 3 * GAP), number // columns * line
        sheet.paste(row, (left, top))
        if captions:
            font = ImageFont.load_default(14)
            ImageDraw.Draw(sheet).text((left, top + HEIGHT + 2), captions[number], fill="black", font=font)
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=384)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    rows, captions = [], []
    for content, painting, changes in PAIRS:
        painted = paint(content, painting, changes, options.size, options.folder)
        shown = [images.to_uint8(images.load_image(f"bundled:{name}")) for name in (content, painting)]
        rows.append(beside([*shown, painted], HEIGHT))
        said = ", ".join(f"{name}={value}" for name, value in changes.items()) or "the default recipe"
        captions.append(f"{content} in the style of {painting}: {said}")
    stacked(rows, captions, 2).save(HERE / "style_pairs.jpg", quality=85)
    stacked([rows[number] for number in BEST], [], 1).save(HERE / "style.jpg", quality=88)


if __name__ == "__main__":
    main()
