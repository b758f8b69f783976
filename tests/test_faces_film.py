"""Faces followed through a film, each named once."""

import numpy as np
import pytest

from keras_apps import faces, images
from keras_apps.faces.gallery.films import overlap


def test_two_people_move_past_each_other(tmp_path):
    """Two people stand side by side and move 4 pixels a frame; after 5 of 6 frames both are named, once each."""
    left, right = (images.resize(images.load_image(f"bundled:{n}"), (160, 130)) for n in ("obama", "hopper"))
    both = np.concatenate([left, right], axis=1)
    film = [(0.04 * i, np.roll(both, 4 * i, axis=1)) for i in range(6)]
    with faces.Gallery(tmp_path / "team.db") as gallery:
        gallery.enrol("barack", "bundled:obama2")
        tracks = list(faces.identify_in_film(gallery, film))
        assert len(tracks) == 2 and {t.answer.name for t in tracks} == {"barack", None}
        assert all(t.frames == 6 and t.first == 0 and t.last == pytest.approx(0.2) for t in tracks)
        cut = [(0.0, left), (0.04, right), (5.0, left)]  # a cut at one place, and a return after more than a second
        assert [t.answer.name for t in faces.identify_in_film(gallery, cut)] == ["barack", None, "barack"]
        with pytest.raises(ValueError, match="least of at least 1"):
            list(faces.identify_in_film(gallery, film, least=0))


def test_films_that_cannot_be_read(tmp_path):
    pytest.importorskip("av")
    assert overlap((0, 0, 2, 2), (5, 5, 6, 6)) == 0.0
    (tmp_path / "text.mp4").write_text("no film")
    with pytest.raises(ValueError, match="expected a film, received .*text.mp4"):
        next(faces.read_frames(tmp_path / "text.mp4"))
    with pytest.raises(FileNotFoundError, match="expected a film, received .*none.mp4"):
        next(faces.read_frames(tmp_path / "none.mp4"))
    with pytest.raises(ValueError, match="expected a camera, received camera 77"):
        next(faces.read_frames(77))


def test_a_film_on_the_command_line(run, fails, tmp_path):
    """A film of 8 frames, written here; its face is printed once."""
    av = pytest.importorskip("av")
    picture = images.to_uint8(images.resize(images.load_image("bundled:obama"), (320, 256)))
    with av.open(str(tmp_path / "door.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 256, 320, "yuv420p", 4_000_000
        for i in range(8):
            frame = av.VideoFrame.from_ndarray(np.roll(picture, 2 * i, axis=1), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert run("faces", "enrol", "team.db", "barack", "bundled:obama2")[0] == 0
    code, out, err = run("faces", "identify", "team.db", "--video", "door.mp4", "--csv", "who.csv")
    assert code == 0 and out.count("barack, distance") == 1 and "1 face; recognised: barack" in err
    assert (tmp_path / "who.csv").read_text("utf-8").splitlines()[1].startswith("1,barack,")
    assert "pictures or --video, received neither" in fails("faces", "identify", "team.db")
    assert "which is not a file" in fails("faces", "identify", "team.db", "--video", "none.mp4")
    assert "camera 77" in fails("faces", "identify", "team.db", "--video", "77")
