"""The demo's results -> one HTML page that contains its pictures."""

from __future__ import annotations

import base64
import html
import io
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

import keras_apps
from keras_apps._files import written_aside
from keras_apps.images import to_uint8
from keras_apps.style.recipes.recipe import Recipe

if TYPE_CHECKING:
    from keras_apps.faces import Identification, Threshold, Verification
    from keras_apps.style import StyleResult

GREEN, RED = "#1a7f37", "#b42318"


@dataclass(frozen=True)
class Enrolled:
    """A person of the gallery, and the aligned chips that they were enrolled from, uint8 `(150, 150, 3)`."""

    name: str
    chips: list[np.ndarray]


@dataclass(frozen=True)
class Claim:
    """A picture whose person claims a name.

    Attributes:
        picture: Its path or bundled name.
        what: What it shows, in words.
        answer: The gallery's decision.
        chip: The aligned face, uint8 `(150, 150, 3)`.
    """

    picture: str
    what: str
    answer: Verification
    chip: np.ndarray


@dataclass(frozen=True)
class Probe:
    """A picture whose faces are identified: float `(h, w, 3)` in 0..1, what it shows, and an answer for each face."""

    image: np.ndarray
    what: str
    answers: list[Identification]


@dataclass(frozen=True)
class Recognised:
    """The results of the first half of the demo."""

    threshold: Threshold
    enrolled: list[Enrolled]
    claims: list[Claim]
    probes: list[Probe]
    seconds: float


@dataclass(frozen=True)
class Painted:
    """The second half: content and style, float `(h, w, 3)` in 0..1, and the result."""

    content: np.ndarray
    style: np.ndarray
    result: StyleResult


def write_report(path: Path, faces: Recognised, painted: Painted, seconds: float) -> None:
    """Write the report as one HTML file that contains its pictures.

    Args:
        path: The HTML file.
        faces: What was recognised.
        painted: What was painted.
        seconds: Wall-clock seconds of the whole demo.

    Raises:
        OSError: If the file cannot be written.
    """
    result, threshold = painted.result, faces.threshold
    recipe = result.recipe
    layers = ", ".join(f"{layer} ({weight:g})" for layer, weight in recipe.resolved_style_layers.items())
    page = Template((Path(__file__).parent / "report.html").read_text(encoding="utf-8")).substitute(
        tau=f"{threshold.tau:.3f}",
        calibrated=html.escape(threshold.calibrated_on),
        far=f"{threshold.far:g}",
        enrolled="\n".join(_enrolled(each) for each in faces.enrolled),
        claims="\n".join(_claim(each) for each in faces.claims),
        probes="\n".join(_probe(each) for each in faces.probes),
        content=_picture(painted.content, "content: the photograph"),
        style=_picture(painted.style, "style: the painting"),
        generated=_picture(result.image, "generated"),
        curve=_picture(cost_curve(result.history, recipe), "cost against steps"),
        backbone=result.backbone,
        why="its weights are in Keras's cache" if result.backbone == "vgg19" else "bundled with the package",
        steps=len(result.history),
        size=f"{result.image.shape[1]} x {result.image.shape[0]}",
        content_layer=", ".join(recipe.resolved_content_layers),
        style_layers=layers,
        alpha=f"{recipe.content_weight:g}",
        beta=f"{recipe.style_weight:g}",
        faces_seconds=f"{faces.seconds:.1f}",
        style_seconds=f"{result.seconds:.1f}",
        seconds=f"{seconds:.1f}",
        versions=html.escape(", ".join(versions())),
    )
    with written_aside(path) as aside:
        aside.write_text(page, encoding="utf-8")


def versions() -> list[str]:
    """Return name and version of the package, Python, the system and the libraries."""
    names = [f"keras_apps {keras_apps.__version__}", f"Python {platform.python_version()}", platform.system()]
    for name in ("tensorflow", "keras", "numpy", "pillow"):
        try:
            names.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return names


