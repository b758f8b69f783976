"""`faces train`, `evaluate` and `calibrate` as a user types them, on folders of patterns drawn here."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from keras_apps.faces.judging.calibration import Threshold
from keras_apps.faces.towers import registry
from keras_apps.faces.towers.registry import fingerprint, load_tower
from keras_apps.faces.training import train as training


@pytest.fixture
def run(run):
    """Run `keras-apps faces ...` in a clean folder; gives exit code, standard output and standard error."""
    return lambda *arguments: run("faces", *arguments)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Twelve people, each a pattern of 4 x 4 colours, with four noisy pictures of 16 pixels, and two with one."""
    root = tmp_path_factory.mktemp("people")
    random = np.random.default_rng(0)
    for person in range(14):
        pattern = np.kron(random.uniform(60, 200, (4, 4, 3)), np.ones((4, 4, 1)))
        (root / f"P{person:02d}").mkdir()
        for number in range(4 if person < 12 else 1):
            picture = pattern + random.normal(0, 25, pattern.shape) + random.uniform(-40, 40)
            path = root / f"P{person:02d}" / f"P{person:02d}_{number + 1:04d}.png"
            Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(path)
    return root


@pytest.fixture(autouse=True)
def tiny_tower(monkeypatch):
    """The towers of the package take long to compile; another with the same face stands in for 'small'."""

    def build(name, size=None):
        layers = [keras.Input((size or 16, size or 16, 3)), keras.layers.Rescaling(1 / 128, -1)]
        layers += [keras.layers.AveragePooling2D(2), keras.layers.Flatten(), keras.layers.Dense(16)]
        return keras.Sequential([*layers, keras.layers.UnitNormalization()])

    monkeypatch.setattr(registry, "build_tower", build)


@pytest.fixture(scope="module")
def tower(tmp_path_factory):
    keras.utils.set_random_seed(0)
    path = tmp_path_factory.mktemp("tower") / "flat.keras"
    keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Rescaling(1 / 2550), keras.layers.Flatten()]).save(path)
    return path


TRAIN = ("--aligned", "--batch", "4x3", "--held-out", "0.3", "--augment", "0", "--learning-rate", "0.02")


def test_train_then_resume_then_evaluate_and_calibrate(run, folder, tmp_path):
    code, out, err = run("train", folder, "-o", "mine.keras", *TRAIN, "--epochs", 3, "--epoch-steps", 2)
    assert code == 0 and out.startswith("mine.keras: epoch ") and "% on people held out" in out, err
    assert "training on 9 people, 33 pictures" in err and "epoch 0, before training, EER held out" in err
    files = {path.name for path in Path("mine.training").iterdir()}
    assert files == {"history.json", "report.json", "state-00003.npz", "training.png", "roc.png", "distances.png"}
    code, out, _ = run(
        "train", folder, "-o", "mine.keras", *TRAIN, "--epochs", 8, "--epoch-steps", 2, "--resume", "--json"
    )
    report = json.loads(out)
    assert code == 0 and report["epochs"] == 8 and report["steps"] == 16
    history = json.loads(Path("mine.training/history.json").read_text())["epochs"]
    assert [epoch["epoch"] for epoch in history] == list(range(9))
    assert report["best"]["eer"] == min(epoch["eer"] for epoch in history) < history[0]["eer"]
    assert report["held_out"]["eer"] == pytest.approx(report["best"]["eer"], abs=1e-6)
    trained = load_tower("mine.keras")
    assert report["fingerprint"] == fingerprint(trained)

    code, out, _ = run("evaluate", folder, "--tower", "mine.keras", "--aligned", "-o", "judged", "--json")
    judged = json.loads(out)
    assert code == 0 and judged["genuine"] == 12 * 6 and judged["impostor"] == 50 * 49 // 2 - 72
    assert judged["eer"] < 0.3 and json.loads(Path("judged/report.json").read_text())["eer"] == judged["eer"]
    assert {p.name for p in Path("judged").glob("*.png")} == {"roc.png", "det.png", "distances.png", "worst_pairs.png"}

    Path("groups.csv").write_text("person,group\n" + "".join(f"P{i:02},{'ab'[i % 2]}\n" for i in range(14)))
    grouping = ("evaluate", folder, "--tower", "mine.keras", "--aligned", "-o", "judged", "--groups", "groups.csv")
    told = json.loads(run(*grouping, "--json")[1])["by_group"]
    assert [group["group"] for group in told["groups"]] == ["a", "b"]
    assert sum(sum(group["sizes"].values()) for group in told["groups"]) + told["across"] == 50 * 49 // 2
    Path("groups.csv").write_text("person,group\nP00,a\n")
    assert "expected a group for each of 14 people, received none for 'P01', 'P02'" in run(*grouping)[2]

    calibrating = ("calibrate", folder, "--tower", "mine.keras", "--aligned", "--far", 0.01)
    code, out, _ = run(*calibrating, "-o", "mine.threshold.json")
    threshold = Threshold.load("mine.threshold.json")
    assert code == 0 and out.startswith(
        f"mine.threshold.json: tau {threshold.tau:.4f} (squared_euclidean) for FAR 0.01"
    )
    assert threshold.model == fingerprint(trained) and Path("mine.threshold.png").stat().st_size > 5000
    code, out, _ = run(*calibrating, "-o", "root.json", "--distance", "euclidean", "--json")
    assert json.loads(out)["threshold"]["tau"] == pytest.approx(threshold.tau**0.5)
    judging = ("evaluate", folder, "--tower", "mine.keras", "--aligned", "-o", "judged")
    code, out, _ = run(*judging, "--threshold", "root.json")
    assert code == 0 and "EER" in out and "FAR 0.954 %" in out  # 11 of 1153 impostor pairs


