"""Painted style pictures: the same for a seed, the same at every size, unlike one another, and bundled."""

import numpy as np
import pytest

from keras_apps import images
from keras_apps.style.paintings.registry import KINDS, paint


def reduced(picture, size):
    """Average `picture` `(n, n, 3)` over squares, to `(size, size, 3)`."""
    step = len(picture) // size
    return picture.reshape(size, step, size, step, 3).mean(axis=(1, 3))


@pytest.fixture(scope="module")
def small():
    return {kind: paint(kind, size=128) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_is_a_picture(small, kind):
    picture = small[kind]
    assert picture.shape == (128, 128, 3) and picture.dtype == np.float32
    assert 0 <= picture.min() < 0.2 and 0.8 < picture.max() <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_picture_another_seed_another(small, kind):
    np.testing.assert_array_equal(paint(kind, size=128, seed=0), small[kind])
    assert np.abs(paint(kind, size=128, seed=1) - small[kind]).mean() > 0.05


@pytest.mark.parametrize("kind", KINDS)
def test_has_texture_everywhere(small, kind):
    """Each of the 64 squares of 16 pixels varies: style lies in texture, and a flat area has none."""
    squares = small[kind].mean(axis=-1).reshape(8, 16, 8, 16).std(axis=(1, 3))
    assert squares.min() > 0.015 and np.median(squares) > 0.05


def test_kinds_have_palettes_of_their_own(small):
    """The colour histograms (4 levels a channel) of two kinds overlap by less than two thirds."""
    histograms = []
    for kind in KINDS:
        level = np.minimum((small[kind] * 4).astype(int), 3)
        histograms.append(np.bincount((level @ [16, 4, 1]).ravel(), minlength=64) / 128**2)
    for i, first in enumerate(histograms):
        for second in histograms[i + 1 :]:
            assert np.minimum(first, second).sum() < 2 / 3


@pytest.mark.parametrize("kind", KINDS)
def test_bundled_picture_is_this_one_at_another_size(kind):
    """Measured: 0.015 to 0.048 for the same seed (grout and bristles differ most), 0.143 to 0.213 for another."""
    bundled = images.load_image(f"bundled:{kind}")
    assert bundled.shape == (512, 512, 3)
    assert np.abs(reduced(bundled, 256) - paint(kind, size=256)).mean() < 0.07


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_bundled_picture_is_what_paint_gives(kind):
    """Measured: JPEG at quality 90 moves a value by 0.010 to 0.021 on average."""
    assert np.abs(images.load_image(f"bundled:{kind}") - paint(kind)).mean() < 0.04


def test_unknown_kind_names_the_near_ones():
    with pytest.raises(ValueError, match=r"expected a kind .*mosaic.*received 'vortex'; did you mean 'vortices'"):
        paint("vortex")
    with pytest.raises(ValueError, match="received 'zzz'$"):
        paint("zzz")


@pytest.mark.parametrize("size", [63, 2049, -1])
def test_size_out_of_range(size):
    with pytest.raises(ValueError, match=f"expected size from 64 to 2048 pixels, received {size}"):
        paint("mosaic", size=size)


def test_size_and_seed_are_integers():
    with pytest.raises(TypeError, match="expected size to be an integer, received 128.0"):
        paint("mosaic", size=128.0)
    with pytest.raises(TypeError, match="expected seed to be an integer, received None"):
        paint("mosaic", seed=None)
    with pytest.raises(ValueError, match="expected seed >= 0, received -1"):
        paint("mosaic", seed=-1)