def cost_curve(history: list[dict[str, float]], recipe: Recipe) -> np.ndarray:
    """Draw the total cost and its weighted terms against steps, on a logarithmic axis; float `(h, w, 3)` in 0..1."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6, 3.2), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    steps = [row["step"] for row in history]
    lines = (
        ("J(G), total", [row["cost"] for row in history], 2.2),
        ("α content", [recipe.content_weight * row["content"] for row in history], 1.3),
        ("β style", [recipe.style_weight * row["style"] for row in history], 1.3),
    )
    for label, costs, width in lines:
        axes.plot(steps, costs, label=label, linewidth=width)
    highest = max((row["cost"] for row in history), default=1.0)  # J_content is 0 at a start from the content picture
    axes.set(yscale="log", ylim=(highest / 100, highest * 1.3), xlabel="gradient step", ylabel="cost (no unit)")
    axes.set_title("The cost falls")
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]  # matplotlib has no types here
    return np.asarray(canvas.buffer_rgba())[..., :3] / np.float32(255)  # type: ignore[no-untyped-call]


def _enrolled(person: Enrolled) -> str:
    chips = "".join(_image(chip, f"aligned face of {person.name}") for chip in person.chips)
    count = len(person.chips)
    return (
        f"<figure>{chips}<figcaption>{person.name}<br>{count} picture{'s' if count > 1 else ''}</figcaption></figure>"
    )


def _claim(claim: Claim) -> str:
    answer = claim.answer
    colour, word, sign = (GREEN, "accepted", "≤") if answer.accepted else (RED, "refused", ">")
    bar = (
        f'<div class="bar"><i style="width:{min(1, answer.distance):.1%};background:{colour}"></i>'
        f'<b style="left:{answer.tau:.1%}"></b></div>'
    )
    return (
        f"<tr><td>{_image(claim.chip, claim.picture)}</td><td>{html.escape(claim.what)}</td>"
        f"<td>“I am {html.escape(answer.name)}”</td>"
        f'<td>{bar}<span class="number">d = {answer.distance:.3f} {sign} {answer.tau:.3f}</span></td>'
        f"<td>{_percent(answer.probability)}</td>"
        f'<td style="color:{colour}"><strong>{word}</strong></td></tr>'
    )


def _percent(probability: float | None) -> str:
    if probability is None:
        return "-"
    if 0.001 <= probability <= 0.999:
        return f"{probability:.1%}"
    return "above 99.9%" if probability > 0.5 else "below 0.1%"


def _probe(probe: Probe) -> str:
    answers = probe.answers
    lines = []
    for number, answer in enumerate(answers, start=1):
        name = f"<strong>{html.escape(answer.name)}</strong>" if answer.name else "<strong>not recognised</strong>"
        nearest = ", ".join(f"{html.escape(c.name)} {c.distance:.3f}" for c in answer.candidates)
        lines.append(f"<li>face {number}: {name}<br><small>distances: {nearest}; τ = {answer.tau:.3f}</small></li>")
    picture = boxed(probe.image, answers)
    return (
        f'<figure class="probe">{_image(picture, probe.what)}<figcaption>{html.escape(probe.what)}'
        f"<ul>{''.join(lines)}</ul></figcaption></figure>"
    )


def boxed(image: np.ndarray, answers: list[Identification]) -> np.ndarray:
    """Draw numbered boxes around the identified faces.

    Args:
        image: Float `(h, w, 3)`, RGB in 0..1.
        answers: With the boxes, in pixels of `image`; the first answer gets number 1.

    Returns:
        uint8 `(420, width, 3)`.
    """
    factor = 420 / image.shape[0]
    picture = Image.fromarray(to_uint8(image)).resize((round(image.shape[1] * factor), 420), Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(picture)
    for number, answer in enumerate(answers, start=1):
        colour = GREEN if answer.name else RED
        if answer.box is None:
            continue
        left, top, right, bottom = (v * factor for v in answer.box)
        draw.rectangle((left, top, right, bottom), outline=colour, width=4)
        draw.rectangle((left, top - 22, left + 22, top), fill=colour)
        draw.text((left + 7, top - 20), str(number), fill="white", font_size=16)
    return np.asarray(picture)


def _picture(image: np.ndarray, caption: str) -> str:
    return f"<figure>{_image(image, caption)}<figcaption>{html.escape(caption)}</figcaption></figure>"


def _image(image: np.ndarray, text: str) -> str:
    stream = io.BytesIO()
    pixels = image if image.dtype == np.uint8 else to_uint8(image)
    Image.fromarray(pixels).save(stream, "JPEG", quality=90, subsampling=0)
    data = base64.b64encode(stream.getvalue()).decode("ascii")
    return f'<img alt="{html.escape(text)}" src="data:image/jpeg;base64,{data}">'
