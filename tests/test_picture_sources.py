"""Pictures as web programs and phones have them: bytes, open files, data: addresses, HEIC; addresses of the network."""

import base64
import io
import sys
import zipfile
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image, features

from keras_apps import faces, images, visualize
from keras_apps.faces.people.reading import unreadable
from keras_apps.style.output.gif import save_gif
from keras_apps.style.output.sweep import check_axes
from keras_apps.style.recipes.files import describe_picture
from keras_apps.style.regions import read_masks
from keras_apps.style.run import read_styles
from keras_apps.visualize.patches.streams import fitted, listed, read_all

PIXELS = np.zeros((4, 6, 3), np.uint8)
PIXELS[0, 0], PIXELS[3, 5] = (255, 0, 0), (0, 51, 255)


def encoded(pixels=PIXELS, kind="PNG", **options):
    """Return the bytes of a picture file."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


PNG = encoded()
DAMAGED = encoded(np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8))[:2000]
BASE64 = base64.b64encode(PNG).decode()


class Upload:
    """A web framework's upload: `name` is the form's field, `filename` the file; it is no `io` object."""

    def __init__(self, data, filename="me.png"):
        self.data, self.filename, self.name = data, filename, "photo"

    def read(self, size=-1):
        data, self.data = self.data, b""
        return data


@pytest.mark.parametrize(
    "picture",
    [
        PNG,
        bytearray(PNG),
        memoryview(PNG),
        np.bytes_(PNG),
        io.BytesIO(PNG),
        Upload(PNG),
        f"data:image/png;base64,{BASE64}",
        f" DATA:image/png;charset=x; base64 , {BASE64}\n",
        "data:image/png;base64," + "\r\n ".join(BASE64[i : i + 20] for i in range(0, len(BASE64), 20)),
        "data:image/png;base64," + quote(BASE64, safe=""),
        "data:;base64," + BASE64.rstrip("="),
        "data:image/png;base64," + BASE64.replace("+", "-").replace("/", "_"),
        "data:image/png," + quote(PNG),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_picture_in_every_encoded_form(picture):
    np.testing.assert_array_equal(images.load_image(picture), np.float32(PIXELS) / 255)


def test_an_open_file_is_read_from_its_position_and_stays_open(tmp_path):
    """Two pictures stand one after the other in a file, after a header of three bytes."""
    path = tmp_path / "two.bin"
    path.write_bytes(b"abc" + PNG)
    with open(path, "rb") as file:
        file.seek(3)
        assert images.load_image(file).shape == (4, 6, 3) and not file.closed
        with pytest.raises(ValueError, match=r"open file '.*two.bin', in which nothing is left to read.*seek\(0\)"):
            images.load_image(file)
    with pytest.raises(ValueError, match=r"two.bin', which is closed"):
        images.load_image(file)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.png", PNG)
    with zipfile.ZipFile(tmp_path / "x.zip") as archive, archive.open("a.png") as member:
        assert images.load_image(member).shape == (4, 6, 3)


def test_encoded_bytes_keep_sixteen_bits_and_are_set_upright():
    """16-bit 257 is 257 / 65535; orientation 6 turns 4 x 6 into 6 x 4."""
    deep = images._encode_png16(np.full((2, 3, 3), 257, np.uint16), {})
    assert images.load_image(deep)[0, 0, 0] == pytest.approx(257 / 65535, abs=1e-7)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = images.load_image(io.BytesIO(encoded(exif=exif)))
    assert turned.shape == (6, 4, 3) and turned[0, 3, 0] == 1


class Awaited:
    filename = "late.png"

    async def read(self, size=-1):
        return PNG


class Broken:
    def read(self):
        raise KeyError("gone")


@pytest.mark.parametrize(
    ("picture", "error", "words"),
    [
        (b"", ValueError, "a bytes object of 0 bytes, which is empty"),
        (b"no picture" * 100, ValueError, "a bytes object of 1000 bytes, which has no known picture format"),
        (bytearray(DAMAGED), ValueError, "a bytearray object of 2000 bytes, which is damaged"),
        (Upload(DAMAGED), ValueError, "the open file 'me.png', which is damaged"),
        (Upload(b"x", "a\nb.png"), ValueError, r"the open file 'a\\nb.png', which has no"),
        (Upload("text"), TypeError, "'me.png' in text mode; open it with mode 'rb'"),
        (Upload(None), TypeError, "'me.png': NoneType"),
        (io.StringIO("text"), TypeError, r"open file \(StringIO\) in text mode"),
        (Awaited(), TypeError, "'late.png', whose read.. has to be awaited"),
        (Broken(), ValueError, r"expected a file that can be read, received an open file \(Broken\): 'gone'"),
        (io.BytesIO, TypeError, "received type"),
        ([PNG], TypeError, "received list"),
        ("data:image/png;base64", ValueError, "without a comma"),
        ("data:image/png;base64,", ValueError, "which is empty"),
        ("data:image/png;base64,!!!!", ValueError, "expected base64 after the comma"),
        ("data:image/png;base64,iVBÖR", ValueError, "expected base64 after the comma"),
        ("data:image/png;base64,iVBOR", ValueError, "expected base64 after the comma"),
        ("data:image/png;base64," + 9000 * "A", ValueError, r"AAA...' \(9022 characters\), which has no known"),
        (5000 * "A", FileNotFoundError, r"A...' \(5000 characters\), which is too long"),
        (Path("a" * 300 + ".jpg"), FileNotFoundError, "which is too long"),
    ],
)
def test_wrong_sources(picture, error, words):
    with pytest.raises(error, match=words) as raised:
        images.load_image(picture)
    assert len(str(raised.value)) < 700


def test_a_closed_or_damaged_pil_picture(tmp_path):
    (tmp_path / "x.png").write_bytes(DAMAGED)
    with pytest.raises(ValueError, match="expected a whole picture, received a picture of 40 x 40"):
        images.load_image(Image.open(tmp_path / "x.png"))


ADDRESSES = [
    "http://example.org/a//b.jpg?x=1&y=2",
    "https://example.org/a.jpg",
    "HTTPS://EXAMPLE.org/a",
    "ftp://x.org/a",
]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("take", [images.load_image, images.resolve, images.read_text, faces.find_faces, listed])
def test_an_address_is_refused_as_it_was_written(take, address):
    with pytest.raises(ValueError) as raised:
        take(address)
    assert f"received the address '{address}'; download it first" in str(raised.value)


def test_addresses_that_pathlib_wrote():
    """pathlib turns // into /; a file: address names a file that is here."""
    with pytest.raises(ValueError, match="address 'https://example.org/a.jpg'; download it first"):
        images.load_image(Path("https://example.org/a.jpg"))
    with pytest.raises(ValueError, match="address 'file:///a.jpg'; pass its path"):
        images.load_image("file:///a.jpg")
    with pytest.raises(FileNotFoundError, match="bundled picture among .* received 'http://x.org/a'"):
        images.load_image("bundled:http://x.org/a")
    with pytest.raises(FileNotFoundError, match="odd:/a.jpg', which does not exist"):
        images.load_image("odd:/a.jpg")


