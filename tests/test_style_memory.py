"""What a transfer's memory is estimated at, and what is proposed where there is too little."""

import pytest

from keras_apps.style.recipes.recipe import Recipe
from keras_apps.style.tiling import resources


@pytest.mark.parametrize(
    ("size", "tile", "measured"),
    [(256, None, 1.53), (384, None, 1.73), (512, None, 2.01), (768, None, 2.81), (1024, None, 3.95), (2048, 512, 2.84)],
)
def test_the_estimate_is_above_what_was_measured_but_not_by_much(size, tile, measured):
    """GB that benchmarks/style_memory.py measured with Adam."""
    assert measured * 1e9 <= resources.memory_needed(size, size, tile) <= 1.3 * measured * 1e9


def test_grows_with_what_is_computed_at_once():
    needed = resources.memory_needed
    assert needed(512, 512) < needed(512, 1024) == needed(1024, 512)
    assert needed(2048, 2048, 256) < needed(2048, 2048, 512) < needed(2048, 2048, 1024) < needed(2048, 2048)
    assert needed(512, 512, 1024) == needed(512, 512)
    assert needed(512, 512, kept=resources.bytes_kept(Recipe(optimizer="lbfgs"))) > 1.1 * needed(512, 512)
    assert resources.bytes_kept(Recipe(optimizer="adam")) == 0


def test_too_little_memory_is_answered_with_what_would_fit(monkeypatch):
    """3 GB less the base of 1.7 leave 1.3 GB: at 2700 bytes a pixel, 694 x 694 pixels, so 672 in steps of 32.

    2048 x 2048 in tiles: 130 bytes a pixel are 0.55 GB, which leaves 0.75 GB: 528 x 528 pixels, less the margins 400.
    """
    monkeypatch.setattr(resources, "available_memory", lambda: 3e9)
    resources.check_memory(672, 672)
    resources.check_memory(2048, 2048, 256)
    told = "about 13.0 GB .* 2048 x 2048 pixels, received 3.0 GB .*; choose a size of at most 672 or tiles of 256"
    with pytest.raises(MemoryError, match=told):
        resources.check_memory(2048, 2048)
    with pytest.raises(MemoryError, match=r"2048 x 2048 pixels in tiles of 512, received .*\(--tile 256\)"):
        resources.check_memory(2048, 2048, 512)


def test_nothing_fits_into_too_little(monkeypatch):
    monkeypatch.setattr(resources, "available_memory", lambda: 1e9)
    with pytest.raises(MemoryError, match="choose a machine with more memory"):
        resources.check_memory(64, 64)


def test_a_proposed_size_fits(monkeypatch):
    monkeypatch.setattr(resources, "available_memory", lambda: 2.5e9)
    with pytest.raises(MemoryError, match="a size of at most (\\d+)") as raised:
        resources.check_memory(600, 900, kept=1650)
    longest = int(str(raised.value).split("at most ")[1].split()[0])
    resources.check_memory(longest * 600 // 900, longest, kept=1650)
