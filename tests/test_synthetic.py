"""Synthetic people: the same ones each time, alike within a person, and not to be told apart by pixels alone."""

import numpy as np
import pytest

from keras_apps.faces.people.synthetic import drawing
from keras_apps.faces.people.synthetic.crowd import synthetic_people
from keras_apps.faces.people.synthetic.person import TRAITS, meet
from keras_apps.faces.people.synthetic.photo import take
from keras_apps.faces.people.synthetic.render import render
from keras_apps.faces.people.synthetic.shapes import paint, ridge, sample, soft, texture
from keras_apps.faces.people.synthetic.view import HEIGHTS, View, outline


@pytest.fixture(scope="module")
def crowd():
    """24 people, 5 pictures each, 24 x 24."""
    return synthetic_people(24, 5, size=24, seed=3)


def pair_distances(pictures: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the squared pixel distance of every pair of pictures, and whether it shows one person."""
    flat = pictures.reshape(len(pictures), -1).astype(np.float64)
    first, second = np.triu_indices(len(flat), 1)
    squares = (flat**2).sum(axis=1)
    distances = squares[first] + squares[second] - 2 * (flat @ flat.T)[first, second]
    return distances, labels[first] == labels[second]


def equal_error_rate(distances: np.ndarray, same: np.ndarray) -> float:
    taus = np.quantile(distances, np.linspace(0, 1, 2001))
    far = np.array([np.mean(distances[~same] <= tau) for tau in taus])
    frr = np.array([np.mean(distances[same] > tau) for tau in taus])
    nearest = np.argmin(np.abs(far - frr))
    return (far[nearest] + frr[nearest]) / 2


def test_pictures_of_a_person_stand_together_with_its_number(crowd):
    images, labels = crowd
    assert images.shape == (120, 24, 24, 3) and images.dtype == np.uint8
    assert labels.dtype == np.int32 and labels.tolist() == [person for person in range(24) for _ in range(5)]


def test_same_seed_same_pictures_and_another_seed_other_people():
    first, _ = synthetic_people(2, 2, size=24, seed=5)
    again, _ = synthetic_people(2, 2, size=24, seed=5)
    other, _ = synthetic_people(2, 2, size=24, seed=6)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_picture_does_not_depend_on_how_many_are_asked_for(crowd):
    images, _ = crowd
    few, labels = synthetic_people(3, 2, size=24, seed=3, first_person=11)
    assert labels.tolist() == [11, 11, 12, 12, 13, 13]
    for place, (person, picture) in enumerate([(11, 0), (11, 1), (12, 0), (12, 1), (13, 0), (13, 1)]):
        assert np.array_equal(few[place], images[5 * person + picture])


@pytest.mark.parametrize("processes", [2])
def test_a_picture_does_not_depend_on_the_processes(crowd, processes):
    images, labels = synthetic_people(4, 5, size=24, seed=3, processes=processes)
    assert np.array_equal(images, crowd[0][:20]) and labels.tolist() == crowd[1][:20].tolist()


def test_what_another_process_fails_to_deliver_is_drawn_here(crowd, monkeypatch):
    monkeypatch.setattr(drawing, "CHILD", "import sys; sys.stdout.write('half a picture')")
    images, _ = synthetic_people(3, 5, size=24, seed=3, processes=2)
    assert np.array_equal(images, crowd[0][:15])
    monkeypatch.setattr(drawing.sys, "executable", "/nowhere/python")
    images, _ = synthetic_people(3, 5, size=24, seed=3, processes=2)
    assert np.array_equal(images, crowd[0][:15])


def test_pictures_are_bright_varied_and_in_colour(crowd):
    images, _ = crowd
    levels = images.astype(float)
    assert 70 < levels.mean() < 150
    assert levels.std(axis=(1, 2, 3)).min() > 10
    assert np.ptp(levels.mean(axis=(1, 2)), axis=1).mean() > 8
    assert np.mean(images == 255) < 0.05 and np.mean(images == 0) < 0.05


def test_pixels_alone_do_not_tell_who_it_is(crowd):
    """The equal error rate of raw and of contrast-normalised pixels stays above 25 %."""
    images, labels = crowd
    levels = images.reshape(len(images), -1).astype(np.float64)
    levels = (levels - levels.mean(axis=1, keepdims=True)) / levels.std(axis=1, keepdims=True)
    assert equal_error_rate(*pair_distances(images, labels)) > 0.25
    assert equal_error_rate(*pair_distances(levels, labels)) > 0.25


def test_people_differ_more_than_their_pictures_under_one_light():
    """All seen from the front, in the same light: the nearest picture of 24 shows the same person, 24 times."""
    calm = take(0, 0, 0, None)
    for name in ("yaw", "pitch", "roll", "left", "up", "barrel", "warm", "green", "vignette", "grain", "blur", "open"):
        setattr(calm, name, 0.0)
    calm.cap = calm.glasses = None
    pictures = []
    for number in range(24):
        for smile in (0.0, 0.6):
            calm.smile = smile
            pictures.append(render(meet(8, number), calm, 48))
    distances, same = pair_distances(np.array(pictures), np.repeat(np.arange(24), 2))
    assert distances[same].mean() < distances[~same].mean() / 4
    matrix = np.full((48, 48), np.inf)
    first, second = np.triu_indices(48, 1)
    matrix[first, second] = matrix[second, first] = distances
    assert (matrix.argmin(axis=1) // 2 == np.arange(48) // 2).all()


def test_another_size_shows_the_same_scene():
    """Half the size, then each 2 x 2 block of the larger picture, differ by little: only sampling and grain."""
    small, _ = synthetic_people(6, 2, size=32, seed=1)
    large, _ = synthetic_people(6, 2, size=64, seed=1)
    blocks = large.reshape(12, 32, 2, 32, 2, 3).mean(axis=(2, 4))
    assert np.abs(blocks - small).mean() < 6


def test_a_light_from_the_left_brightens_the_left():
    person, photo = meet(0, 2), take(0, 2, 0, None)
    for name in ("yaw", "pitch", "roll", "left", "up", "light_y", "grain", "blur"):
        setattr(photo, name, 0.0)
    photo.ambient, photo.key, photo.cap = 0.3, 0.8, None
    middle = slice(24, 40)
    shades = []
    for photo.light_x in (-1.0, 1.0):
        face = render(person, photo, 64)[middle, 18:46].astype(float).mean(axis=(0, 2))
        shades.append(face[:14].mean() - face[14:].mean())
    assert shades[0] > 5 and shades[1] < -5


def test_a_place_on_the_head_is_found_again_in_its_patch():
    """`project` undoes the view's grids: the pixel nearest to the projected nose root shows the nose root."""
    for index in range(6):
        person, photo = meet(2, 0), take(2, 0, index, None)
        photo.barrel = 0.0
        view = View(person, photo, 128)
        for x, y in ((0.0, 0.1), (0.3, -0.05), (-0.25, 0.4)):
            sx, sy = view.project(x, y)
            away = np.hypot(view.sx[view.box] - sx, view.sy[view.box] - sy)
            place = np.unravel_index(away.argmin(), away.shape)
            assert abs(view.x[place] - x) < 3 * view.pixel and abs(view.y[place] - y) < 3 * view.pixel
            rows, columns = view.patch(x, y, 0.05, 0.05)
            assert rows.start <= place[0] < rows.stop and columns.start <= place[1] < columns.stop


def test_an_ellipse_is_an_outline():
    """With the exponents 2 the half width at height 0.6 of 1 is 0.8 of the width: 3-4-5."""
    widths = outline(0.5, 1.0, 2.0, 1.0, 2.0, 2.0)
    assert np.interp([-0.6, 0.0, 0.6, 1.2], HEIGHTS, widths) == pytest.approx([0.4, 0.5, 0.4, 0.0], abs=2e-3)


def test_drawing_tools_on_numbers_by_hand():
    assert soft(np.array([0.25, -0.25]), 1.0).tolist() == [0.25, 0.75]
    assert ridge(np.array([2.0]), 2.0)[0] == pytest.approx(np.exp(-1))
    planes = np.full((3, 1, 2), 0.5)
    paint(planes, np.array([[0.0, 1.0]]), np.array([0.1, 0.2, 0.3]))
    assert np.allclose(planes[:, 0].T, [[0.5, 0.5, 0.5], [0.1, 0.2, 0.3]])
    tile = texture(np.random.default_rng(0), 4, 16)
    assert tile.shape == (16, 16) and np.abs(tile).max() <= 1
    assert len(set(sample(tile, np.array([0.3, 1.3, -0.7]), np.zeros(3)).tolist())) == 1


def test_traits_stay_in_their_ranges():
    people = [meet(0, number) for number in range(30)]
    for name, (low, high) in TRAITS.items():
        if name not in ("hair_high", "hair_side"):  # The style of the hair changes these.
            assert all(low <= getattr(person, name) <= high for person in people)
    assert len({person.chin for person in people}) == 30


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"people": 0}, ValueError),
        ({"people": 2.0}, TypeError),
        ({"people": True}, TypeError),
        ({"pictures": -1}, ValueError),
        ({"pictures": "3"}, TypeError),
        ({"size": 15}, ValueError),
        ({"size": 1025}, ValueError),
        ({"seed": -1}, ValueError),
        ({"seed": None}, TypeError),
        ({"first_person": -1}, ValueError),
        ({"first_person": 2**31 - 1, "people": 2}, ValueError),
        ({"processes": 0}, ValueError),
    ],
)
def test_wrong_arguments_are_named(arguments, error):
    name = list(arguments)[0]
    with pytest.raises(error, match=f"expected an integer .*{name}.*, received"):
        synthetic_people(**{"people": 1, "pictures": 1, "size": 16, **arguments})


def test_numpy_integers_will_do():
    images, _ = synthetic_people(np.int64(1), np.int32(1), size=np.uint8(16))
    assert images.shape == (1, 16, 16, 3)