def test_commands_refuse_addresses(fails, tmp_path):
    address = ADDRESSES[0]
    for command in (
        ("faces", "enrol", "team.db", "kian", address),
        ("faces", "identify", "team.db", address),
        ("style", address, "bundled:vortices", "-o", "x.png"),
        ("style", "bundled:cat", address, "-o", "x.png"),
        ("visualize", "patches", address, "-o", "x.png"),
        ("faces", "evaluate", address),
        ("visualize", "maps", address, "-o", "x.png"),
    ):
        assert f"received the address '{address}'; download it first" in fails(*command)
    assert not (tmp_path / "team.db").exists()


def test_a_message_never_holds_the_picture_itself():
    address = f"data:image/png;base64,{BASE64 * 40}"
    for picture in (PNG, io.BytesIO(PNG), Upload(PNG), address, PIXELS, Image.fromarray(PIXELS), [PNG] * 1000):
        assert len(images.describe(picture)) < 120
    assert images.describe("a.jpg") == "'a.jpg'" and images.describe(Path("a.jpg")) == "'a.jpg'"
    assert images.describe(memoryview(PIXELS)) == "a memoryview object of 72 bytes"
    assert [images.name_of(p) for p in ("x/a.jpg", Upload(PNG, "b.png"), address, PNG)] == [
        "a.jpg",
        "b.png",
        None,
        None,
    ]


def test_phones_orientation_is_applied_once():
    """pillow-heif writes orientation 6 twice, as phones do: as a turn of the format, and as EXIF.

    64 x 96 becomes 96 x 64, and the blue corner at the top left goes to the top right.
    """
    pillow_heif = pytest.importorskip("pillow_heif")
    pixels = np.full((64, 96, 3), (200, 0, 0), np.uint8)
    pixels[:16, :16] = (0, 0, 255)
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(pixels)).save(stream, exif=exif.tobytes())
    data = stream.getvalue()
    assert b"irot" in data and b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06" in data
    loaded = images.load_image(data)
    assert loaded.shape == (96, 64, 3)
    assert loaded[8, 56].argmax() == 2 and loaded[8, 8].argmax() == 0 and loaded[90, 56].argmax() == 0
    assert ".heic" not in Image.registered_extensions()  # Pillow stays as its user has it
    with pytest.raises(ValueError, match="bytes object of 40 bytes, which is damaged"):
        images.load_image(data[:40])


