"""Colours: light and dark from one picture, colours from another; means and covariances brought together."""

import numpy as np
import pytest

from keras_apps import images
from keras_apps.style import colors


@pytest.fixture
def mild(rng):
    """A content picture of correlated colours, so mild that nothing is cut off at 0 or 1."""
    mixing = np.array([[0.05, 0.0, 0.0], [0.03, 0.04, 0.0], [-0.02, 0.01, 0.03]])
    return (0.5 + rng.uniform(-1, 1, (9, 11, 3)) @ mixing.T).astype(np.float32)


@pytest.fixture
def bright(rng):
    return (rng.uniform(size=(13, 7, 3)) * (1, 0.6, 0.3)).astype(np.float32)


def statistics(picture):
    pixels = picture.reshape(-1, 3).astype(np.float64)
    return pixels.mean(axis=0), np.cov(pixels.T, bias=True)


def test_luminance_of_the_primaries():
    """Y of red, green, blue, white, black is 0.299, 0.587, 0.114, 1, 0."""
    row = np.array([[[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1], [0, 0, 0]]], np.float32)
    np.testing.assert_allclose(colors.luminance(row), [[0.299, 0.587, 0.114, 1, 0]], atol=1e-7)
    grey = colors.as_grey(row)
    np.testing.assert_array_equal(grey[..., 0], grey[..., 2])
    np.testing.assert_allclose(colors.luminance(grey), colors.luminance(row), atol=1e-7)


def yiq(picture):
    matrix = np.array([[0.299, 0.587, 0.114], [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]])
    return picture @ matrix.T


def test_colors_of_the_content_with_the_light_of_the_painting(mild):
    """Y is the painting's, I and Q are the content's, by the matrix of YIQ written out."""
    painted = np.clip(mild[::-1, ::-1] + 0.07, 0, 1)
    found = yiq(colors.with_colors_of(painted, mild))
    np.testing.assert_allclose(found[..., 0], yiq(painted)[..., 0], atol=1e-6)
    np.testing.assert_allclose(found[..., 1:], yiq(mild)[..., 1:], atol=1e-5)


def test_a_color_that_does_not_fit_is_made_paler():
    """Pure red (Y = 0.299, chroma 0.701, -0.299, -0.299) at Y = 0.8: red has room for 0.2 of 0.701.

    The share 0.2 / 0.701 of the chroma is left: (1, 0.8 - 0.299 x 0.2853, the same) = (1, 0.7147, 0.7147).
    """
    red, light = np.array([[[1.0, 0.0, 0.0]]]), np.full((1, 1, 3), 0.8)
    found = colors.with_colors_of(light, red)
    np.testing.assert_allclose(found, [[[1, 0.714693, 0.714693]]], atol=1e-6)
    np.testing.assert_allclose(colors.luminance(found), 0.8, atol=1e-6)


def test_any_two_pictures_give_the_light_of_one_and_the_hue_of_the_other(rng):
    painted, content = rng.uniform(size=(2, 20, 20, 3)).astype(np.float32)
    painted[0], painted[1], content[2], content[3] = 0, 1, 0, 1
    found = colors.with_colors_of(painted, content)
    assert found.min() >= 0 and found.max() <= 1
    np.testing.assert_allclose(colors.luminance(found), colors.luminance(painted), atol=1e-6)
    mine, theirs = yiq(found)[..., 1:], yiq(content)[..., 1:]
    np.testing.assert_allclose(mine[..., 0] * theirs[..., 1], mine[..., 1] * theirs[..., 0], atol=1e-5)


def test_luminance_is_matched_by_hand():
    """Y_S = 0.2, 0.6: mean 0.4, deviation 0.2; Y_C = 0.4, 0.6, mean 0.5, deviation 0.1: half as far from 0.5."""
    style = np.array([[[0.2] * 3, [0.6] * 3]])
    content = np.array([[[0.4] * 3], [[0.6] * 3]])
    np.testing.assert_allclose(colors.match_luminance(style, content), [[[0.4] * 3, [0.6] * 3]], atol=1e-6)


