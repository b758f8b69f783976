"""Make the pictures of docs/visualize.md again: `python docs/make_maximize.py [--quick]`, a few minutes on two cores.

maximize.jpg: what excites units of AlexNet and VGG16, and what the face tower takes for four people; occlusion.jpg:
which part of a face decides. Only the package's own pictures are used.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from keras_apps import backbones, faces, images, visualize

HERE = Path(__file__).resolve().parent
UNITS = {  # those of docs/patches.jpg, to be seen beside it
    ("alexnet", "conv1"): (47, 14, 18, 45, 63, 49, 35, 19),
    ("alexnet", "conv2"): (1, 41, 55, 20, 31, 76, 68, 78),
    ("alexnet", "conv3"): (90, 59, 57, 76, 62, 88, 61, 79),
    ("alexnet", "conv4"): (43, 55, 34, 17, 33, 91, 53, 20),
    ("alexnet", "conv5"): (106, 118, 89, 26, 44, 7, 121, 93),
    ("vgg16", "block3_conv3"): (0, 1, 2, 3, 4, 5, 6, 7),
    ("vgg16", "block5_conv2"): (0, 1, 2, 3, 4, 5, 6, 7),
}
PEOPLE = ("obama", "biden", "hopper", "astronaut")
VERIFIED = (("obama", "obama2"), ("obama3", "obama"), ("hopper", "hopper"))


def units(steps: int) -> dict:
    """Return `{heading: [(label, picture)]}` of the units."""
    blocks = {}
    for (name, layer), chosen in UNITS.items():
        found = visualize.maximize(backbones.load(name, [layer]), layer, chosen, size=112, steps=steps)
        rows = zip(chosen, found.after, found.images, strict=True)
        blocks[f"{layer} of {name}"] = [(f"unit {unit}: {after:.3g}", image) for unit, after, image in rows]
        print(f"{layer} of {name}: {found.before.round(2)} to {found.after.round(2)}", flush=True)
    return blocks


def identities(tower, chips: dict, steps: int) -> list:
    """Return the people's crops, each beside the picture that the tower takes for the same person."""
    how = {"measure": "distance", "value_range": (0, 255), "variation_weight": 1.0, "steps": steps}
    row = []
    for name in PEOPLE:
        encoding = faces.encode(tower, [chips[name]], aligned=True)[0]
        found = visualize.maximize(tower, tower.layers[-1].name, encoding, **how)
        row += [(name, chips[name] / 255), (f"distance {-found.after[0]:.2g}", found.images[0])]
        print(f"{name}: squared distance {-found.before[0]:.3f} to {-found.after[0]:.3f}", flush=True)
    return row


def occlusions(tower, chips: dict) -> np.ndarray:
    """Return the drawings of `VERIFIED`, one below the other."""
    drawings = []
    for probe, enrolled in VERIFIED:
        score = visualize.distance_to(tower, faces.encode(tower, [chips[enrolled]], aligned=True)[0])
        found = visualize.occlusion_map(score, chips[probe])
        title = f"{probe} beside {enrolled}: distance {found.whole:.2g}"
        drawings.append(visualize.draw_occlusion(chips[probe], found, score="squared distance", title=title, side=2.4))
        print(f"{title}; at most {found.changes.max():+.3f}", flush=True)
    return np.concatenate(drawings)


def main() -> None:
    steps = 8 if "--quick" in sys.argv[1:] else 96
    tower = faces.load_tower()
    names = {*PEOPLE, *(name for pair in VERIFIED for name in pair)}
    chips = {name: faces.find_faces(f"bundled:{name}")[0].image for name in names}
    Image.fromarray(images.to_uint8(occlusions(tower, chips))).save(HERE / "occlusion.jpg", quality=85)
    blocks = units(steps)
    heading = "what resnet128 takes for the same person (accepted up to a squared distance of 0.29)"
    blocks[heading] = identities(tower, chips, steps)
    sheet = visualize.labelled_sheet(blocks, cell=112, columns=8)
    Image.fromarray(images.to_uint8(sheet)).save(HERE / "maximize.jpg", quality=82)
    print(f"sheet of {sheet.shape[1]} x {sheet.shape[0]} pixels")


if __name__ == "__main__":
    main()
