# ruff: noqa: E501
"""Pages of feedback: nothing that a student wrote is live in them, and what is harmless is there to be read."""

import base64
import io
import re

import pytest

pytest.importorskip("nbgrader")
import matplotlib.image
import nbformat
import numpy as np
from bs4 import BeautifulSoup
from course_bank import BANK
from course_folder import NAME, filled, nbgrader, new_folder, page_of, put

from keras_apps.course.nbgrader.feedback import clean, visible

HOSTILE = r"""
[link](javascript:evil()) ![picture](javascript:evil()) [files](/files/javascript:evil()) <javascript:evil()>
[mixed](JaVaScRiPt:evil()) [data](data:text/html;base64,PHNjcmlwdD4=) [old](vbscript:evil()) [a]( java&#115;cript:evil())
<a href="java&#x0A;script:evil()">a</a> <a href="&#1;javascript:evil()">b</a> <a href="java	script:evil()">c</a>
<a href=/files/javascript:evil()>d</a> <a href="dat&#97;:text/html,evil">e</a> <a title="x" href='javascript&colon;evil()'>f</a>
<a href="https://example.org" ping="https://example.org" target="x" onclick="evil()">g</a> <img src=x onerror="evil()">
<img src="data:image/svg+xml;base64,PHN2Zy8+"> <img src="https://example.org/seen.png"> <img src="data:image/png;base64,AA'onload='evil()">
![attached](attachment:page.html) ![svg](attachment:drawing.svg) <math href="javascript:evil()"><mtext>m</mtext></math>

<svg onload="evil()"><a xlink:href="javascript:evil()"><text>s</text></a><script>evil()</script></svg>
<form action="javascript:evil()"><button formaction="javascript:evil()">send</button><input onfocus="evil()" autofocus></form>
<base href="https://example.org/"> <meta http-equiv="refresh" content="0;url=javascript:evil()"> <link rel="stylesheet" href="x">
<iframe srcdoc="<script>evil()</script>"></iframe> <object data="javascript:evil()"></object> <embed src="javascript:evil()">
<div style="position:fixed;top:0;background:url(javascript:evil())" class="panel" id="top" onmouseover="evil()">100 points</div>
<table background="javascript:evil()"><tr><td style="text-align:left;position:fixed">cell</td></tr></table>
<details open ontoggle="evil()"><summary>more</summary></details> <video><source onerror="evil()"></video>
<noscript><p title="</noscript><img src=x onerror=evil()>"></noscript> <style>@import "x";</style> <textarea></div><script>evil()
</textarea></script></div></div></div></body><script>evil()</script> <scr<script>ipt>evil()</script> <!--><script>evil()</script>-->

$\href{javascript:evil()}{x}$ $\hr<!-- -->ef{javascript:evil()}{x}$ $$\&#104;ref{javascript:evil()}{x}$$
$\mmlToken{mi}[href="javascript:evil()"]{x}$ $\style{position:fixed}{x}$ $\require{HTML}\let\a\href \a{javascript:evil()}{x}$

```mermaid
<img src=x onerror="evil()"> <script>evil()</script>
```
```html"><script>evil()</script>
<script>shown()</script>
```
"""
HARMLESS = r"""
## My thoughts
> quoted words, *stressed* and `x[i] < y`

| Size | Places |
|:-----|-------:|
| 3    | 12     |

With $n - f < n$ and $$\sum_j w_j \ge 0$$ see [a page](https://example.org/?a=1&b=2). ![a square](attachment:square.png)

```python
def half(x):  # [not](a:link)
    return x / 2
```
"""
ACTING = [
    "script",
    "iframe",
    "frame",
    "object",
    "embed",
    "form",
    "input",
    "button",
    "textarea",
    "select",
    "base",
    "meta",
    "link",
    "style",
    "svg",
    "math",
    "template",
    "video",
    "audio",
]


def picture():
    """Return a red square as PNG in base64."""
    file = io.BytesIO()
    matplotlib.image.imsave(file, np.full((24, 24, 3), (0.8, 0.1, 0.1)), format="png")
    return base64.b64encode(file.getvalue()).decode()


