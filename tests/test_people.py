"""People by folder and by array: what is read, what is refused, and that no part of a split knows another's people."""

import numpy as np
import pytest
from PIL import Image

from keras_apps import images
from keras_apps.faces.people.people import People
from keras_apps.faces.people.reading import SquarePictures, square


def save(path, colour=(200, 10, 10), size=(40, 30), **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path, **options)


@pytest.fixture
def root(tmp_path):
    """Ada has three pictures, Alan two, Grace one; with clutter that is to be passed over."""
    root = tmp_path / "people"
    for name, count in (("Grace", 1), ("Alan", 2), ("Ada", 3)):
        for number in range(count):
            save(root / name / f"{name}_{number}.{'png' if number else 'jpg'}", (60 * number, 0, 0))
    (root / ".hidden").mkdir()
    save(root / ".hidden" / "a.png")
    (root / "Ada" / ".a.jpg").write_text("no picture")
    (root / "Ada" / "notes.txt").write_text("no picture")
    (root / "README").write_text("no person")
    (root / "Nobody").mkdir()
    return root


def numbered(counts):
    """Pictures of one colour each, the colour telling the picture: counts[i] pictures of person i."""
    labels = np.repeat(np.arange(len(counts)), counts)
    pictures = np.broadcast_to(np.arange(len(labels), dtype=np.uint8)[:, None, None, None], (len(labels), 8, 8, 3))
    return People.from_arrays(pictures, labels)


def test_a_folder_is_read_in_order_of_name_without_hidden_files(root):
    people = People.from_folder(root)
    assert people.names == ("Ada", "Alan", "Grace") and people.counts.tolist() == [3, 2, 1]
    assert [path.name for path in people.pictures[:3]] == ["Ada_0.jpg", "Ada_1.png", "Ada_2.png"]
    assert people.labels.tolist() == [0, 0, 0, 1, 1, 2] and people.labels.dtype == np.int32
    assert people.of("Alan").tolist() == [3, 4] and len(people) == 6
    assert repr(people) == "People(3 people, 6 pictures; 2 with several pictures (5), 1 with one)"


@pytest.mark.parametrize("check", [True, False])
def test_folders_that_hold_no_people_are_refused(tmp_path, check):
    with pytest.raises(FileNotFoundError, match="expected a folder of people, received '.*nowhere'"):
        People.from_folder(tmp_path / "nowhere", check=check)
    with pytest.raises(ValueError, match="expected pictures at person/picture.jpg .* received none$"):
        People.from_folder(tmp_path, check=check)
    save(tmp_path / "a.jpg")
    with pytest.raises(ValueError, match="received none; it holds pictures itself"):
        People.from_folder(tmp_path, check=check)
    with pytest.raises(ValueError, match="received '.*a.jpg', a file"):
        People.from_folder(tmp_path / "a.jpg", check=check)
    save(tmp_path / "Ada" / "a.jpg")
    save(tmp_path / "Ada" / "b.jpg")
    with pytest.raises(ValueError, match="expected at least two people, received 1 in '.*'"):
        People.from_folder(tmp_path, check=check)
    (tmp_path / "Ada" / "b.jpg").unlink()
    save(tmp_path / "Alan" / "a.jpg")
    with pytest.raises(ValueError, match="somebody with two pictures or more, received 2 people with one in '"):
        People.from_folder(tmp_path, check=check)


