"""Training as a whole, on tiny people: it learns, keeps the best, and goes on after an interruption as if without."""

import json

import keras
import numpy as np
import pytest

from keras_apps.faces.judging.pairs import HeldOut, some_pairs
from keras_apps.faces.people.people import People
from keras_apps.faces.towers.registry import fingerprint, load_tower
from keras_apps.faces.training.comparison import COMPARISONS
from keras_apps.faces.training.mining import STRATEGIES
from keras_apps.faces.training.plan import COMPARISONS as PLANNED_COMPARISONS
from keras_apps.faces.training.plan import MININGS, TrainingPlan
from keras_apps.faces.training.resume import TrainingHistory, head_path, training_folder
from keras_apps.faces.training.train import train
from keras_apps.faces.training.verification_model import VerificationModel


def patterned(number=16, each=4, size=16, seed=0):
    """A person is a pattern of 4 x 4 colours, a picture the pattern with noise and another brightness."""
    random = np.random.default_rng(seed)
    patterns = np.kron(random.uniform(60, 200, (number, 4, 4, 3)), np.ones((1, size // 4, size // 4, 1)))
    pictures = np.repeat(patterns, each, axis=0) + random.normal(0, 25, (number * each, size, size, 3))
    pictures += random.uniform(-50, 50, (number * each, 1, 1, 1))
    return People.from_arrays(np.clip(pictures, 0, 255).astype(np.uint8), np.repeat(np.arange(number), each))


def tiny_tower(seed=1):
    keras.utils.set_random_seed(seed)
    layers = [keras.Input((16, 16, 3)), keras.layers.Rescaling(1 / 128, -1), keras.layers.AveragePooling2D(2)]
    layers += [keras.layers.Conv2D(8, 3, activation="relu"), keras.layers.Flatten(), keras.layers.Dropout(0.1)]
    return keras.Sequential([*layers, keras.layers.Dense(16), keras.layers.UnitNormalization()])


@pytest.fixture(scope="module")
def parts():
    return patterned().split(0.375, seed=1)


@pytest.fixture
def plan():
    return TrainingPlan(epochs=4, people=5, pictures=3, learning_rate=0.02, augment=0.2)


def without_seconds(history):
    return [{key: value for key, value in epoch.items() if key != "seconds"} for epoch in history.epochs]


@pytest.mark.parametrize("loss", ["triplet", "verification"])
def test_training_lowers_the_error_and_keeps_the_best_tower(parts, tmp_path, loss):
    plan = TrainingPlan(epochs=12, people=5, pictures=4, learning_rate=0.02, augment=0.0, loss=loss, steps_per_epoch=3)
    reported = []
    tower = tiny_tower()
    report = lambda *now: reported.append(now)  # noqa: E731
    history = train(*parts, tower, tmp_path / "mine.keras", plan, report=report)
    eers = [epoch["eer"] for epoch in history.epochs]
    assert len(eers) == 13 and history.step == 36 and history.best["eer"] == min(eers) < 0.6 * eers[0]
    assert history.epochs[-1]["loss"] < history.epochs[1]["loss"]
    assert [kind for kind, _ in reported].count("step") == 36 and [k for k, _ in reported].count("epoch") == 13
    kept = load_tower(tmp_path / "mine.keras")
    judge = HeldOut(parts[1], 16)
    if loss == "triplet":
        assert judge.eer(kept) == pytest.approx(history.best["eer"], abs=1e-6)
        assert not head_path(tmp_path / "mine.keras").exists()
    else:
        model = keras.saving.load_model(head_path(tmp_path / "mine.keras"), compile=False)
        assert judge.eer(model) == pytest.approx(history.best["eer"], abs=1e-6)
        assert fingerprint(model.tower) == fingerprint(kept)
    assert TrainingHistory.load(training_folder(tmp_path / "mine.keras")).epochs == history.epochs
    assert sorted(p.name for p in training_folder(tmp_path / "mine.keras").iterdir()) == [
        "history.json",
        "state-00012.npz",
    ]


class Interrupted(Exception):
    pass


@pytest.mark.parametrize(
    "mining, loss", [pytest.param("random", "triplet", marks=pytest.mark.slow), ("all", "verification")]
)
def test_an_interrupted_training_goes_on_as_if_it_had_not_been(parts, tmp_path, mining, loss):
    """Two runs with one seed agree, and so does one with a break.

    Stopped in the middle of epoch 3 of 4, it starts again from the end of epoch 2.
    """
    options = {
        "people": 3,
        "pictures": 3,
        "mining": mining,
        "loss": loss,
        "steps_per_epoch": 3,
        "augment": 0.5 * (loss == "triplet"),
    }
    plan = TrainingPlan(steps=11, **options)
    whole = train(*parts, tiny_tower(), tmp_path / "whole.keras", plan)
    assert [epoch["step"] for epoch in whole.epochs] == [0, 3, 6, 9, 11]

    def stop(kind, logs):
        if kind == "step" and logs["step"] == 8:
            raise Interrupted

    with pytest.raises(Interrupted):
        train(*parts, tiny_tower(), tmp_path / "parted.keras", plan, report=stop)
    assert len(TrainingHistory.load(tmp_path / "parted.training").epochs) == 3
    tower = tiny_tower(seed=99)  # what it held is replaced by the state
    parted = train(*parts, tower, tmp_path / "parted.keras", plan, resume=True)
    assert without_seconds(parted) == without_seconds(whole)
    towers = [load_tower(tmp_path / f"{name}.keras") for name in ("whole", "parted")]
    assert fingerprint(towers[0]) == fingerprint(towers[1])
    before = (tmp_path / "parted.keras").stat().st_mtime_ns  # a training that is over is left as it is
    assert train(*parts, tiny_tower(), tmp_path / "parted.keras", plan, resume=True).epochs == parted.epochs
    assert (tmp_path / "parted.keras").stat().st_mtime_ns == before


def test_time_ends_a_training(parts, tmp_path):
    plan = TrainingPlan(minutes=0.02, people=5, pictures=3, steps_per_epoch=2, augment=0)
    history = train(*parts, tiny_tower(), tmp_path / "mine.keras", plan)
    assert 1.2 <= history.seconds < 15 and history.step > 0


def test_what_cannot_be_trained_is_said_before_it_begins(parts, tmp_path, plan):
    people, held = parts
    with pytest.raises(ValueError, match=r"ending in .keras to write, received '.*mine.h5'"):
        train(people, held, tiny_tower(), tmp_path / "mine.h5", plan)
    with pytest.raises(FileNotFoundError, match="expected an existing folder for 'mine.keras'"):
        train(people, held, tiny_tower(), tmp_path / "no" / "mine.keras", plan)
    with pytest.raises(ValueError, match="nobody both in training and held out"):
        train(people, people, tiny_tower(), tmp_path / "mine.keras", plan)
    with pytest.raises(ValueError, match="expected from 2 to 10 people a batch, as many as have two pictures"):
        train(people, held, tiny_tower(), tmp_path / "mine.keras", TrainingPlan(epochs=1))
    wide = keras.Sequential([keras.Input((16, 8, 3)), keras.layers.Flatten()])
    with pytest.raises(ValueError, match="square RGB pictures of one size"):
        train(people, held, wide, tmp_path / "mine.keras", plan)
    with pytest.raises(FileNotFoundError, match="expected a training to resume, received '.*mine.training'"):
        train(people, held, tiny_tower(), tmp_path / "mine.keras", plan, resume=True)
    with pytest.raises(ValueError, match="expected a tower, received a VerificationModel, whose `tower` is one"):
        train(people, held, VerificationModel(tiny_tower()), tmp_path / "mine.keras", plan)
    with pytest.raises(ValueError, match="not built"):
        train(people, held, keras.Sequential([keras.layers.Flatten()]), tmp_path / "mine.keras", plan)
    with pytest.raises(TypeError, match="expected a Keras model as the tower, received str"):
        train(people, held, "small", tmp_path / "mine.keras", plan)
    assert not list(tmp_path.iterdir())


def test_the_head_of_an_earlier_training_goes_with_its_tower(parts, tmp_path):
    head_path(tmp_path / "mine.keras").write_text("an earlier training's")
    plan = TrainingPlan(steps=1, people=5, pictures=3, augment=0)
    train(*parts, tiny_tower(), tmp_path / "mine.keras", plan)
    assert {path.name for path in tmp_path.iterdir()} == {"mine.keras", "mine.training"}


@pytest.mark.slow
def test_resuming_with_other_choices_or_a_damaged_state_is_refused(parts, tmp_path):
    train(*parts, tiny_tower(), tmp_path / "mine.keras", TrainingPlan(steps=1, people=5, pictures=3, augment=0))
    plan = TrainingPlan(steps=2, people=5, pictures=3, augment=0)
    with pytest.raises(ValueError, match="expected 10 people, 40 pictures.* as this training began, received"):
        train(parts[0].without(["0", "1"]), parts[1], tiny_tower(), tmp_path / "mine.keras", plan, resume=True)
    people = parts[0]
    others = People(people.pictures, people.labels, [*people.names[:-1], "Ada"])
    with pytest.raises(ValueError, match="expected the people that this training began with.* other names"):
        train(others, parts[1], tiny_tower(), tmp_path / "mine.keras", plan, resume=True)
    other = TrainingPlan(steps=2, people=5, pictures=3, augment=0, margin=0.5)
    with pytest.raises(ValueError, match=r"expected margin 0.2, as this training began, received 0.5"):
        train(*parts, tiny_tower(), tmp_path / "mine.keras", other, resume=True)
    small = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Flatten(), keras.layers.Dense(4)])
    with pytest.raises(ValueError, match="expected the tower or model that .* was written for"):
        train(*parts, small, tmp_path / "mine.keras", plan, resume=True)
    state = tmp_path / "mine.training" / "state-00001.npz"
    state.write_bytes(state.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"expected a training's variables, received '.*state-00001.npz'"):
        train(*parts, tiny_tower(), tmp_path / "mine.keras", plan, resume=True)
    (tmp_path / "mine.training" / "history.json").write_text(json.dumps([1]))
    with pytest.raises(ValueError, match=r"expected a training's history, received '.*history.json'"):
        train(*parts, tiny_tower(), tmp_path / "mine.keras", plan, resume=True)


def test_a_training_that_diverges_says_so(parts, tmp_path):
    tower = tiny_tower()
    tower.layers[-2].bias.assign(np.full(16, np.nan))
    with pytest.raises(ValueError, match="expected finite encodings, received NaN or infinity: training diverged"):
        train(*parts, tower, tmp_path / "mine.keras", TrainingPlan(steps=1, people=5, pictures=3))
    assert not (tmp_path / "mine.keras").exists()


@pytest.mark.parametrize(
    "options, message",
    [
        ({}, "set epochs, steps or minutes"),
        ({"epochs": 0}, "expected epochs above 0, received 0"),
        ({"minutes": -1.0}, "expected minutes above 0, received -1.0"),
        ({"epochs": 1, "loss": "softmax"}, "expected a loss among triplet, verification, received 'softmax'"),
        ({"epochs": 1, "weight_decay": 1.0}, "expected a weight decay from 0 to 1"),
        ({"epochs": 1, "loss": "verification", "people": 1, "pictures": 2}, "at least 2 as people"),
    ],
)
def test_plans_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        TrainingPlan(**options)


@pytest.mark.parametrize("number", [50, 2500])
def test_pairs_are_drawn_once_each_and_truly_labelled(number):
    """Of 50 pictures, 5 of each of 10 people, 10 x 10 pairs are genuine and 1225 - 100 impostors."""
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(number // 5), 5))
    first, second, same = some_pairs(labels, most=1500, seed=2)
    assert np.array_equal(labels[first] == labels[second], same) and np.all(first < second)
    assert len(set(zip(first.tolist(), second.tolist(), strict=True))) == len(first)
    assert (same.sum(), (~same).sum()) == ((100, 1125) if number == 50 else (1500, 1500))
    assert np.array_equal(some_pairs(labels, most=1500, seed=2)[1], second)
    with pytest.raises(ValueError, match="expected genuine and impostor pairs, received 3 and 0"):
        some_pairs([4, 4, 4])


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"mining": "soft"}, "expected a mining among all, hard, semi-hard"),
        ({"comparison": "cosine"}, "expected a comparison among absolute"),
        ({"margin": float("nan")}, "expected margin from 0"),
        ({"augment": 4.0}, "expected augment from 0 to 3"),
        ({"people": 1}, "at least 2 as people"),
        ({"pictures": 2.0}, "at least 2 as pictures"),
        ({"singles": -1}, "at least 0 as singles"),
        ({"seed": -1}, "at least 0 as seed"),
        ({"seed": 2**31}, "a seed from 0 to 2147483647, received 2147483648"),
        ({"crop": 0}, "a crop above 0"),
    ],
)
def test_a_plan_says_at_once_what_is_wrong(choice, message):
    with pytest.raises(ValueError, match=message):
        TrainingPlan(steps=1, **choice)


def test_the_plan_knows_every_mining_and_comparison():
    assert set(MININGS) == set(STRATEGIES)
    assert set(PLANNED_COMPARISONS) == set(COMPARISONS)
