"""An executed notebook -> one without log lines, with small pictures, the same however often it is built."""

from __future__ import annotations

import base64
import io
import re

from PIL import Image

LARGE = 60_000  # characters of base64; a larger PNG becomes a JPEG where that is smaller
QUALITY = 85
LOG_LINE = re.compile(r"WARNING: All log messages|[IWEF]\d{4} \d|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\s*$")


def clean(notebook) -> None:
    """Tidy a notebook's outputs in place.

    TensorFlow's log lines go; other lines on standard error stay, and `lesson_checks` refuses them. Pieces of one
    stream are joined. Pictures become JPEG where that is smaller, and lose the words beside them.
    """
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in map(_cleaned, _joined(cell.outputs)) if output]


def _joined(outputs: list) -> list:
    joined: list = []
    for output in outputs:
        last = joined[-1] if joined else None
        if last and output.output_type == "stream" and last.output_type == "stream" and last.name == output.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined


def _cleaned(output):
    if output.output_type == "stream" and output.name == "stderr":
        output.text = "".join(line for line in output.text.splitlines(True) if not LOG_LINE.match(line))
        return output if output.text else None
    if "image/png" in output.get("data", {}):
        picture = output.data.pop("image/png")
        kind, picture = _smaller(picture)
        output.data = {kind: picture}
        output.metadata = {}
    return output


def _smaller(png: str) -> tuple[str, str]:
    png = png.strip()
    if len(png) <= LARGE:
        return "image/png", png
    page = io.BytesIO()
    picture = Image.open(io.BytesIO(base64.b64decode(png)))
    flat = Image.new("RGB", picture.size, "white")
    flat.paste(picture, mask=picture.getchannel("A") if picture.mode == "RGBA" else None)
    flat.save(page, "JPEG", quality=QUALITY, optimize=True)
    jpeg = base64.b64encode(page.getvalue()).decode()
    return ("image/jpeg", jpeg) if len(jpeg) < len(png) else ("image/png", png)
