"""The demo: enrol, verify and identify real people, repaint a photograph, and collect what the report shows."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_apps import images
from keras_apps._files import check_destination
from keras_apps.demo.report import Claim, Enrolled, Painted, Probe, Recognised, write_report
from keras_apps.style.recipes.recipe import Recipe

ENROLLED = {
    "Barack Obama": ["bundled:obama2", "bundled:obama3"],
    "Eileen Collins": ["bundled:astronaut"],
    "Grace Hopper": ["bundled:hopper"],
}
CLAIMS = (  # picture, claimed name, what the picture shows
    ("bundled:obama", "Barack Obama", "a new photograph of him"),
    ("hopper, cut", "Grace Hopper", "her face cut off at the right"),
    ("astronaut, cut", "Eileen Collins", "her face cut off at the left"),
    ("astronaut, covered", "Eileen Collins", "her mouth covered"),
    ("bundled:obama", "Eileen Collins", "somebody else's name"),
    ("bundled:biden", "Grace Hopper", "a stranger with a colleague's name"),
)
CONTENT, STYLE = "bundled:astronaut", "bundled:vortices"


@dataclass(frozen=True)
class DemoOptions:
    """Settings of the demo.

    Attributes:
        out: The folder that the report is written to.
        steps: Gradient steps of the repainting.
        size: Longer side of the repainted picture, in pixels.
    """

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
        ValueError: If the steps or the size are out of range.
        OSError: If the folder cannot be made or written to.
    """
    options.recipe  # noqa: B018 - a recipe checks itself
    folder = Path(options.out)
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"expected a folder to write to, received the file '{folder}'")
    folder.mkdir(parents=True, exist_ok=True)
    check_destination(folder / "report.html")


def run(
    options: DemoOptions, say: Callable[[str], None] = lambda line: None, transfer: Callable[..., Any] | None = None
) -> dict[str, Any]:
    """Run both applications and write `report.html` and the pictures.

    Args:
        options: What `prepare` has checked.
        say: Called with each line of progress.
        transfer: Called in place of `style.transfer`, for instance one that shows a progress bar.

    Returns:
        A summary that JSON can hold: the report's path, every answer with distance and tau, costs and seconds.
    """
    began = time.perf_counter()
    folder = Path(options.out)
    say("1/2 faces: finding, aligning and encoding")
    faces = recognise(folder / "people.db", say)
    say(f"2/2 style: {options.steps} steps at {options.size} pixels")
    painted = repaint(options.recipe, transfer)
    result = painted.result
    images.save_image(result.image, folder / "painted.png")
    seconds = time.perf_counter() - began
    write_report(folder / "report.html", faces, painted, seconds)
    return {
        "report": str((folder / "report.html").resolve()),
        "seconds": seconds,
        "faces": {
            "tau": faces.threshold.tau,
            "seconds": faces.seconds,
            "verified": [vars(claim.answer) for claim in faces.claims],
            "identified": [[answer.name for answer in probe.answers] for probe in faces.probes],
        },
        "style": {
            "backbone": result.backbone,
            "steps": len(result.history),
            "cost": [result.history[0]["cost"], result.history[-1]["cost"]] if result.history else [],
            "seconds": result.seconds,
        },
    }


def recognise(path: Path, say: Callable[[str], None] = lambda line: None) -> Recognised:
    """Enrol three people, verify claims, identify the faces of three pictures, one of them a group.

    Args:
        path: The gallery's file; one of an earlier run is replaced.
        say: Called with a line for each answer.
    """
    from keras_apps.faces.detection import one_face
    from keras_apps.faces.gallery.gallery import Gallery

    began = time.perf_counter()
    hidden = hidden_faces()

    @functools.cache
    def chip_of(picture: str) -> np.ndarray:
        return one_face(hidden.get(picture, picture)).image

    path.unlink(missing_ok=True)
    gallery = Gallery(path)
    enrolled = []
    for name, pictures in ENROLLED.items():
        chips = [chip_of(picture) for picture in pictures]
        gallery.enrol(name, chips, aligned=True)
        enrolled.append(Enrolled(name, chips))
        say(f"    enrolled {name} from {len(pictures)} picture{'s' if len(pictures) > 1 else ''}")
    claims = []
    for picture, name, what in CLAIMS:
        decision = gallery.verify(chip_of(picture), name, aligned=True)
        claims.append(Claim(picture, what, decision, chip_of(picture)))
        word = "accepted" if decision.accepted else "refused"
        say(f"    {picture} as {name}: {word}, d = {decision.distance:.3f}, tau = {decision.tau:.3f}")
    probes = []
    for image, what in (
        (images.load_image("bundled:obama"), "a new photograph of an enrolled person"),
        (images.load_image("bundled:biden"), "a person who is not enrolled"),
        (group_picture(), "two people at the door: Grace Hopper, her face cut off, and a stranger drawn by code"),
    ):
        answers = gallery.identify(image)
        probes.append(Probe(image, what, answers))
        say(f"    {what}: {', '.join(answer.name or 'not recognised' for answer in answers)}")
    threshold = gallery.threshold
    gallery.close()
    return Recognised(threshold, enrolled, claims, probes, time.perf_counter() - began)


def hidden_faces() -> dict[str, np.ndarray]:
    """Cut or cover part of a face in the two portraits that are in the public domain; floats `(h, w, 3)` in 0..1."""
    hopper, astronaut = (images.load_image(f"bundled:{name}") for name in ("hopper", "astronaut"))
    covered = astronaut.copy()
    covered[131:177, 180:265] = 0.5  # from under the nose to the chin
    return {"hopper, cut": hopper[:, :281], "astronaut, cut": astronaut[:, 205:], "astronaut, covered": covered}


def group_picture() -> np.ndarray:
    """Put two pictures side by side, as a camera at the door would see two people; float `(h, w, 3)` in 0..1."""
    from keras_apps.faces import synthetic_people

    person = hidden_faces()["hopper, cut"]
    stranger = synthetic_people(people=1, pictures=1, size=192, seed=4, first_person=3)[0][0]
    return np.concatenate([person, images.resize(stranger / np.float32(255), person.shape[0])], axis=1)


def repaint(recipe: Recipe, transfer: Callable[..., Any] | None = None) -> Painted:
    """Repaint one photograph, with `style.transfer` by default."""
    from keras_apps import style

    content, painting = (images.load_image(picture) for picture in (CONTENT, STYLE))
    result = (transfer or style.transfer)(content, painting, recipe)
    return Painted(images.resize(content, recipe.size), images.resize(painting, recipe.size), result)