@pytest.mark.slow
def test_the_verification_loss_keeps_tower_and_head_and_people_of_a_pair_file_are_left_out(run, folder):
    Path("pairs.txt").write_text("1\nP00\t1\t2\nP01\t1\tP02\t1\n")
    options = ("--loss", "verification", "--steps", 6, "--without", "pairs.txt", "--json")
    code, out, err = run("train", folder, "-o", "v.keras", *TRAIN, *options)
    assert "3 people named in pairs.txt are left out" in err and "training on 7 people" in err
    report = json.loads(out)
    assert code == 0 and Path("v.verification.keras").is_file()
    assert report["held_out"]["eer"] == pytest.approx(report["best"]["eer"], abs=1e-6)
    code, out, _ = run("evaluate", folder, "--tower", "v.verification.keras", "--aligned", "--json")
    assert code == 0 and json.loads(out)["distance"] == "1 - P(same person)"
    code, _, err = run("calibrate", folder, "-o", "t.json", "--tower", "v.verification.keras", "--aligned")
    assert code == 2 and "received a VerificationModel, which gives probabilities itself" in err
    code, _, err = run("train", folder, "-o", "w.keras", *TRAIN, "--steps", 1, "--tower", "v.verification.keras")
    assert code == 0 and fingerprint(load_tower("w.keras")), err
    code, _, err = run("train", folder, "-o", "v.keras", *TRAIN, "--steps", 1, "--overwrite")
    assert code == 0 and not Path("v.verification.keras").exists(), err


def test_pair_files_are_judged_as_published(run, folder, tower):
    """Two genuine and two impostor pairs in each of two folds; the tower only flattens, so AUC is the pixels'."""

    def distance(one, other):
        pictures = [np.asarray(Image.open(folder / n[:3] / f"{n[:3]}_000{n[3]}.png"), float) for n in (one, other)]
        return np.sum((pictures[0] - pictures[1]) ** 2)

    genuine = [distance(f"P0{fold}{a}", f"P0{fold}{a + 1}") for fold in range(2) for a in (1, 3)]
    impostor = [distance(f"P0{fold}{a}", f"{other}1") for fold in range(2) for a, other in ((1, "P05"), (2, "P13"))]
    rows = ["2\t2"]
    for fold in range(2):
        rows += [f"P0{fold}\t1\t2", f"P0{fold}\t3\t4", f"P0{fold}\t1\tP05\t1", f"P0{fold}\t2\tP13\t1"]
    Path("pairs.txt").write_text("\n".join(rows) + "\n")
    command = ("evaluate", folder, "--pairs", "pairs.txt", "--tower", tower, "--aligned")
    code, out, err = run(*command, "--json")
    report = json.loads(out)
    assert code == 0 and "8 pairs of pairs.txt" in err
    assert (report["genuine"], report["impostor"], len(report["fold_accuracies"])) == (4, 4, 2)
    assert report["auc"] == np.mean([g < i for g in genuine for i in impostor])
    assert Path("keras-apps-evaluation/worst_pairs.png").is_file()
    Path("pairs.txt").write_text("P00/P00_0001.png,P00/P00_0002.png,1\nP00/P00_0001.png,P99/P99_0001.png,0\n")
    code, _, err = run(*command)
    assert code == 2 and "received no 'P99/P99_0001.png': 1 of 3 are missing" in err


def test_an_interruption_keeps_the_best_so_far(run, folder, monkeypatch):
    train = training.train

    def interrupted(*arguments, report, **options):
        def stop(kind, values):
            report(kind, values)
            if kind == "step" and values["step"] == 5:
                raise KeyboardInterrupt

        return train(*arguments, report=stop, **options)

    monkeypatch.setattr(training, "train", interrupted)
    code, out, err = run("train", folder, "-o", "mine.keras", *TRAIN, "--steps", 8, "--epoch-steps", 2)
    assert code == 130 and out == "" and "the same command with --resume goes on" in err
    assert load_tower("mine.keras").output_shape == (None, 16) and Path("mine.training/training.png").is_file()


