"""A folder of photographs becomes a folder of chips: the bundled pictures of two people."""

import shutil

import numpy as np
import pytest
from PIL import Image

from keras_apps import images
from keras_apps.faces.alignment import SFACE, STANDARD
from keras_apps.faces.detection import find_faces_in
from keras_apps.faces.people.chips import align_people, aligned_only, chip_paths
from keras_apps.faces.people.people import People


@pytest.fixture
def people(tmp_path):
    for person, names in (("Barack", ("obama", "obama2")), ("Joe", ("biden",)), ("Cup", ("coffee",))):
        for name in names:
            source = images.resolve(f"bundled:{name}")
            (tmp_path / "photos" / person).mkdir(parents=True, exist_ok=True)
            shutil.copy(source, tmp_path / "photos" / person / f"{name}{source.suffix}")
    return People.from_folder(tmp_path / "photos")


@pytest.fixture(scope="module")
def chips():
    """Chips of the standard layout, for towers that do not say otherwise."""
    names = [f"bundled:{name}" for name in ("obama", "obama2", "biden")]
    found = find_faces_in(names, layout=STANDARD)
    return {name.removeprefix("bundled:"): faces[0].image for name, faces in zip(names, found, strict=True)}


def test_chips_are_cut_once_and_pictures_without_a_face_are_named(people, tmp_path, chips):
    seen = []
    done = align_people(people, tmp_path / "chips", progress=lambda *now: seen.append(now))
    assert (done.aligned, done.kept) == (3, 0) and [p.rsplit("/", 1)[-1] for p in done.missing] == ["coffee.jpg"]
    assert seen == [(0, 4), (4, 4)]
    chip = images.to_uint8(images.load_image(tmp_path / "chips" / "Barack" / "obama.png"))
    assert chip.shape == (150, 150, 3) and np.abs(chip.astype(int) - chips["obama"]).max() <= 1
    before = (tmp_path / "chips" / "Joe" / "biden.png").stat().st_mtime_ns
    again = align_people(people, tmp_path / "chips", without_face="centre", size=32)
    assert (again.aligned, again.kept) == (1, 3) and (tmp_path / "chips/Joe/biden.png").stat().st_mtime_ns == before
    assert images.load_image(tmp_path / "chips" / "Cup" / "coffee.png").shape == (32, 32, 3)
    (tmp_path / "chips" / "Cup" / "coffee.png").unlink()
    kept = aligned_only(people, tmp_path / "chips")
    assert kept.names == ("Barack", "Joe") and kept.labels.tolist() == [0, 0, 1]
    assert [path.name for path in kept.pictures] == ["obama.png", "obama2.png", "biden.png"]


def test_the_face_nearest_the_centre_is_taken(two_faces, tmp_path):
    """Two people side by side, the picture cut so that the smaller face stands in the middle."""
    (tmp_path / "a" / "x").mkdir(parents=True)
    (tmp_path / "a" / "y").mkdir()
    images.save_image(two_faces, tmp_path / "a" / "x" / "both.png")
    images.save_image(two_faces, tmp_path / "a" / "x" / "both.jpg")
    Image.new("RGB", (40, 40)).save(tmp_path / "a" / "y" / "none.png")
    people = People.from_folder(tmp_path / "a")
    assert [p.name for p in chip_paths(people, "out")] == ["both.jpg.png", "both.png.png", "none.png"]
    wide = np.pad(two_faces, ((0, 0), (700, 0), (0, 0)))  # the left one of the two is nearer the centre now
    images.save_image(wide, tmp_path / "a" / "x" / "both.png")
    align_people(people, tmp_path / "out")
    chip = images.to_uint8(images.load_image(tmp_path / "out" / "x" / "both.png.png")).astype(float)
    both = sorted(find_faces_in([wide], layout=STANDARD)[0], key=lambda face: face.box[0])
    far = [np.abs(chip - face.image).mean() for face in both]
    assert far[0] < 1 < 10 < far[1]


def test_a_chip_belongs_to_one_picture_and_is_cut_anew_for_another(people, tmp_path, chips):
    """The same name in another folder, or other bytes under the name, older than the chip: the chip is not kept."""
    align_people(people, tmp_path / "chips")
    (tmp_path / "other" / "Barack").mkdir(parents=True)
    (tmp_path / "other" / "Joe").mkdir()
    for source, name in ((people.pictures[-1], "Barack/obama.jpg"), (people.pictures[0], "Barack/obama2.jpg")):
        shutil.copy2(source, tmp_path / "other" / name)
    Image.new("RGB", (40, 40)).save(tmp_path / "other" / "Joe" / "biden.jpg")
    other = People.from_folder(tmp_path / "other")
    done = align_people(other, tmp_path / "chips")
    assert (done.aligned, done.kept, len(done.missing)) == (2, 0, 1)
    chip = images.to_uint8(images.load_image(tmp_path / "chips" / "Barack" / "obama.png")).astype(int)
    assert np.abs(chip - chips["biden"]).max() <= 1 < np.abs(chip - chips["obama"]).max()
    assert not (tmp_path / "chips" / "Joe" / "biden.png").exists()
    assert align_people(other, tmp_path / "chips", without_face="centre").kept == 2
    assert align_people(other, tmp_path / "chips", without_face="centre").kept == 3
    assert align_people(other, tmp_path / "chips").missing == (str(tmp_path / "other" / "Joe" / "biden.jpg"),)
    assert not (tmp_path / "chips" / "Joe" / "biden.png").exists()


def test_no_picture_is_taken_for_a_chip(people, tmp_path):
    (tmp_path / "mine" / "Joe").mkdir(parents=True)
    Image.new("RGB", (40, 40)).save(tmp_path / "mine" / "Joe" / "biden.png")
    with pytest.raises(ValueError, match="a folder for chips, received one that holds another picture, '.*biden.png'"):
        align_people(people, tmp_path / "mine")


def test_no_two_pictures_share_a_chip(tmp_path):
    pictures = [tmp_path / "a" / name for name in ("1.jpg", "1.jpg.png", "1.png", "2.jpg", "2.jpg.png", "3.x.jpg")]
    found = chip_paths(People(pictures, [0] * 6, ["a"]), "out")
    names = ["1.jpg.png", "1.jpg.png.png", "1.png.png", "2.png", "2.jpg.png.png", "3.x.png"]
    assert [path.name for path in found] == names


def test_what_cannot_be_aligned_is_refused(people, tmp_path):
    with pytest.raises(ValueError, match="without_face 'skip' or 'centre', received 'cut'"):
        align_people(people, tmp_path / "chips", without_face="cut")
    arrays = People.from_arrays(np.zeros((3, 8, 8, 3), np.uint8), [0, 0, 1])
    with pytest.raises(ValueError, match="expected people from a folder, received arrays"):
        align_people(arrays, tmp_path / "chips")


def test_a_chip_of_another_layout_is_cut_anew(people, tmp_path):
    assert align_people(people, tmp_path / "chips").aligned == 3
    assert align_people(people, tmp_path / "chips", size=SFACE.size, layout=SFACE).aligned == 3
    assert align_people(people, tmp_path / "chips", size=SFACE.size, layout=SFACE).kept == 3
