"""A graded notebook -> a page of feedback in which nothing that a student wrote is executed.

The page is rendered first and then cleaned by bleach, which nbconvert installs: only the tags and attributes listed
here remain. Everything else is shown as text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

from bleach.css_sanitizer import CSSSanitizer
from bleach.sanitizer import Cleaner
from bs4 import BeautifulSoup
from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbgrader.preprocessors import ClearHiddenTests, NbGraderPreprocessor
from nbgrader.utils import is_grade

TAGS = """a abbr b blockquote br code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i img kbd li mark ol p pre s small span
    strong sub sup table tbody td tfoot th thead tr u ul"""
ATTRIBUTES = {
    ("a", "href"): r"(https?://|mailto:|#).*",
    ("img", "src"): r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*",
    ("img", "width"): r"\d{1,4}",
    ("img", "height"): r"\d{1,4}",
    ("ol", "start"): r"\d{1,4}",
    **{(tag, name): r"\d{1,2}" for tag in ("td", "th") for name in ("colspan", "rowspan")},
    **{(tag, "style"): r"text-align: ?(left|right|center);?" for tag in ("td", "th")},
    **dict.fromkeys((("a", "title"), ("abbr", "title"), ("img", "title"), ("img", "alt")), r".*"),
    **{(tag, "class"): r" ?highlight( hl-\w+)?|[a-z][a-z0-9]{0,2}" for tag in ("div", "span")},  # of colored code
}
"""`{(tag, attribute): pattern of its whole value}`. Others are removed: a student cannot imitate parts of the page."""

SHOWN = ("text/plain", "text/latex", "text/html", "text/markdown", "image/png", "image/jpeg")
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
CONTROL = re.compile(r"\x1b(?!\[[\d;]*m)|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Characters that a page shows as boxes, or that reverse a line; not the codes of colors in a terminal."""

WRAPPED = """<style>
.output pre, .input_area pre { white-space: pre-wrap; overflow-wrap: anywhere; word-break: normal; }
</style>"""
LIVE_TEX = re.compile(r"\\(?:href|url|mmlToken|class|style|cssId|require)(?![A-Za-z])")
"""MathJax's commands that make links or styles. Its mode "Safe", which nbconvert's page sets, stops them too."""


def clean(text: str) -> str:
    r"""Return HTML without scripts, handlers, frames, forms, styles and links, except links to the web.

    Args:
        text: HTML, possibly broken.

    Example:
        >>> clean('<b onclick="x()">a</b> <a href="JAVA&#115;cript:x()">b</a> <script>c</script> $\\href{d}{e}$')
        '<b>a</b> <a>b</a> &lt;script&gt;c&lt;/script&gt; $\\text{d}{e}$'
    """
    protocols = ("http", "https", "mailto", "data")  # data only where ATTRIBUTES has it, in pictures
    styles = CSSSanitizer(allowed_css_properties=["text-align"])
    cleaner = Cleaner(tags=TAGS.split(), attributes=_is_allowed, protocols=protocols, css_sanitizer=styles)
    soup = BeautifulSoup(cleaner.clean(text), "html.parser")
    for part in soup.find_all(string=LIVE_TEX):
        if part.find_parent(["pre", "code"]) is None:  # no formulas there
            part.replace_with(harmless_tex(part))
    return str(soup)


def harmless_tex(text: str) -> str:
    r"""Return a formula whose links are text.

    Example:
        >>> harmless_tex(r"\href{javascript:x()}{y}")
        '\\text{javascript:x()}{y}'
    """
    return LIVE_TEX.sub(lambda _: r"\text", text)


def _is_allowed(tag: str, name: str, value: str) -> bool:
    pattern = ATTRIBUTES.get((tag, name))
    return pattern is not None and re.fullmatch(pattern, value, re.DOTALL) is not None