def test_mean_and_covariance_become_the_contents(mild, bright):
    matched = colors.match_colors(bright, mild)
    assert matched.min() > 0 and matched.max() < 1
    for found, expected in zip(statistics(matched), statistics(mild), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.abs(statistics(bright)[1] - statistics(mild)[1]).max() > 0.01


def test_the_map_before_anything_is_cut(bright, rng):
    """A V_S A^T = V_C and A m_S + b = m_C hold for a vivid content too, whose matched style exceeds 0..1."""
    vivid = rng.choice([0.0, 1.0], (15, 15, 3))
    A, b = colors.color_map(bright, vivid)
    (m_S, V_S), (m_C, V_C) = statistics(bright), statistics(vivid)
    np.testing.assert_allclose(A @ V_S @ A.T, V_C, atol=1e-9)
    np.testing.assert_allclose(A @ m_S + b, m_C, atol=1e-9)
    matched = colors.match_colors(bright, vivid)
    assert matched.min() == 0 and matched.max() == 1


def test_a_picture_is_matched_to_itself_unchanged(bright):
    np.testing.assert_allclose(colors.match_colors(bright, bright), bright, atol=1e-6)
    A, b = colors.color_map(bright, bright)
    np.testing.assert_allclose(A, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(b, 0, atol=1e-9)


def test_independent_channels_are_stretched_each_for_itself():
    """Deviations (0.2, 0.1, 0.1) to (0.1, 0.1, 0.2), no correlation: A = diag(0.5, 1, 2)."""
    signs = np.array([[[a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)]])
    A, _ = colors.color_map(0.5 + signs * (0.2, 0.1, 0.1), 0.5 + signs * (0.1, 0.1, 0.2))
    np.testing.assert_allclose(A, np.diag([0.5, 1, 2]), atol=1e-9)


@pytest.mark.parametrize("color", ["luminance", "matched"])
@pytest.mark.parametrize("kind", ["flat", "grey", "nearly flat", "two colors"])
@pytest.mark.parametrize("side", ["style", "content"])
def test_pictures_with_little_color_give_no_nonsense(color, kind, side, bright, rng):
    poor = {
        "flat": np.full((6, 5, 3), (0.2, 0.5, 0.7)),
        "grey": np.repeat(rng.uniform(size=(6, 5, 1)), 3, axis=2),
        "nearly flat": 0.3 + rng.integers(0, 2, (6, 5, 3)) * 1e-4,
        "two colors": np.where(rng.uniform(size=(6, 5, 1)) < 0.5, (0.9, 0.1, 0.2), (0.1, 0.3, 0.6)),
    }[kind].astype(np.float32)
    style, content = (poor, bright) if side == "style" else (bright, poor)
    prepared_content, (prepared,) = colors.prepare(content, [style], color)
    finished = colors.finish(rng.uniform(size=content.shape).astype(np.float32), content, color)
    for picture in (prepared_content, prepared, finished):
        assert np.all(np.isfinite(picture)) and picture.min() >= 0 and picture.max() <= 1
    mean = prepared.mean(axis=(0, 1))
    expected = colors.luminance(content).mean() if color == "luminance" else content.mean(axis=(0, 1))
    np.testing.assert_allclose(mean, expected, atol=0.06)


def test_a_flat_style_takes_the_contents_mean_color(bright):
    flat = np.full((4, 4, 3), 0.9, np.float32)
    np.testing.assert_allclose(
        colors.match_colors(flat, bright), np.broadcast_to(bright.mean((0, 1)), flat.shape), 1e-5
    )


def test_what_is_painted_with_and_what_comes_out(mild, bright):
    content, styles = colors.prepare(mild, [bright, mild], "style")
    assert content is mild and styles[0] is bright and styles[1] is mild
    assert colors.finish(bright, mild, "matched") is bright
    content, styles = colors.prepare(mild, [bright], "matched")
    assert content is mild
    np.testing.assert_array_equal(styles[0], colors.match_colors(bright, mild))
    content, styles = colors.prepare(mild, [bright], "luminance")
    np.testing.assert_array_equal(content, colors.as_grey(mild))
    assert np.ptp(styles[0], axis=2).max() == 0
    finished = colors.finish(content, mild, "luminance")
    np.testing.assert_allclose(finished, mild, atol=1e-6)


def test_a_photograph_keeps_its_colors_under_a_painting():
    """Of a bundled photograph and painting: the finished chroma follows the photograph's, the light the painting's."""
    content, painting = (images.resize(images.load_image(f"bundled:{n}"), (48, 48)) for n in ("coffee", "vortices"))
    finished = colors.finish(painting, content, "luminance")
    chroma = [np.ravel(yiq(p)[..., 1]) for p in (finished, content, painting)]
    assert np.corrcoef(chroma[0], chroma[1])[0, 1] > 0.8 > abs(np.corrcoef(chroma[0], chroma[2])[0, 1])


def test_wrong_names_and_shapes(mild, bright):
    for function, arguments in ((colors.prepare, (mild, [bright])), (colors.finish, (mild, mild))):
        with pytest.raises(ValueError, match="received 'luminanc'; did you mean 'luminance'"):
            function(*arguments, "luminanc")
    with pytest.raises(ValueError, match="one shape, received .* and"):
        colors.finish(bright, mild, "luminance")
    with pytest.raises(ValueError, match=r"expected a picture \(h, w, 3\), received shape \(4, 4\)"):
        colors.luminance(np.zeros((4, 4)))
