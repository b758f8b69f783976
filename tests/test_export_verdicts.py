"""What an export's report concludes: rates that a threshold cannot flatter, tau's origin, what is no face or tower."""

import errno
import json
import zipfile
from dataclasses import replace

import keras
import numpy as np
import pytest

from keras_apps import export, faces, images
from keras_apps.export import comparing, crops
from keras_apps.export.comparing import Verified
from keras_apps.export.crops import Crops
from keras_apps.export.graphs import make_graph
from keras_apps.export.writing import Writer
from keras_apps.faces import VerificationModel

SIZE, LENGTH = 16, 8


@pytest.fixture(scope="module")
def tower():
    keras.utils.set_random_seed(3)
    return faces.build_tower("small", size=SIZE, encoding=LENGTH)


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """A folder of three people with three pictures each: 9 genuine and 27 impostor pairs."""
    folder = tmp_path_factory.mktemp("drawn") / "people"
    for i, chip in enumerate(faces.synthetic_people(3, 3, size=SIZE, seed=5)[0]):
        (folder / f"p{i // 3}").mkdir(parents=True, exist_ok=True)
        images.save_image(chip, folder / f"p{i // 3}" / f"{i}.png")
    return folder


@pytest.fixture(scope="module")
def fast(people):
    return {"pictures": people, "aligned": True, "rounds": 0}


def threshold_of(tower, tau, words="LFW"):
    return faces.Threshold(tau, "squared_euclidean", faces.fingerprint(tower), 9.0, 0.02, 1e-3, words)


def card_in(folder, name):
    return json.loads((folder / f"{name}.card.json").read_text("utf-8"))


def page_in(folder, name):
    return (folder / f"{name}.card.md").read_text("utf-8")


def test_the_eer_needs_no_threshold_and_a_one_sided_tau_is_reported(tower):
    """Distances 0.04 and 0.36 (same), 0.16, 1, 1, 1 (others).

    At 0.04 FAR 0, FRR 1/2; at 0.16 FAR 1/4, FRR 1/2; at 0.36 FAR 1/4, FRR 0. On the line between the last two FAR is
    1/4 throughout: the EER is 1/4, whatever tau. To refuse all is right in 4 of 6. Tau 0.2 takes one of each kind.
    """
    pixels = np.zeros((3, 1, 1, 3), np.uint8)
    found = {"encoding": np.array([[0.0, 0], [0.2, 0], [0.6, 0], [0.4, 0], [1.0, 0]])}
    pairs = Crops(pixels, "", np.zeros(6, int), np.array([1, 2, 3, 4, 4, 4]), np.array([True, True] + [False] * 4))
    graph = replace(make_graph(tower), kind="tower")
    of = {tau: comparing.verified(found, pairs, graph, tau) for tau in (0.01, 0.2, 9.0)}
    assert [v.eer for v in of.values()] == pytest.approx([0.25] * 3)
    assert of[0.01].accuracy == pytest.approx(4 / 6)
    assert of[0.01].one_sided == "at tau 0.0100 all 2 genuine pairs are refused"
    assert of[0.2].one_sided == "" and of[9.0].one_sided == "at tau 9.0000 all 4 impostor pairs are accepted"


@pytest.mark.slow
@pytest.mark.parametrize(("tau", "words"), [(1e-12, "9 genuine pairs are refused"), (99, "27 impostor pairs are acc")])
def test_a_one_sided_tau_gives_a_warning_everywhere(tower, tmp_path, run, fast, tau, words):
    """All pairs refused is right in 27 of 36, for any network: 75 % = 75 % tells nothing."""
    found = export.export(tower, tmp_path / "out", ["keras", "litert"], threshold=threshold_of(tower, tau), **fast)
    assert found.accuracy == found["litert"].accuracy == (0.75 if tau < 1 else 0.25)
    assert words in found.warning and "(Keras, keras, litert)" in found.warning and words in str(found)
    assert 0 < found.eer < 0.5 and found["litert"].eer == pytest.approx(found.eer) and "EER" in str(found)
    told = json.loads((tmp_path / "out" / "small.parity.json").read_text("utf-8"))
    assert told["eer"] == found.eer and told["formats"][1]["eer"] == found["litert"].eer
    card = card_in(tmp_path / "out", "small.tflite")
    assert card["measured"]["equal_error_rate"] == found["litert"].eer and words in card["measured"]["warnings"][0]
    page = page_in(tmp_path / "out", "small.tflite")
    assert words in page and f"| EER on these pairs, of no threshold | {100 * found['litert'].eer:.2f} %" in page
    assert export.export(tower, tmp_path / "best", ["keras"], **fast).warning == ""