def live(page):
    """List what acts in a page's body: elements, handlers, styles, addresses that are no web page or picture, TeX links."""
    body = BeautifulSoup(page, "html.parser").body
    found = [str(tag) for tag in body.find_all(ACTING)]
    for tag in body.find_all(True):
        for name, value in tag.attrs.items():
            text = " ".join(value) if isinstance(value, list) else value
            address = re.sub(r"[\x00-\x20]", "", text).lower()
            scheme = re.match(r"[a-z]*:", address)
            harmless = re.match(r"https?://|mailto:|data:image/(png|jpeg|gif|webp);base64,[\w+/=]*$", address)
            style = name == "style" and not re.fullmatch(r"text-align: ?(left|right|center);?", text)
            link = name != "title" and name != "alt" and scheme and not harmless
            if (
                name.startswith("on")
                or style
                or link
                or name in ("srcdoc", "ping", "background", "formaction", "action")
            ):
                found.append(f"{tag.name} {name}={text}")
            if name == "src" and not address.startswith("data:image/"):
                found.append(f"{tag.name} {name}={text}")
    texts = [part for part in body.find_all(string=True) if part.find_parent(["pre", "code"]) is None]
    return found + [text for text in texts if re.search(r"\\(href|mmlToken|style|require)", text)]


def with_texts(released, text, answers=None):
    notebook = filled(released, answers)
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(text))
    return notebook


def outputs(**data):
    names = {"html": "text/html", "markdown": "text/markdown", "latex": "text/latex", "svg": "image/svg+xml"}
    names |= {
        "script": "application/javascript",
        "png": "image/png",
        "widget": "application/vnd.jupyter.widget-view+json",
    }
    size = {"image/png": {"width": "1 onload=evil()", "height": 2}, "text/html": {"isolated": True}}
    return [nbformat.v4.new_output("display_data", {names[n]: text}, metadata=size) for n, text in data.items()]


def change(folder, student, action):
    """Change an autograded notebook: as one that keeps a student's outputs, and a teacher's comments, would be."""
    path = folder / "autograded" / student / NAME / f"{NAME}.ipynb"
    notebook = nbformat.read(path, 4)
    action(notebook)
    path.chmod(0o644)
    nbformat.write(notebook, path)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The feedback of a hostile and of a harmless submission, both with half of `inflate` wrong."""
    folder, released = new_folder(tmp_path_factory.mktemp("feedback") / "course")
    wrong = {"inflate": BANK[NAME].edited("inflate", " / depth", "")}
    hostile = with_texts(released, HOSTILE, wrong)
    hostile.cells[1].attachments = {
        "page.html": {"text/html": "PHNjcmlwdD4="},
        "drawing.svg": {"image/svg+xml": "PHN2Zy8+", "image/png": '" onerror="evil()'},
    }
    hostile.cells[1].metadata["tags"] = ['"><script>evil()</script>']
    hostile.cells += [nbformat.v4.new_raw_cell("<script>evil()</script>", metadata={"raw_mimetype": "text/html"})]
    hostile.cells += [nbformat.v4.new_code_cell("### BEGIN HIDDEN TESTS\n'<script>evil()</script>'")]
    hostile.cells += [nbformat.v4.new_markdown_cell("![gone](attachment:gone.png) <script>evil()</script>")]
    hostile.metadata["language_info"] = {"name": '"><script>evil()</script>', "pygments_lexer": '"><script>'}
    hostile.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": "</script><script>evil()"}}
    put(folder, "hostile", hostile)
    harmless = with_texts(released, HARMLESS, wrong)
    harmless.cells[1].attachments = {"square.png": {"image/png": picture()}}
    put(folder, "harmless", harmless)
    nbgrader(folder, "autograde", NAME)

    def keep_hostile_outputs(notebook):
        """In a cell of the student's, in a test cell, and with a number that is none."""
        for cell in [cell for cell in notebook.cells if cell.cell_type == "code"][-2:]:
            cell.outputs += outputs(html=HOSTILE, markdown=HOSTILE, svg="<svg onload='evil()'/>", script="evil()")
            cell.outputs += outputs(
                latex=r"$\href{javascript:evil()}{x}$<script>evil()</script>", png='"onerror="evil()'
            )
            cell.outputs += outputs(widget={"model_id": "</script><script>evil()</script>"}, png=picture())
            cell.outputs += [nbformat.v4.new_output("stream", text="<script>evil()</script>\x1b[31m<b onclick=evil()>")]

    def keep_harmless_outputs(notebook):
        cell = next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == "inflate")
        cell.outputs += [nbformat.v4.new_output("stream", text="a\x00b\x07 \x1b[31mred\x1b[0m \u202eturned")]
        cell.outputs += outputs(png=picture(), html="<table><tr><td>7</td></tr></table>", latex="$\\frac{1}{2}$")

    change(folder, "hostile", keep_hostile_outputs)
    change(folder, "harmless", keep_harmless_outputs)
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        gradebook.find_comment("inflate", NAME, NAME, "harmless").manual_comment = "Nearly: **one** factor"
        gradebook.db.commit()
    nbgrader(folder, "generate_feedback", NAME)
    return {student: page_of(folder, student) for student in ("hostile", "harmless")}


