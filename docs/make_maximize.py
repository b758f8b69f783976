"""Make the pictures of docs/visualize.md again: `python docs/make_maximize.py [--quick]`, a few minutes on two cores.

maximize.jpg: what excites units of AlexNet and VGG16, and what the face tower takes for two people; occlusion.jpg:
which part of a face decides. Only the package's own pictures are used, and people drawn by code.
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
PEOPLE = ("astronaut", "hopper")


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
    """Return the people's crops, each beside three pictures that the tower takes for the same person."""
    how = {"measure": "distance", "value_range": (0, 255), "variation_weight": 1.0, "diverse": 3, "steps": steps}
    row = []
    for name, chip in chips.items():
        encoding = faces.encode(tower, [chip], aligned=True)[0]
        found = visualize.maximize(tower, tower.layers[-1].name, encoding, **how)
        distances = -found.after
        row += [(name, chip / 255)]
        row += [(f"distance {d:.2g}", image) for d, image in zip(distances, found.images, strict=True)]
        print(f"{name}: squared distances {-found.before} to {distances}", flush=True)
    return row


def occlusions(chips: dict) -> np.ndarray:
    """Return three drawings, one below the other: the same person, another one, and a person drawn by code."""
    tower, small = faces.load_tower(), faces.load_tower("synthetic64")
    drawn, _ = faces.synthetic_people(1, 2, first_person=5000)
    verified = [
        (tower, "astronaut", chips["astronaut"], "her mirror image", chips["astronaut"][:, ::-1]),
        (tower, "hopper", chips["hopper"], "the astronaut", chips["astronaut"]),
        (small, "drawn", drawn[0], "the same person drawn again", drawn[1]),
    ]
    drawings = []
    for network, probe, picture, enrolled, other in verified:
        score = visualize.distance_to(network, faces.encode(network, [other], aligned=True)[0])
        found = visualize.occlusion_map(score, picture)
        title = f"{probe}, enrolled: {enrolled}"
        drawings.append(visualize.draw_occlusion(picture, found, score="squared distance", title=title, side=2.4))
        low, high = found.changes.min(), found.changes.max()
        print(f"{title}: {found.whole:.3g}, changes {low:+.3f} to {high:+.3f}", flush=True)
    return np.concatenate(drawings)


def main() -> None:
    steps = 8 if "--quick" in sys.argv[1:] else 96
    chips = {name: faces.find_faces(f"bundled:{name}")[0].image for name in PEOPLE}
    Image.fromarray(images.to_uint8(occlusions(chips))).save(HERE / "occlusion.jpg", quality=85)
    blocks = units(steps)
    heading = "what resnet128 takes for the same person (accepted up to a squared distance of 0.29)"
    blocks[heading] = identities(faces.load_tower(), chips, steps)
    sheet = visualize.labelled_sheet(blocks, cell=112, columns=8)
    Image.fromarray(images.to_uint8(sheet)).save(HERE / "maximize.jpg", quality=76)
    print(f"sheet of {sheet.shape[1]} x {sheet.shape[0]} pixels")


if __name__ == "__main__":
    main()