def verified_at(distances, same, tau):
    return Verified(float(np.mean((distances <= tau) == same)), tau, distances, 0.0, "")


def test_float16_keeps_the_tau_of_its_source_and_int8_gets_its_own(tower, tmp_path):
    """1,000 impostor distances 0.6, 0.601, ... and 20 genuine ones; the source's tau, 0.5, is from other pairs.

    For a rate of 1e-3 one of the 1,000 is accepted: calibrated on them tau would be their smallest.
    """
    same = np.arange(1020) < 20
    distances = np.concatenate([np.linspace(0.1, 0.45, 20), 0.6 + np.arange(1000) / 1000])
    pairs = Crops(np.zeros((1, 1)), "some drawings", same.astype(int), same.astype(int), same)
    known, graph = threshold_of(tower, 0.5, "LFW: 2209 genuine and 5923194 impostor pairs"), make_graph(tower)
    (tmp_path / "x").write_bytes(b"x")
    before = verified_at(distances, same, 0.5)

    def identity(name, relative, moved=0, source=known):
        other = distances.copy()
        other[20 : 20 + moved] = 0.4  # so many impostors come below tau
        both = (before, verified_at(other, same, 0.5))
        return comparing._identity(name, tmp_path / "x", graph, relative, both, pairs, source)

    for moved in (0, 5):  # 5 of 1,020 are below half a hundredth
        print_, kept = identity("litert-float16", 1e-3, moved)
        assert kept.tau == 0.5 and kept.model == print_ != faces.fingerprint(tower)
        assert "5923194 impostor pairs; kept in float16, whose encodings differ by 1.0e-03" in kept.calibrated_on
        assert f"and decide {moved} of 1020 pairs differently" in kept.calibrated_on
    assert identity("litert-float16", 1e-3, 6)[1].tau == pytest.approx(0.4)  # too many
    for name, relative, source in (("litert-int8", 1e-3, known), ("litert-float16", 0.02, known)):
        assert identity(name, relative, 0, source)[1].tau == 0.6
    own = identity("litert-float16", 1e-3, 0, None)[1]
    assert own.tau == 0.6 and own.calibrated_on == "20 genuine and 1000 impostor pairs: some drawings"
    both = (None, None)
    alone = comparing._identity("litert-float16", tmp_path / "x", graph, 1e-3, both, pairs, known)[1]
    assert alone.tau == 0.5 and alone.calibrated_on.endswith("differ by 1.0e-03")


@pytest.mark.slow
def test_report_and_card_say_from_which_pairs_tau_is(tower, tmp_path, fast):
    known = threshold_of(tower, 1e-3, "2209 genuine and 5923194 impostor pairs of LFW")
    found = export.export(tower, tmp_path / "out", ["keras", "litert-float16"], threshold=known, **fast)
    assert found["litert-float16"].threshold.tau == 1e-3
    assert "keras: tau 0.0010, from 2209 genuine and 5923194 impostor pairs of LFW\n" in str(found)
    assert "litert-float16: tau 0.0010, from 2209 genuine and 5923194 impostor pairs of LFW; kept" in str(found)
    assert "| tau is from | 2209 genuine and 5923194 impostor" in page_in(tmp_path / "out", "small.float16.tflite")
    of = faces.Threshold.bundled("synthetic64").calibrated_on
    assert "200 synthetic people" in of and "9000 genuine and 1990000 impostor pairs" in of  # 200 x 45; 2000 x 1999 / 2