@pytest.mark.slow
def test_nothing_of_a_hostile_notebook_is_live(pages):
    assert live(pages["hostile"]) == []
    heads = {name: page[: page.index("<body")] for name, page in pages.items()}
    assert heads["hostile"] == heads["harmless"] and heads["harmless"].count("<script") == 2  # MathJax and its settings
    assert re.search(r'<script src="[^"]*,Safe"', heads["harmless"])
    assert pages["hostile"].count("</body>") == pages["harmless"].count("</body>")


@pytest.mark.slow
@pytest.mark.parametrize("student", ["hostile", "harmless"])
def test_the_teachers_part_is_legible(pages, student):
    """The score table and the checks' words stay as they are, whatever stands around them."""
    page = BeautifulSoup(pages[student], "html.parser")
    assert page.find("h4").text == "convolutions (Score: 88.0 / 100.0)"
    table = [row.text for row in page.select("#toc li") if row.text.startswith("Test cell")]
    assert table == [f"Test cell (Score: {n}.0 / {of}.0)" for n, of in ((25, 25), (25, 25), (30, 30), (8, 20))]
    for name in ("output_shape", "conv1d", "conv3d", "inflate"):
        assert page.select(f'a[name="tests_{name}"]') and page.select(f'#toc a[href="#tests_{name}"]')
    assert "divide the copies by depth" in page.text and "Case(" not in page.text
    assert [h.text for h in page.find_all("h2")][-1] == "Try it on a heartbeat"


@pytest.mark.slow
def test_what_is_harmless_is_shown(pages):
    page = BeautifulSoup(pages["harmless"], "html.parser")
    assert live(pages["harmless"]) == []
    assert "My thoughts" in [h.text for h in page.find_all("h2")]
    assert "quoted words" in page.find("blockquote").text and page.find("blockquote").find("em").text == "stressed"
    (cell,) = [cell for cell in page.find_all("td") if cell.text == "12"]
    assert cell["style"].startswith("text-align:right")
    assert "$n - f < n$" in page.text and r"$$\sum_j w_j \ge 0$$" in page.text and r"$\frac{1}{2}$" in page.text
    assert page.find("a", string="a page")["href"] == "https://example.org/?a=1&b=2"
    assert page.find("img", alt="a square")["src"] == f"data:image/png;base64,{picture()}"
    assert len(page.find_all("img", src=f"data:image/png;base64,{picture()}")) == 2
    assert r"a\x00b\x07 red \u202eturned" in page.text and page.find("span", class_="ansi-red-fg", string="red")
    assert "white-space: pre-wrap" in page.head.find_all("style")[-1].text  # long lines of output are not cut
    assert page.find("td", string="7") and page.find("span", class_="nf", string="half")
    assert page.find("strong", string="one").find_parent(class_="panel-footer")


def test_clean_takes_each_address_alone():
    """The links that are left are those that begin as they should, letter by letter."""
    for address in (
        "javascript:x",
        "JAVASCRIPT:x",
        " javascript:x",
        "java\nscript:x",
        "java&#115;cript:x",
        "data:text/html,x",
    ):
        for text in (f'<a href="{address}">a</a>', f"<a href='{address}'>a</a>", f'<img src="{address}">'):
            assert "href" not in clean(text) and "src" not in clean(text), text
    assert clean('<a href="https://a.org/?b=1&amp;c=2">a</a>') == '<a href="https://a.org/?b=1&amp;c=2">a</a>'
    assert clean("<code>\\href</code> \\hrefs") == "<code>\\href</code> \\hrefs"


def test_visible_leaves_lines_colors_and_letters():
    assert visible("a\tb\r\n\x1b[1;31mc\x1b[0m \xe9\u4e2d") == "a\tb\r\n\x1b[1;31mc\x1b[0m \xe9\u4e2d"
    assert visible("\x00\x1b]\x9b\u2066") == r"\x00\x1b]\x9b\u2066"
