"""Filters that slide, drawn: the numbers told are the arithmetic's, and what is drawn moves."""

import numpy as np
import pytest

from keras_apps.dimensions import plot_sliding, sliding_frames
from keras_apps.dimensions.drawing import project


def words(figure):
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def test_the_figure_tells_the_course_s_numbers():
    """14 - 5 + 1 = 10 along each axis; 10 x 5 = 50, 10^2 x 5^2 = 2,500 and 10^3 x 5^3 = 125,000 products."""
    told = " ".join(words(plot_sliding()))
    for rank, products in ((1, "50"), (2, "2,500"), (3, "125,000")):
        sizes = [" x ".join([n] * rank) for n in ("14", "5", "10")]
        assert f"{sizes[0]} * {sizes[1]} -> {sizes[2]}: {5**rank} weights a filter, {products} multi" in told


def test_a_stride_is_told_and_its_output_smaller():
    """floor((14 - 5) / 3) + 1 = 4."""
    assert any("14 * 5 -> 4: 5 weights a filter, stride 3" in text for text in words(plot_sliding(1, stride=3)))


def test_depth_goes_to_the_back():
    near, far = project(np.array([[0, 0, 0], [5, 0, 0]]))
    assert (far > near).all()


@pytest.mark.parametrize(("rank", "positions"), [(1, 4), (2, 16), (3, 64)])
def test_a_film_has_a_frame_for_each_position(rank, positions):
    """6 - 3 + 1 = 4 positions along each axis; each frame differs from the one before."""
    frames = list(sliding_frames(rank, 6, 3, every=4 if rank == 3 else 1, dpi=20))
    assert len(frames) == (positions if rank < 3 else positions // 4)
    assert {frame.shape for frame in frames} == {frames[0].shape}
    assert frames[0].dtype == np.uint8
    changed = [np.abs(a.astype(int) - b).max() for a, b in zip(frames, frames[1:], strict=False)]
    assert min(changed) > 50


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"rank": 4}, ValueError, "rank of 1, 2 or 3, received 4"),
        ({"rank": []}, ValueError, "received none"),
        ({"rank": "12"}, ValueError, "received '12'"),
        ({"rank": 2, "size": 4}, ValueError, "received a kernel of 5 on an input of 4"),
        ({"rank": 2, "size": 100}, ValueError, "size of at most 24 to be drawn, received 100"),
        ({"rank": 2, "size": 14.0}, TypeError, "whole number for size"),
        ({"rank": 2, "position": (10, 0)}, ValueError, r"position among 10 x 10, received \(10, 0\)"),
        ({"rank": 2, "position": 3}, ValueError, r"position among 10 x 10, received \(3,\)"),
        ({"rank": 1, "position": (1.5,)}, TypeError, "whole number for each index of the position, received 1.5"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        plot_sliding(**arguments)