def test_unreadable_pictures_are_named_or_skipped_and_counted(root):
    whole = (root / "Ada" / "Ada_0.jpg").read_bytes()
    save(root / "Ada" / "noise.jpg", size=(400, 300))
    whole = (root / "Ada" / "noise.jpg").read_bytes()
    (root / "Ada" / "noise.jpg").write_bytes(whole[: len(whole) // 2])
    (root / "Alan" / "empty.png").write_bytes(b"")
    (root / "Grace" / "text.jpg").write_text("not a picture")
    message = r"received 3 of 9 that cannot be read \('Ada.noise.jpg': .*truncated.*; 'Alan.empty.png': cannot identify"
    with pytest.raises(ValueError, match=message + ".*--skip-unreadable"):
        People.from_folder(root)
    people = People.from_folder(root, skip_unreadable=True)
    assert people.counts.tolist() == [3, 2, 1]
    assert [path.rsplit("/", 1)[-1] for path, _ in people.skipped] == ["noise.jpg", "empty.png", "text.jpg"]
    assert "truncated" in people.skipped[0][1] and people.summary().endswith("3 left out")
    with pytest.raises(ValueError, match=r"damaged|picture"):  # unchecked, they are named when they are read
        SquarePictures(People.from_folder(root, check=False).pictures, 8)(np.arange(9))


def test_people_whose_pictures_are_all_damaged_are_missed(tmp_path):
    save(tmp_path / "Ada" / "a.jpg")
    save(tmp_path / "Ada" / "b.jpg")
    for name in "ab":
        (tmp_path / "Alan").mkdir(exist_ok=True)
        (tmp_path / "Alan" / f"{name}.jpg").write_text("no picture")
    with pytest.raises(ValueError, match="two people, received 1 in '.*', where 2 pictures were left out"):
        People.from_folder(tmp_path, skip_unreadable=True)


@pytest.mark.parametrize("check", [True, False])
def test_links_to_nothing_and_pictures_in_no_folder_are_left_out_and_counted(root, check):
    save(root / "sheet.png")
    (root / "Ada" / "gone.jpg").symlink_to(root / "nowhere.jpg")
    (root / "Eve").symlink_to(root / "nobody")
    (root / "Alan" / "itself.jpg").symlink_to("itself.jpg")
    people = People.from_folder(root, check=check)
    assert people.counts.tolist() == [3, 2, 1] and people.summary().endswith("; 4 left out")
    found = {path.rsplit("/", 1)[-1]: reason for path, reason in people.skipped}
    assert found.pop("sheet.png") == "in no person's folder"
    assert found == dict.fromkeys(("gone.jpg", "itself.jpg", "Eve"), "a link to nothing")


def test_arrays_keep_their_order_and_are_checked():
    people = People.from_arrays(np.zeros((4, 8, 8, 3), np.uint8), [9, 5, 9, 5])
    assert people.names == ("5", "9") and people.labels.tolist() == [1, 0, 1, 0]
    pictures = np.zeros((3, 8, 8, 3), np.uint8)
    with pytest.raises(TypeError, match="uint8, received float32"):
        People.from_arrays(pictures.astype(np.float32), [0, 0, 1])
    with pytest.raises(ValueError, match=r"pictures \(h, w, 3\), received shape \(8, 8\)"):
        People.from_arrays(pictures[..., 0], [0, 0, 1])
    with pytest.raises(ValueError, match="expected 3 integers as labels"):
        People.from_arrays(pictures, [0, 1])
    with pytest.raises(ValueError, match="expected 2 different names"):
        People.from_arrays(pictures, [0, 0, 1], names=["a", "a"])
    with pytest.raises(ValueError, match="at least two people, received 1 in arrays"):
        People.from_arrays(pictures, [0, 0, 0])
    with pytest.raises(ValueError, match="somebody with two pictures"):
        People.from_arrays(pictures, [0, 1, 2])


def test_a_split_shares_nobody_and_keeps_every_picture_with_its_person():
    """Of 10 people with two pictures and 5 with one, a fifth is held out: 2 and 1."""
    people = numbered([2] * 10 + [1] * 5)
    train, held = people.split(0.2, seed=3)
    assert not set(train.names) & set(held.names) and set(train.names) | set(held.names) == set(people.names)
    assert sorted(held.counts.tolist()) == [1, 2, 2] and len(train) + len(held) == 25
    for part in (train, held):
        for picture, label in zip(part.pictures, part.labels, strict=True):
            assert people.names[people.labels[picture[0, 0, 0]]] == part.names[label]
    assert people.split(0.2, seed=3)[1].names == held.names != people.split(0.2, seed=4)[1].names
    assert [len(part.names) for part in people.split((0.6, 0.2, 0.2))] == [9, 3, 3]


def test_splits_that_cannot_be_are_refused():
    people = numbered([2] * 4)
    for shares in (0, 1, 1.5, (0.5, 0.4), (1.0,), "x", None, [], ["a", "b"]):
        with pytest.raises(ValueError, match="expected shares between 0 and 1 that add up to 1"):
            people.split(shares)
    with pytest.raises(ValueError, match="at least two people, received 1 in a share of 0.2 of 4 people"):
        people.split(0.2)
    for seed in (-1, 0.5, None, True):
        with pytest.raises(ValueError, match=f"expected an integer of at least 0 as seed, received {seed}"):
            people.split(0.5, seed)


def test_people_are_left_out_by_name():
    people = numbered([2, 2, 3])
    assert people.without(["1", "unknown"]).names == ("0", "2")
    assert people.without(["1"]).labels.tolist() == [0, 0, 1, 1, 1]
    assert people.only(["2"]).counts.tolist() == [3]
    with pytest.raises(ValueError, match="at least two people, received 1 in what was left"):
        people.without(["1", "2"])
    with pytest.raises(ValueError, match="one of 3 people, received 'Ada'"):
        people.of("Ada")


def test_pictures_are_cut_square_about_the_centre():
    """Of 20 x 10 pixels the centre square is columns 5..14; with crop 0.4 it is 4 pixels wide: 8..11."""
    picture = np.zeros((10, 20, 3), np.uint8)
    picture[:, :, 0] = np.arange(20)
    assert square(picture, 10)[0, :, 0].tolist() == list(range(5, 15))
    assert square(picture, 4, crop=0.4)[0, :, 0].tolist() == [8, 9, 10, 11]


def test_files_are_read_as_load_image_reads_them(tmp_path):
    """A picture that lies on its side in the file (EXIF orientation 6), a grey one and a transparent one."""
    exif = Image.Exif()
    exif[0x0112] = 6
    save(tmp_path / "turned.jpg", size=(16, 16), exif=exif)
    Image.linear_gradient("L").resize((16, 16)).save(tmp_path / "grey.png")
    Image.new("RGBA", (16, 16), (0, 0, 0, 51)).save(tmp_path / "clear.png")
    Image.linear_gradient("L").resize((16, 16)).save(tmp_path / "turned_grey.jpg", exif=exif)
    for path in sorted(tmp_path.iterdir()):
        assert np.array_equal(square(path, 16), images.to_uint8(images.load_image(path))), path
    assert square(tmp_path / "clear.png", 16).max() == 204  # four fifths of white


def test_pictures_are_read_once_and_kept(root, tmp_path):
    people = People.from_folder(root)
    expected = np.stack([square(path, 8) for path in people.pictures])
    for cache in ("auto", "memory", None, tmp_path / "kept.bin"):
        source = SquarePictures(people.pictures, 8, cache=cache)
        assert np.array_equal(source([5, 0, 0, 3]), expected[[5, 0, 0, 3]])
        source.pictures = None if cache else people.pictures  # what was read is not read again
        assert np.array_equal(source([3, 0]), expected[[3, 0]])
    assert (tmp_path / "kept.bin").stat().st_size == 6 * 8 * 8 * 3
    with pytest.raises(ValueError, match="crop between 0 and 1, received 0"):
        SquarePictures(people.pictures, 8, crop=0)
    with pytest.raises(ValueError, match="size of at least 1 pixel, received 0"):
        SquarePictures(people.pictures, 0)
