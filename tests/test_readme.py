"""What README.md shows is what happens."""

import re
from pathlib import Path

import pytest

import keras_apps

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = sorted(
    {line for page in PAGES for line in re.findall(r"^keras-apps .*$", page.read_text("utf-8"), re.MULTILINE)}
)


def test_the_python_runs_as_it_stands(tmp_path, monkeypatch, capsys):
    """Only the painting is made smaller and shorter."""
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    shorter = code.replace("size=256, steps=100", "size=64, steps=3")
    assert shorter != code
    monkeypatch.chdir(tmp_path)
    exec(compile(shorter, "README.md", "exec"), {})
    out = capsys.readouterr().out
    assert "accepted=True" in out and out.endswith("None\n")
    assert (tmp_path / "painted.png").exists() and (tmp_path / "team.db").exists()


@pytest.mark.slow
def test_the_python_of_the_training_page_runs(tmp_path, monkeypatch, capsys):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "training.md").read_text("utf-8"), re.DOTALL)
    code = "\n".join(blocks)
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile(code, "training.md", "exec"), names)
    assert names["same"].tolist() == [True, True, False, True, False]
    assert set(names["history"].history) >= {"loss", "active", "d_ap", "d_an", "collapse"}
    capsys.readouterr()


@pytest.mark.slow
def test_the_python_of_the_style_page_runs(tmp_path, monkeypatch, capsys):
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "style.md").read_text("utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile(code, "style.md", "exec"), names)
    assert "about" in capsys.readouterr().out
    assert names["result"].history[-1]["cost"] < names["result"].history[0]["cost"]
    assert names["figure"].axes[0].lines


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8"))
    assert len(links) > 10 or page.name != "README.md"
    for link in links:
        assert (page.parent / link).exists(), link


def test_an_equation_is_in_the_file_that_its_link_names():
    """A link such as [`encode`](keras_apps/faces/encoding.py) leads to the definition, not to an import of it."""
    links = re.findall(r"\[(`[^\]]+`)\]\((keras_apps/[\w/]+\.py)\)", README)
    defined = 0
    for text, path in links:
        code = (ROOT / path).read_text("utf-8")
        for name in re.findall(r"`(\w+)`", text):
            assert re.search(rf"^(def|class) {name}\b", code, re.MULTILINE), (name, path)
            defined += 1
    assert defined >= 10


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_exist_with_the_options_that_are_shown(line):
    import typer.main

    from keras_apps.cli import main

    words = line.split("#")[0].split()[1:]
    command = typer.main.get_command(main.app)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= known


def test_the_version_has_a_changelog_entry():
    assert f"## {keras_apps.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
