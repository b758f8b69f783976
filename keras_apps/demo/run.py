"""The demo: enrol, verify and identify real people, repaint a photograph, and gather what the report shows."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_apps import images
from keras_apps._files import check_destination
from keras_apps.demo.report import write_report
from keras_apps.style.recipes.recipe import Recipe

ENROLLED = {
    "Barack Obama": ["bundled:obama2", "bundled:obama3"],
    "Eileen Collins": ["bundled:astronaut"],
    "Grace Hopper": ["bundled:hopper"],
}
CLAIMS = (  # picture, claimed name, what is to be seen
    ("bundled:obama", "Barack Obama", "a new photograph of him"),
    ("bundled:obama_partial", "Barack Obama", "his face cut off at the left"),
    ("bundled:obama_partial2", "Barack Obama", "his face cut off at the right"),
    ("bundled:obama", "Eileen Collins", "somebody else's name"),
    ("bundled:biden", "Barack Obama", "a stranger with a colleague's name"),
    ("bundled:biden", "Grace Hopper", "a stranger with a colleague's name"),
)
CONTENT, STYLE = "bundled:astronaut", "bundled:vortices"


@dataclass(frozen=True)
class DemoOptions:
    """Where the demo writes, and how long and how large it paints."""

    out: str
    steps: int
    size: int

    @property
    def recipe(self) -> Recipe:
        """The recipe of the repainting."""
        return Recipe(steps=self.steps, size=self.size)


def prepare(options: DemoOptions) -> None:
    """Check the options and make the folder, before anything slow is loaded.

    Raises:
        ValueError: If steps or size cannot be.
        OSError: If the folder cannot be made or written to.
    """
    options.recipe  # noqa: B018 - checks itself
    folder = Path(options.out)
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"expected a folder to write to, received the file '{folder}'")
    folder.mkdir(parents=True, exist_ok=True)
    check_destination(folder / "report.html")


def run(options: DemoOptions, say: Callable[[str], None] = lambda line: None) -> dict:
    """Run both applications and write `report.html` and the pictures.

    Returns:
        A summary of plain values: the report's path, every answer with distance and tau, costs and seconds.
    """
    began = time.perf_counter()
    folder = Path(options.out)
    say("1/2 faces: finding, aligning and encoding")
    faces = recognise(folder / "people.db", say)
    say(f"2/2 style: {options.steps} steps at {options.size} pixels")
    painted = repaint(options.recipe)
    images.save_image(painted["result"].image, folder / "painted.png")
    seconds = time.perf_counter() - began
    write_report(folder / "report.html", faces, painted, seconds)
    result = painted["result"]
    return {
        "report": str((folder / "report.html").resolve()),
        "seconds": seconds,
        "faces": {
            "tau": faces["threshold"].tau,
            "seconds": faces["seconds"],
            "verified": [vars(row["answer"]) for row in faces["claims"]],
            "identified": [[a.name for a in row["answers"]] for row in faces["probes"]],
        },
        "style": {
            "backbone": result.backbone,
            "steps": len(result.history),
            "cost": [result.history[0]["cost"], result.history[-1]["cost"]] if result.history else [],
            "seconds": result.seconds,
        },
    }


def recognise(path: Path, say: Callable[[str], None] = lambda line: None) -> dict:
    """Enrol three people, verify six claims, identify the faces of three pictures, one of them a group.

    Args:
        path: The gallery's file; one of an earlier run is replaced.
        say: Told each answer.

    Returns:
        `threshold`, `seconds`, `enrolled` (name and chips), `claims` and `probes` (picture and answers).
    """
    from keras_apps.faces.detection import one_face
    from keras_apps.faces.gallery.gallery import Gallery

    @functools.cache
    def chip_of(picture: str) -> np.ndarray:
        return one_face(picture).image

    began = time.perf_counter()
    path.unlink(missing_ok=True)
    gallery = Gallery(path)
    enrolled = []
    for name, pictures in ENROLLED.items():
        chips = [chip_of(picture) for picture in pictures]
        gallery.enrol(name, chips, aligned=True)
        enrolled.append({"name": name, "chips": chips})
        say(f"    enrolled {name} from {len(pictures)} picture{'s' if len(pictures) > 1 else ''}")
    claims = []
    for picture, name, what in CLAIMS:
        answer = gallery.verify(chip_of(picture), name, aligned=True)
        claims.append({"picture": picture, "what": what, "answer": answer, "chip": chip_of(picture)})
        word = "accepted" if answer.accepted else "refused"
        say(f"    {picture} as {name}: {word}, d = {answer.distance:.3f}, tau = {answer.tau:.3f}")
    probes = []
    for image, what in (
        (images.load_image("bundled:obama"), "a new photograph of somebody enrolled"),
        (images.load_image("bundled:biden"), "somebody who is not enrolled"),
        (group_picture(), "two people at the door (the two photographs above, side by side)"),
    ):
        answers = gallery.identify(image)
        probes.append({"image": image, "what": what, "answers": answers})
        say(f"    {what}: {', '.join(a.name or 'not recognised' for a in answers)}")
    threshold = gallery.threshold
    gallery.close()
    seconds = time.perf_counter() - began
    return {
        "threshold": threshold,
        "enrolled": enrolled,
        "claims": claims,
        "probes": probes,
        "seconds": seconds,
    }


def group_picture() -> np.ndarray:
    """Put two photographs side by side, as a camera at the door would see two people."""
    left, right = (images.load_image(f"bundled:{name}") for name in ("biden", "obama"))
    right = images.resize(right, (left.shape[0], round(right.shape[1] * left.shape[0] / right.shape[0])))
    return np.concatenate([left, right], axis=1)


def repaint(recipe: Recipe) -> dict:
    """Repaint one photograph; returns `content`, `style` and `result`."""
    from keras_apps.cli.style_run import transfer_with_bar

    content, style = (images.load_image(picture) for picture in (CONTENT, STYLE))
    result = transfer_with_bar(content, style, recipe)
    return {
        "content": images.resize(content, recipe.size),
        "style": images.resize(style, recipe.size),
        "result": result,
    }