def test_pictures_without_a_face_are_counted_in_a_warning(tower, tmp_path):
    """Scenes under two names, and a gray picture: the detector finds no face in any."""
    for i, name in enumerate(("bundled:coffee", "bundled:rocket", None, None)):
        (tmp_path / "p" / "ab"[i // 2]).mkdir(parents=True, exist_ok=True)
        pixels = images.load_image(name) if name else np.full((80, 80, 3), 0.1 * i + 0.2)
        images.save_image(pixels, tmp_path / "p" / "ab"[i // 2] / f"{i}.png")
    found = export.export(tower, tmp_path / "out", ["keras"], pictures=tmp_path / "p", rounds=0)
    words = "in 4 of 4 pictures no face was found, their centre was taken"
    assert words in found.crops and f"WARNING: {words}" in found.warning
    card = card_in(tmp_path / "out", "small.keras")
    assert words in card["measured"]["compared_on"] and words in card["measured"]["warnings"][0]
    whole = crops.crops_of(tmp_path / "p", make_graph(tower), aligned=True)
    assert whole.notes == () and "no face" not in whole.source
    assert crops.calibration_of(tmp_path / "p", make_graph(tower)).notes == (f"{words}, which may show anything",)


@pytest.mark.slow
@pytest.mark.parametrize("card", [True, False])
def test_a_file_of_probabilities_is_not_loaded_as_a_tower(tower, tmp_path, fast, card):
    """(n, 3) out, as a tower has it: without the word `network` a gallery would compare probabilities."""
    found = export.export(faces.SoftmaxIdentifier(tower, ["ada", "bob"]), tmp_path, ["litert"], name="who", **fast)
    assert found["litert"].fingerprint is None and found["litert"].threshold is None
    told = card_in(tmp_path, "who.tflite")
    assert told["fingerprint"] is None and told["source_fingerprint"] == faces.fingerprint(tower)
    assert "| fingerprint of the network inside |" in page_in(tmp_path, "who.tflite")
    if not card:
        (tmp_path / "who.tflite.card.json").unlink()
    with pytest.raises(ValueError, match="expected a tower, received '.*', a network, whose outputs are not encodings"):
        faces.load_tower(tmp_path / "who.tflite")


def test_a_verifiers_files_carry_no_towers_fingerprint(tower, tmp_path, fast):
    found = export.export(VerificationModel(tower), tmp_path, ["keras"], name="same", **fast)
    assert found["keras"].fingerprint is None and card_in(tmp_path, "same.keras")["fingerprint"] is None


@pytest.mark.slow
def test_a_report_lists_the_files_of_earlier_runs(tower, tmp_path, fast):
    first = export.export(tower, tmp_path, ["keras", "litert"], **fast)
    assert first.earlier == () and "earlier run" not in str(first)
    second = export.export(tower, tmp_path, ["litert"], overwrite=True, **fast)
    assert second.earlier == ("small.keras",)
    assert "not in this report, from an earlier run: small.keras" in (tmp_path / "small.parity.txt").read_text("utf-8")
    assert json.loads((tmp_path / "small.parity.json").read_text("utf-8"))["earlier"] == ["small.keras"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["tower", "verifier"])
def test_the_optimizer_of_a_compiled_model_is_not_exported(tower, tmp_path, fast, kind):
    """Adam keeps two moments of each weight: three times the file."""
    model = keras.models.clone_model(tower)
    model.set_weights(tower.get_weights())
    model = VerificationModel(model) if kind == "verifier" else model
    uncompiled = export.export(model, tmp_path / "plain", ["keras"], name="m", **fast)["keras"].megabytes
    model.compile("adam", **({"loss": "mse"} if kind == "tower" else {}))
    model.optimizer.build(model.trainable_variables)
    found = export.export(model, tmp_path / "out", ["keras"], name="m", **fast)["keras"]
    assert found.megabytes < 1.05 * uncompiled and found.absolute == 0
    with zipfile.ZipFile(tmp_path / "out" / "m.keras") as archive:
        assert not json.loads(archive.read("config.json")).get("compile_config")
    assert getattr(keras.saving.load_model(tmp_path / "out" / "m.keras"), "optimizer", None) is None
    assert model.optimizer is not None  # the caller's model is as it was
    model.save(tmp_path / "whole.keras")
    assert (tmp_path / "whole.keras").stat().st_size > 2e6 * uncompiled


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("No space left")])
def test_a_full_disk_names_the_file(tower, tmp_path, monkeypatch, error, fast):
    """`onnx.save` raises an OSError that tells no file."""

    def full(self, path, precision):
        raise error

    monkeypatch.setattr(Writer, "_saved_model", full)
    with pytest.raises(OSError, match=r"No space left to write saved_model.*out.small\.saved_model") as caught:
        export.export(tower, tmp_path / "out", ["saved_model"], **fast)
    assert caught.value.errno == errno.ENOSPC and caught.value.filename == str(tmp_path / "out" / "small.saved_model")


@pytest.mark.slow
@pytest.mark.parametrize("change", [{"far": 2}, {"far": 0}, {"tau": 0}, {"tau": -1}, {"tau": float("nan")}])
def test_a_card_with_a_nonsense_threshold_is_refused(tower, tmp_path, fast, change):
    export.export(tower, tmp_path, ["litert"], threshold=threshold_of(tower, 0.5), **fast)
    card = card_in(tmp_path, "small.tflite")
    assert faces.load_tower(tmp_path / "small.tflite").threshold.tau == 0.5
    card["threshold"] |= change
    (tmp_path / "small.tflite.card.json").write_text(json.dumps(card), "utf-8")
    with pytest.raises(ValueError, match=r"expected a model card, received '.*card\.json'"):
        faces.load_tower(tmp_path / "small.tflite")


def test_a_number_is_not_accepted_as_threshold(tower, tmp_path):
    with pytest.raises(TypeError, match="expected a Threshold, received float"):
        export.export(tower, tmp_path / "out", ["keras"], threshold=0.3)