@pytest.mark.slow
def test_photographs_are_aligned_first_and_those_without_a_face_left_out(run, folder, tower, monkeypatch, tmp_path):
    """Patterns hold no faces: with nobody left, training says so; evaluation takes the centre."""
    asked = []
    from keras_apps.faces.people import chips

    def none_found(pictures, **options):
        asked.extend(pictures)
        return [[] for _ in pictures]

    monkeypatch.setattr(chips, "find_faces_in", none_found)
    code, _, err = run("train", folder, "-o", "mine.keras", "--steps", 1)
    assert code == 2 and "no face found in 50 pictures, left out" in err and "received 0 in what was left" in err
    assert len(asked) == 50
    code, _, err = run("evaluate", folder, "--tower", tower, "--chips", "chips")
    assert code == 0 and "their centre is taken" in err and len(list(Path("chips").rglob("*.png"))) == 50


def test_everything_is_checked_before_tensorflow_works(fails, folder, tmp_path):
    train = ("train", folder, "-o", "mine.keras", "--aligned")
    assert "'nowhere', which does not exist" in fails("train", "nowhere", "-o", "mine.keras", "--aligned")
    assert "ending in .keras to write, received 'mine.h5'" in fails("train", folder, "-o", "mine.h5")
    assert "expected an existing folder" in fails("train", folder, "-o", "no/mine.keras")
    assert "--batch as people x pictures, for instance 32x4, received '32'" in fails(*train, "--batch", "32")
    assert "received 1 in a share of 0.1 of 14 people" in fails(*train)
    assert "from 2 to 8 people a batch" in fails(*train, "--held-out", 0.3, "--batch", "30x2")
    assert "a loss among triplet, verification" in fails(*train, "--loss", "softmax")
    assert "epochs above 0, received 0" in fails(*train, "--epochs", 0)
    assert "between 0 and 1 that add up to 1, received 1.5" in fails(*train, "--held-out", 1.5)
    assert "'sface128+resnet128', 'synthetic64' or a .keras file, received 'big'" in fails(*train, "--tower", "big")
    assert "--size for a tower from scratch" in fails(*train, "--tower", "resnet128", "--size", 64)
    assert "expected --crop between 0 and 1, received 2" in fails(*train, "--crop", 2)
    assert "--crop only together with --aligned" in fails("train", folder, "-o", "mine.keras", "--crop", 0.5)
    assert "--aligned or --chips, not both" in fails(*train, "--chips", "c")
    assert "a training to resume, received 'mine.training'" in fails(*train, "--resume")
    assert "a file of pairs, received 'no.txt'" in fails(*train, "--without", "no.txt")
    assert "a seed from 0 to 2147483647, received 5000000000" in fails(*train, "--seed", 5_000_000_000)
    assert "--seed from 0 to 2147483647, received -1" in fails("evaluate", folder, "--seed", -1)
    assert "--size of at least 32 for inception, received 20" in fails(*train, "--tower", "inception", "--size", 20)
    assert "or a .keras file, received the file" in fails(*train, "--tower", __file__)  # an export cannot be trained
    assert ".keras, .onnx or .tflite file, received the file" in fails("evaluate", folder, "--tower", __file__)
    assert "--far between 0 and 1, received 2" in fails("calibrate", folder, "-o", "t.json", "--far", 2)
    assert "ending in .json to write" in fails("calibrate", folder, "-o", "t.txt")
    assert "squared_euclidean or euclidean, received 'cosine'" in fails(
        "calibrate", folder, "-o", "t.json", "--distance", "cosine"
    )
    assert "--most of at least 1" in fails("evaluate", folder, "--most", 0)
    assert ".keras, .onnx or .tflite file, received 'x.keras'" in fails("evaluate", folder, "--tower", "x.keras")
    assert "expected a threshold file, received 'x.json'" in fails("evaluate", folder, "--threshold", "x.json")
    Path("taken.keras").touch()
    assert "which exists; use --resume or --overwrite" in fails("train", folder, "-o", "taken.keras", "--aligned")
    assert "a folder to write to, received the file 'taken.keras'" in fails("evaluate", folder, "-o", "taken.keras")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["taken.keras"]


def test_unreadable_pictures_are_named_and_skipped_on_request(run, fails, folder, tmp_path, tower):
    import shutil

    shutil.copytree(folder, "copy")
    Path("copy/P00/bad.jpg").write_text("no picture")
    assert "1 of 51 that cannot be read ('P00/bad.jpg': cannot identify" in fails(
        "evaluate", "copy", "--tower", tower, "--aligned"
    )
    for number in range(5):
        shutil.copy("copy/P01/P01_0001.png", f"copy/{number}.png")
    code, _, err = run("evaluate", "copy", "--tower", tower, "--aligned", "--skip-unreadable", "--json")
    assert code == 0 and "left out: copy/P00/bad.jpg (cannot identify" in err
    assert "left out: copy/3.png (in no person's folder)\nleft out: 1 more\n" in err and "6 left out" in err


def test_a_threshold_of_another_tower_is_refused(run, folder, tower):
    Threshold(0.3, "squared_euclidean", "another", 20.0, 0.4, 1e-3).save("other.json")
    code, _, err = run("evaluate", folder, "--tower", tower, "--aligned", "--threshold", "other.json")
    assert code == 2 and "received one of another" in err
