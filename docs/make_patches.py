"""Make the sheet of docs/visualize.md again: `python docs/make_patches.py` (needs scikit-image, for its pictures).

A few free pictures must stand for many: each is cut into squares at several scales. Photographs and paintings of the
package, textures that come with scikit-image, and people painted by code.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from keras_apps import backbones, faces, images, visualize

HERE = Path(__file__).resolve().parent
SIDE = 224
BUNDLED = ("astronaut", "cat", "coffee", "rocket", "hopper")
PAINTED = ("mosaic", "pointillism", "stained-glass", "vortices", "woodcut-wave")
TEXTURES = ("brick.png", "grass.png", "gravel.png", "hubble_deep_field.jpg")
SCALES = (1, 1.5, 2, 3)
UNITS = {  # chosen from sheets of all units, so that nine show what the layer's many do
    "conv1": (47, 14, 18, 45, 63, 49, 35, 19, 51),
    "conv2": (1, 41, 55, 20, 31, 76, 68, 0, 78),
    "conv3": (90, 59, 57, 76, 62, 88, 61, 79, 38),
    "conv4": (43, 55, 34, 17, 33, 91, 53, 9, 20),
    "conv5": (106, 118, 89, 26, 44, 7, 121, 93, 37),
}


def squares(picture: np.ndarray):
    """Cut a picture into squares that do not overlap, at several scales."""
    for scale in SCALES:
        height, width = picture.shape[:2]
        factor = SIDE * scale / min(height, width)
        if factor > 1.5:
            continue  # enlarged further, it would be blurred
        resized = images.resize(picture, (round(height * factor), round(width * factor)))
        for top in range(0, resized.shape[0] - SIDE + 1, SIDE):
            for left in range(0, resized.shape[1] - SIDE + 1, SIDE):
                yield images.to_uint8(resized[top : top + SIDE, left : left + SIDE])


def pictures():
    """Yield the squares of all pictures."""
    import skimage

    for name in (*BUNDLED, *PAINTED):
        yield from squares(images.load_image(f"bundled:{name}"))
    for name in TEXTURES:
        yield from squares(images.load_image(Path(skimage.__file__).parent / "data" / name))
    yield from faces.synthetic_people(60, 1, size=SIDE, seed=3, processes=1)[0]


def main() -> None:
    model = backbones.load("alexnet", list(UNITS))
    found = visualize.top_patches(model, UNITS, pictures(), inside=True)
    sheet = visualize.draw_patches(found, visualize.driving(model, found), cell=40)
    Image.fromarray(images.to_uint8(sheet)).save(HERE / "patches.jpg", quality=80)
    print(f"{found.count} squares, sheet of {sheet.shape[1]} x {sheet.shape[0]} pixels")


if __name__ == "__main__":
    main()
