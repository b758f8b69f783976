"""The error for a wrong name."""

import pytest

from keras_apps._checks import check_choice


def test_a_choice_that_exists_passes():
    check_choice("start", "noise", ("content", "noise"))


@pytest.mark.parametrize("value", ["noisy", None, ["noise"], 3])
def test_anything_else_is_refused_with_the_choices(value):
    with pytest.raises(ValueError, match="expected a start among content, noise, received"):
        check_choice("start", value, ("content", "noise"))


def test_near_names_are_proposed_and_far_ones_are_not():
    with pytest.raises(ValueError, match="an optimizer among adam, lbfgs, received 'adan'; did you mean 'adam'.$"):
        check_choice("optimizer", "adan", ("adam", "lbfgs"))
    with pytest.raises(ValueError, match="received 'xyz'$"):
        check_choice("optimizer", "xyz", ("adam", "lbfgs"))


def test_another_kind_of_error():
    with pytest.raises(FileNotFoundError):
        check_choice("file", "a", ("b",), FileNotFoundError)
