"""Boxes and names on pictures: where they are, and that names of any script can be read."""

import numpy as np
import pytest
from PIL import Image, ImageFont

from keras_apps import faces
from keras_apps._fonts import font_file
from keras_apps.faces.detection import FaceCrop
from keras_apps.faces.gallery import drawing
from keras_apps.faces.gallery.decisions import Candidate, Identification
from keras_apps.faces.gallery.drawing import FOUND, NAMED, UNNAMED


def answer(name, box):
    return Identification(name, 0.1, 0.3, [Candidate(name or "kian", 0.1)], box, "euclidean")


def crop(box):
    return FaceCrop(np.zeros((4, 4, 3), np.uint8), box, {}, 0.9)


def is_color(picture, color):
    return (picture == np.array(color, np.uint8)).all(axis=-1)


@pytest.mark.parametrize("side", [64, 500, 1500])
def test_each_kind_of_face_has_its_colour_and_the_label_is_inside(side):
    """A box from a third to half of the side; the label's area is all that has the colour outside the box."""
    box = (side / 3, side / 3, side / 2, side / 2)
    grey = np.full((side, side, 3), 127, np.uint8)
    named, unnamed, found = (
        faces.draw(grey, [face]) for face in (answer("Grace Hopper", box), answer(None, box), crop(box))
    )
    for drawn, color in ((named, NAMED), (unnamed, UNNAMED), (found, FOUND)):
        assert drawn.dtype == np.uint8 and drawn.shape == grey.shape
        assert is_color(drawn, color)[int(side * 0.4), int(side / 3)]  # the box's left line
        assert (drawn[int(side * 0.42), int(side * 0.42)] == 127).all()  # the face stays to be seen
    assert (grey == 127).all()
    outside = is_color(named, NAMED)
    outside[int(side / 3) : int(side / 2) + 2] = False
    rows = np.flatnonzero(outside.any(axis=1))
    assert len(rows) >= 12 and len(rows) < side / 4
    assert not is_color(found, FOUND)[: int(side / 3) - 2].any()  # nothing is written beside it


@pytest.mark.parametrize(
    "box", [(0, 0, 30, 30), (70, 70, 100, 100), (-20, -20, 140, 140), (0, 0, 100, 100), (60, 0, 99, 20)]
)
def test_labels_at_the_edges_stay_inside(box):
    """In 100 pixels the letters, shrunk to fit, are all there: white pixels."""
    labelled = [(box, "Grace Hopper", (255, 0, 0))]
    drawn = drawing.draw_boxes(np.zeros((100, 100, 3), np.uint8), labelled)
    text = (drawn.min(axis=-1) > 200).sum()  # white letters
    assert text > 40


def test_a_label_does_not_cover_another_face():
    """Two faces, one above the other, so near that a label between them does not fit: the lower one's goes below."""
    upper, lower = (100, 40, 160, 100), (100, 104, 160, 164)
    drawn = faces.draw(np.zeros((300, 300, 3), np.uint8), [answer("kian", upper), answer(None, lower)])
    orange = is_color(drawn, UNNAMED)
    assert not orange[42:98, 102:158].any()  # inside the upper face
    assert orange[170:185].any() and not orange[:100].any()
    assert is_color(drawn, NAMED)[:38].any()


def test_names_of_several_scripts():
    """DejaVu Sans has these letters; a Chinese name comes out with a font of the system, or else as numbers."""
    for name in ("Zoë Łukasz Ångström", "Грейс Хоппер", "Ελένη", "naïve é ö"):
        words, letters = drawing._letters(name, 20, None)
        assert words == name and letters.getname()[0] == "DejaVu Sans"
    words, letters = drawing._letters("张伟", 20, None)
    assert words in ("张伟", r"\u5f20\u4f1f")
    assert (words == "张伟") == (letters.getname()[0] != "DejaVu Sans")
    assert drawing._letters("a张", 20, str(font_file()))[0] in ("a张", r"a\u5f20")
    assert not drawing._has(str(font_file()), "张") and drawing._has(str(font_file()), "é")


def test_long_names_and_small_pictures():
    drawn = faces.draw(np.zeros((40, 30, 3), np.uint8), [answer("x" * 200, (5, 5, 25, 30))])
    assert drawn.shape == (40, 30, 3)
    assert drawing._shortened("a" * 200) == "a" * 39 + "…" and drawing._shortened(" a\n b ") == "a b"
    one = faces.draw(np.zeros((1, 1, 3), np.uint8), [answer("kian", None)])
    assert one.shape == (1, 1, 3)


def test_bad_input(tmp_path):
    picture = np.zeros((50, 50, 3), np.uint8)
    with pytest.raises(TypeError, match="expected answers of identify or faces of find_faces, received tuple"):
        faces.draw(picture, [(1, 2, 3, 4)])
    with pytest.raises(FileNotFoundError, match="expected a font file"):
        faces.draw(picture, [], font=tmp_path / "none.ttf")
    (tmp_path / "text.ttf").write_text("no font")
    with pytest.raises(ValueError, match="expected a font file .* received .*text.ttf"):
        faces.draw(picture, [], font=tmp_path / "text.ttf")
    assert (faces.draw(picture, []) == picture).all()
    assert faces.draw(Image.new("L", (20, 10)), [answer("a", (2, 2, 8, 8))], font=font_file()).shape == (10, 20, 3)
    assert isinstance(ImageFont.truetype(str(font_file()), 12), ImageFont.FreeTypeFont)
