"""Occlusion maps: by hand, against a slow oracle, and which part of a real face decides."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_apps import faces, visualize


def test_covering_the_only_pixel_that_matters_by_hand():
    """The score is the pixel (2, 1) of a picture of zeros with 1 there. A patch of 2 x 2, stride 1, covers it from
    (1, 0), (1, 1), (2, 0) and (2, 1): there the change is -1, elsewhere 0. The map's value at a pixel is the mean over
    the patches that cover it: at (2, 1) all four do; at (2, 0), which only the patches from (1, 0) and (2, 0) cover,
    also -1; at (3, 2) (patches from (2, 1), (2, 2)) -1/2; at (0, 3) no patch that covers it covers (2, 1)."""
    picture = np.zeros((4, 4, 3))
    picture[2, 1] = 1
    found = visualize.occlusion_map(lambda batch: batch[:, 2, 1, 0], picture, patch=2, stride=1, cover=0)
    expected = np.zeros((3, 3))
    expected[1:3, 0:2] = -1
    assert found.changes.tolist() == expected.tolist() and found.whole == 1
    assert found.map[2, 1] == found.map[2, 0] == -1 and found.map[3, 2] == -0.5 and found.map[0, 3] == 0
    assert found.tops == found.lefts == (0, 1, 2) and found.map.min() == found.map[2, 1]


def test_against_a_slow_oracle(rng):
    """Patches of 3 x 2 with stride 2 on 8 x 7, one by one; the last of each row and column end at the border."""
    picture, weights = rng.random((8, 7, 3)), rng.normal(size=(8, 7, 3))
    found = visualize.occlusion_map(
        lambda batch: (batch * weights).sum((1, 2, 3)), picture, patch=(3, 2), stride=2, batch_size=5
    )
    assert found.tops == (0, 2, 4, 5) and found.lefts == (0, 2, 4, 5)
    changes = [[(weights * (0.5 - picture))[t : t + 3, x : x + 2].sum() for x in found.lefts] for t in found.tops]
    np.testing.assert_allclose(found.changes, changes, atol=1e-5)
    for y in range(8):
        for x in range(7):
            covering = [
                changes[i][j]
                for i, top in enumerate(found.tops)
                for j, left in enumerate(found.lefts)
                if top <= y < top + 3 and left <= x < left + 2
            ]
            assert found.map[y, x] == pytest.approx(np.mean(covering), abs=1e-5)


def test_eyes_and_nose_decide_a_verification_and_the_corner_does_not(tower, chips):
    """On the crop of 112 pixels the eyes lie about row 52 and the mouth about row 92, between columns 38 and 74.

    Covering parts of the face moves the encoding away from the enrolled one; covering the corners hardly does."""
    enrolled = faces.encode(tower, [chips["hopper"][:, ::-1]], aligned=True)[0]
    score = visualize.distance_to(tower, enrolled)
    told = []
    found = visualize.occlusion_map(score, chips["hopper"], patch=22, stride=22, progress=lambda *a: told.append(a))
    encoded = faces.encode(tower, [chips["hopper"]], aligned=True)[0]
    assert found.whole == pytest.approx(np.square(encoded - enrolled).sum(), rel=1e-3)
    assert told[-1] == (36, 36)
    face, corners = found.changes[1:5, 1:5].max(), np.abs(found.changes[[0, 0, -1, -1], [0, -1, 0, -1]]).max()
    assert face > 0.02 and face > 2 * corners, (face, corners)


def test_the_drawing_has_the_picture_and_the_map():
    picture = np.full((20, 20, 3), 0.25)
    picture[5, 5] = 1
    found = visualize.occlusion_map(lambda batch: -batch[:, 5, 5, 0], picture, patch=4)
    drawn = visualize.draw_occlusion(picture, found, score="distance", title="two words")
    assert drawn.shape[2] == 3 and drawn.min() >= 0 and drawn.max() <= 1
    redness = drawn[..., 0] - drawn[..., 2]
    assert redness.max() > 0.3  # covering the bright pixel raises the score
    with pytest.raises(ValueError, match="a picture of"):
        visualize.draw_occlusion(np.zeros((5, 5, 3)), found)


@pytest.mark.parametrize(
    "how, words",
    [
        ({"patch": 9}, "within the picture of 8 x 8, received 9 x 9"),
        ({"patch": (2, 9)}, "received 2 x 9"),
        ({"patch": 0}, "at least 1 for patch"),
        ({"patch": 2, "stride": 3}, "a stride of at most 2"),
        ({"stride": 0}, "at least 1 for stride"),
        ({"cover": 2}, "a cover in 0..1"),
        ({"batch_size": 0}, "at least 1 for batch_size"),
        ({"score": lambda batch: batch}, "1 finite scores, received shape"),
        ({"score": lambda batch: np.full(len(batch), np.nan)}, "not finite"),
    ],
)
def test_what_goes_wrong_is_said(how, words):
    score = how.pop("score", lambda batch: batch.mean((1, 2, 3)))
    with pytest.raises(ValueError) as raised:
        visualize.occlusion_map(score, np.zeros((8, 8, 3)), **how)
    assert words in str(raised.value)


def test_an_encoding_of_another_length():
    tower = keras.Sequential([keras.Input((4, 4, 3)), layers.GlobalAveragePooling2D()])
    with pytest.raises(ValueError, match="an encoding of shape"):
        visualize.distance_to(tower, np.zeros(4))