def visible(text: str) -> str:
    r"""Return a text with its control characters written out.

    Example:
        >>> visible("a\x07b")
        'a\\x07b'
    """
    return CONTROL.sub(lambda match: ascii(match.group())[1:-1], text)


class HideChecks(ClearHiddenTests):
    """Remove the hidden checks from test cells, but not from a student's cells, where these words mean nothing."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], cell_index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Clear one cell."""
        return super().preprocess_cell(cell, resources, cell_index) if is_grade(cell) else (cell, resources)


class CleanCells(NbGraderPreprocessor):
    """Keep only the text, marking, pictures and displayable outputs of every cell.

    Metadata is removed, since a template writes some of it into the page unchanged.
    """

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Clean one notebook."""
        nb.metadata = type(nb)(language_info=type(nb)(name="python"))
        return super().preprocess(nb, resources)

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], cell_index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Clean one cell."""
        marking = {"nbgrader": cell.metadata.nbgrader} if "nbgrader" in cell.metadata else {}
        cell.metadata = type(cell)(marking)
        cell.source = visible(cell.source)
        if "attachments" in cell:
            cell.attachments = _pictures(cell.attachments)
        if cell.cell_type == "code":
            number = cell.get("execution_count")
            cell.execution_count = number if isinstance(number, int) else None
            cell.outputs = [output for output in cell.outputs if _cleaned(output)]
        return cell, resources


def _pictures(attachments: object) -> dict[str, dict[str, str]]:
    """Return a cell's pictures, and an empty one for each other attachment, so that the cell can be rendered."""
    pictures = {}
    for name, kinds in attachments.items() if isinstance(attachments, dict) else ():
        kinds = kinds if isinstance(kinds, dict) else {}
        images = {kind: data for kind, data in kinds.items() if kind in SHOWN and _is_base64(kind, data)}
        pictures[name] = images or {"image/png": ""}
    return pictures


def _is_base64(kind: str, data: object) -> bool:
    return kind.startswith("image/") and isinstance(data, str) and BASE64.fullmatch(data) is not None


def _cleaned(output: NotebookNode) -> bool:
    """Clean an output in place; return whether it is shown."""
    if output.output_type == "stream":
        output.text = visible(output.text)
        return True  # shown as text
    if output.output_type == "error":
        output.traceback = [visible(line) for line in output.traceback]
        return True
    if output.output_type not in ("display_data", "execute_result"):
        return False
    output.metadata = type(output)()
    for kind in list(output.data):
        text = output.data[kind]
        if kind not in SHOWN or not isinstance(text, str) or (kind[:6] == "image/" and not _is_base64(kind, text)):
            del output.data[kind]
        elif kind == "text/html":
            output.data[kind] = clean(text)
        elif kind == "text/latex":
            output.data[kind] = harmless_tex(text)
        elif kind == "text/plain":
            output.data[kind] = visible(text)
    return bool(output.data)


class FeedbackExporter(HTMLExporter):
    """nbconvert's HTML, in which all rendered text is cleaned and long lines are wrapped."""

    def from_notebook_node(  # type: ignore[override]  # a page is text: nbconvert's own exporter does the same
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **options: Any
    ) -> tuple[str, dict[str, Any]]:
        """Return a notebook's page, and the resources."""
        page, resources = super().from_notebook_node(nb, resources=resources, **options)
        return page.replace("</head>", f"{WRAPPED}</head>", 1), resources

    def default_filters(self) -> Iterator[tuple[str, Any]]:
        """Return the template's filters, with our own for HTML."""
        yield from super().default_filters()  # type: ignore[no-untyped-call]  # nbconvert has no types here
        yield "clean_html", clean

    @pass_context
    def markdown2html(self, context: Context, source: str) -> str:
        """Render and clean a text; show it as it was written if it cannot be rendered."""
        try:
            return clean(super().markdown2html(context, source))
        except Exception:
            return f"<pre>{html.escape(source)}</pre>"
