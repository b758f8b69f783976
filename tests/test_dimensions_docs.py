"""What docs/dimensions.md shows is what happens."""

import re
from pathlib import Path

PAGE = (Path(__file__).parent.parent / "docs" / "dimensions.md").read_text("utf-8")


def test_the_python_of_the_page_runs(tmp_path, monkeypatch):
    """Its assertions are the course's numbers; the pieces follow one another."""
    monkeypatch.chdir(tmp_path)
    pieces = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(pieces) == 5
    names = {}
    for piece in pieces:
        exec(compile(piece, "dimensions.md", "exec"), names)
    assert (tmp_path / "sliding.png").exists()
    assert names["signal_network"].input_shape == (None, None, 3)
    assert next(names["frames"]).ndim == 3