def test_heic_without_its_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    head = b"\0\0\0\x1cftypheic\0\0\0\0mif1heic"
    path = tmp_path / "IMG_0001.HEIC"
    path.write_bytes(head + bytes(100))
    extra = r'pip install "keras_apps\[heic\]"'
    for picture, name in ((path, "IMG_0001.HEIC'"), (head, "a bytes object of 24 bytes")):
        with pytest.raises(ValueError, match=f"expected a picture that can be read here, received .*{name}.*{extra}"):
            images.load_image(picture)
    assert "keras_apps[heic]" in unreadable([path])[path]
    assert {".heic", ".heif", ".avif"} < set(images.PICTURE_ENDINGS)


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_avif():
    smooth = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    loaded = images.load_image(encoded(smooth, "AVIF", quality=95))
    np.testing.assert_allclose(loaded[8, 8], np.array((200, 100, 50)) / 255, atol=0.03)


def test_one_encoded_picture_is_one_picture_wherever_several_are_taken(tmp_path, tower):
    """`bytes`, `memoryview` and open files are sequences or iterable in Python: never taken apart here."""
    for one in (PNG, memoryview(PNG), io.BytesIO(PNG), f"data:;base64,{BASE64}"):
        assert images.is_one_picture(one)
        with pytest.raises(TypeError, match="put it in a list"):
            faces.encode(tower, one)
        with pytest.raises(TypeError, match="list of values for style"):
            check_axes({"style": one})
        assert len(read_styles(one)) == 1
    white = encoded(np.full((4, 6, 3), 255, np.uint8))
    assert read_masks(white, 1, (4, 6)).min() == 1
    assert read_masks([io.BytesIO(white)], 1, (4, 6)).min() == 1
    for one in (PNG, io.BytesIO(PNG), f"data:;base64,{BASE64}"):
        items, total = listed(one)
        (read,) = read_all(items, lambda picture: fitted(picture, (4, 6)), 3)
        assert total == 1 and read.name == "0" and np.array_equal(read.pixels, PIXELS)
    save_gif([io.BytesIO(PNG), io.BytesIO(PNG)], tmp_path / "x.gif")  # each is read once
    assert describe_picture(Upload(PNG))["name"] == "me.png" and describe_picture(PNG)["name"] == "picture"


def test_a_face_in_every_form(tower, tmp_path):
    """A picture in memory gives the encoding of its file, wherever the gallery takes a picture."""
    path = tmp_path / "small.png"
    images.save_image(images.resize(images.load_image("bundled:obama"), 200), path)
    data = path.read_bytes()
    address = "data:image/png;base64," + base64.b64encode(data).decode()
    (expected,) = faces.encode(tower, [path])
    found = faces.encode(tower, [data, io.BytesIO(data), address])
    np.testing.assert_allclose(found, np.tile(expected, (3, 1)), atol=1e-3)
    gallery = faces.Gallery(tmp_path / "team.db", tower)
    assert [gallery.enrol("barack", one) for one in (data, Upload(data), address)] == [1, 1, 1]
    assert gallery.enrol("barack", [data, address]) == 2
    assert gallery.verify(io.BytesIO(data), "barack").distance == pytest.approx(0, abs=1e-4)
    assert gallery.identify(memoryview(data))[0].name == "barack"
    with pytest.raises(faces.NoFaceError, match=r"received an open file \(BytesIO\), in which no face was found"):
        gallery.verify(io.BytesIO(PNG), "barack")


def test_activations_and_occlusion_take_bytes():
    import keras

    model = keras.Sequential([keras.Input((4, 6, 3)), keras.layers.AveragePooling2D(2, name="mean")])
    assert visualize.activation_maps(model, PNG, "mean")["mean"].shape == (2, 3, 3)
    found = visualize.occlusion_map(lambda batch: batch.mean((1, 2, 3)), io.BytesIO(PNG), patch=2)
    assert found.map.shape == (4, 6)


def test_a_data_address_on_the_command_line(run):
    """The address itself is not printed."""
    address = f"data:image/png;base64,{BASE64}" + 3000 * " "
    code, out, err = run("faces", "identify", "team.db", address)
    assert code == 2 and "expected a gallery" in err
    code, out, err = run("visualize", "maps", address, "--model", "alexnet", "--layer", "conv1", "-o", "x.png")
    assert code == 0 and "data:image/png;base64,iVBOR" in out and len(out) < 200, err
