"""TripletModel learns, reports what its triplets say, warns of collapse, and behaves under all that Keras offers."""

import importlib.util
import json
import subprocess
import sys
import warnings

import keras
import numpy as np
import oracles_triplets as oracles
import pytest
import tensorflow as tf

from keras_apps import faces
from keras_apps.faces.training.losses import batch_triplet_loss
from keras_apps.faces.training.resume import fit_resumable
from keras_apps.faces.training.siamese import TrainingWarning
from keras_apps.faces.training.softmax_identifier import SoftmaxIdentifier
from keras_apps.faces.training.triplet_model import CollapseWarning, TripletModel
from keras_apps.faces.training.verification_model import VerificationModel


def tiny_tower(seed=1, dropout=0.0, dtype=None):
    x = inputs = keras.Input((6,))
    x = keras.layers.Dense(16, "relu", kernel_initializer=keras.initializers.GlorotUniform(seed), dtype=dtype)(x)
    if dropout:
        x = keras.layers.Dropout(dropout, seed=seed)(x)
    x = keras.layers.Dense(4, kernel_initializer=keras.initializers.GlorotUniform(seed + 1), dtype=dtype)(x)
    return keras.Model(inputs, keras.layers.UnitNormalization(dtype=dtype)(x))


def people(rng, count=8, pictures=4):
    """Each person a point in the plane, among four numbers of noise that say nothing of who it is."""
    labels = np.repeat(np.arange(count), pictures).astype(np.int32)
    known = rng.normal(size=(count, 2))[labels] + 0.05 * rng.normal(size=(labels.size, 2))
    return np.concatenate([known, rng.normal(size=(labels.size, 4))], axis=1).astype(np.float32), labels


def compiled(tower=None, rate=0.02, jit=None, **options):
    """Step by step unless `jit` says whether XLA compiles: for so small a model, tracing would take longer."""
    model = TripletModel(tower or tiny_tower(), **options)
    model.compile(keras.optimizers.Adam(rate), run_eagerly=jit is None, jit_compile=bool(jit))
    return model


def fitted(model, x, y, epochs=3, **options):
    return model.fit(x, y, batch_size=len(y), epochs=epochs, shuffle=False, verbose=0, **options).history


def trained(tower, x, y, steps=40, rate=0.02, **options):
    """Take so many steps on one and the same batch, as one epoch; report the batch as it is then."""
    model = compiled(tower, rate, jit=False, **options)
    model.fit(tf.data.Dataset.from_tensors((x, y)).repeat(steps), verbose=0)
    return batch_triplet_loss(tower(x), y)


@pytest.mark.parametrize(
    "mining",
    [
        "all",
        "semi-hard",
        "random",
        pytest.param("hard", marks=pytest.mark.slow),
        pytest.param("semi-hard-nearest", marks=pytest.mark.slow),
        pytest.param("batch-hard", marks=pytest.mark.slow),
    ],
)
def test_training_brings_a_person_together(mining, rng):
    """Share of triplets that violate the margin falls, and strangers get relatively farther: d(A,N) / d(A,P).

    Hard triplets at first shrink everything, as FaceNet's authors saw; so those begin after 8 semi-hard steps.
    """
    x, y = people(rng)
    tower = tiny_tower()
    before = start = batch_triplet_loss(tower(x), y)
    if mining in ("hard", "batch-hard"):
        before = trained(tower, x, y, mining="semi-hard", steps=8)
    after = trained(tower, x, y, mining=mining)
    assert after.active < start.active / 1.5
    assert after.d_an / after.d_ap > 2 * before.d_an / before.d_ap


def test_evaluate_reports_what_the_loops_say(rng):
    x, y = people(rng, count=4, pictures=3)
    model = compiled(mining="semi-hard", margin=0.5)
    report = model.evaluate(x, y, batch_size=len(y), verbose=0, return_dict=True)
    encodings, every = model.predict(x, verbose=0), oracles.triplets(np.zeros((12, 1)), y, "all", 0.5)
    chosen = oracles.triplets(encodings, y, "semi-hard", 0.5)
    assert report["loss"] == pytest.approx(oracles.loss(encodings, chosen, 0.5, "mean"), rel=1e-5)
    active = [oracles.loss(encodings, [t], 0.5, "sum") > 0 for t in every]
    assert report["active"] == pytest.approx(np.mean(active))
    assert report["d_ap"] == pytest.approx(
        np.mean([oracles.squared(*encodings[[a, p]]) for a, p, _ in every]), rel=1e-5
    )
    assert report["d_an"] == pytest.approx(
        np.mean([oracles.squared(*encodings[[a, n]]) for a, _, n in every]), rel=1e-5
    )


def test_one_step_of_gradient_descent_by_hand():
    """Encoding w x with w = 1, pictures 0, 1 and 1.5, margin 2, one triplet (0, 1, 1.5): L = w^2 - 2.25 w^2 + 2.

    L = 0.75 and dL/dw = -2.5, so a step of rate 0.1 gives w = 1.25.
    """
    tower = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    model = TripletModel(tower, margin=2.0)
    model.compile(keras.optimizers.SGD(0.1), jit_compile=False)
    triplets = (np.array([[0.0]]), np.array([[1.0]]), np.array([[1.5]]))
    history = model.fit(triplets, verbose=0).history
    assert {name: values[0] for name, values in history.items()} == pytest.approx(
        {"loss": 0.75, "active": 1.0, "d_ap": 1.0, "d_an": 2.25, "collapse": 0.0}
    )
    assert tower.get_weights()[0].item() == pytest.approx(1.25)


@pytest.mark.slow
def test_given_triplets_train_from_a_dataset(rng):
    x, y = people(rng)
    index = np.array(oracles.triplets(np.zeros((32, 1)), y, "all", 0.2))[rng.permutation(2688)[:256]]
    data = tf.data.Dataset.from_tensor_slices((tuple(x[i] for i in index.T),)).batch(64)
    history = compiled().fit(data, epochs=15, verbose=0).history
    assert history["loss"][-1] < history["loss"][0] / 2


def test_sum_is_the_mean_times_the_triplets(rng):
    x, y = people(rng)
    sums, means = (
        compiled(mining="all", reduction=reduction).evaluate(x, y, batch_size=32, verbose=0, return_dict=True)["loss"]
        for reduction in ("sum", "mean")
    )
    assert sums == pytest.approx(means * 32 * 3 * 28, rel=1e-5)


@pytest.mark.slow
def test_compiled_by_xla_gives_the_same_history(rng):
    x, y = people(rng)
    eager, graph, xla = (fitted(compiled(jit=jit), x, y) for jit in (None, False, True))
    for name in eager:
        assert graph[name] == pytest.approx(eager[name], rel=1e-3, abs=1e-5), name
        assert xla[name] == pytest.approx(eager[name], rel=1e-3, abs=1e-5), name


@pytest.mark.slow
def test_two_runs_with_one_seed_agree_exactly(rng):
    x, y = people(rng)
    runs = [fitted(compiled(tiny_tower(dropout=0.3), mining="random", seed=5), x, y) for _ in range(2)]
    assert runs[0] == runs[1]
    assert fitted(compiled(tiny_tower(dropout=0.3), mining="random", seed=6), x, y)["loss"] != runs[0]["loss"]


def test_random_mining_draws_anew_each_step(rng):
    x, y = people(rng)
    history = fitted(compiled(mining="random", rate=0.0), x, y)
    assert len(set(history["loss"])) == 3 and len(set(history["d_ap"])) == 1


class Interruption(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if self.model.optimizer.iterations == 8:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_resumed_training_has_the_history_of_an_uninterrupted_one(rng, tmp_path):
    """4 epochs of 3 batches, stopped in the middle of epoch 3, with dropout, random mining and shuffled batches."""
    x, y = people(rng, count=24)
    groups = tf.data.Dataset.from_tensor_slices((x.reshape(12, 8, 6), y.reshape(12, 8)))

    def batches(start):
        stream = groups.shuffle(12, seed=3).repeat().batch(4).skip(start)
        return stream.map(lambda a, b: (tf.reshape(a, (-1, 6)), tf.reshape(b, (-1,))))

    def run(folder, *callbacks):
        model = compiled(tiny_tower(dropout=0.3), mining="random")
        history = fit_resumable(model, batches, 3, 4, tmp_path / folder, callbacks=list(callbacks), verbose=0)
        return history, model

    whole, first = run("whole")
    with pytest.raises(KeyboardInterrupt):
        run("halved", Interruption())
    assert json.loads((tmp_path / "halved" / "history.json").read_text())["epoch"] == 2
    resumed, second = run("halved")
    assert len(whole["loss"]) == 4 and resumed == whole
    for a, b in zip(first.variables, second.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert run("halved")[0] == whole


def test_a_folder_of_another_model_is_refused(rng, tmp_path):
    x, y = people(rng)
    data = tf.data.Dataset.from_tensors((x, y)).repeat()
    fit_resumable(compiled(), lambda start: data, 1, 1, tmp_path, verbose=0)
    tower = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3)])
    with pytest.raises(ValueError, match="received another"):
        fit_resumable(compiled(tower), lambda start: data, 1, 2, tmp_path, verbose=0)
    with pytest.raises(ValueError, match="steps_per_epoch of at least 1, received 0"):
        fit_resumable(compiled(), lambda start: data, 0, 2, tmp_path)


def test_save_and_load_go_on_training_alike(rng, tmp_path):
    x, y = people(rng)
    model = compiled(margin=0.3, mining="all", reduction="sum", seed=2)
    fitted(model, x, y)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert {k: v for k, v in loaded.get_config().items() if k != "tower"} == {
        k: v for k, v in model.get_config().items() if k != "tower"
    }
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    assert fitted(loaded, x, y) == fitted(model, x, y)


def test_callbacks_checkpoint_and_stop(rng, tmp_path):
    x, y = people(rng)
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", monitor="val_loss", save_best_only=True)
    stop = keras.callbacks.EarlyStopping(monitor="d_ap", patience=0, mode="max")
    history = fitted(compiled(), x, y, epochs=30, validation_data=(x, y), callbacks=[checkpoint, stop])
    assert len(history["val_loss"]) < 30
    best = keras.saving.load_model(tmp_path / "best.keras").evaluate(x, y, batch_size=32, verbose=0, return_dict=True)
    assert best["loss"] == pytest.approx(min(history["val_loss"]), rel=1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(policy, rng):
    """Distances stay in float32; in float16 the loss is scaled. Training works."""
    x, y = people(rng)
    model = compiled(tiny_tower(dtype=policy))
    before, loss = batch_triplet_loss(model(x), y), fitted(model, x, y, epochs=1)["loss"][0]
    assert loss == pytest.approx(float(batch_triplet_loss(tiny_tower()(x), y).loss), rel=0.05)
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer) == (policy == "mixed_float16")
    assert model(x).dtype == policy.removeprefix("mixed_")
    assert trained(model.tower, x, y).active < before.active / 1.5


REPLICAS = """
import json, sys
import numpy as np
import tensorflow as tf
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
import keras
from test_triplet_model import fitted, people, tiny_tower
from keras_apps.faces.training.triplet_model import TripletModel

x, y = people(np.random.default_rng(7))
reports = {}
for reduction in ("mean", "sum"):
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        model = TripletModel(tiny_tower(), mining="all", reduction=reduction)
        model.compile(keras.optimizers.SGD(0.5 if reduction == "mean" else 0.001), jit_compile=False)
    reports[reduction] = fitted(model, x, y, epochs=1), [w.numpy().tolist() for w in model.weights]
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    models = TripletModel(tiny_tower(), mining="all"), TripletModel(tiny_tower())
    for model in models:
        model.compile(keras.optimizers.SGD(0.01), jit_compile=False)
options = {"batch_size": 8, "verbose": 0}
odd = [models[0].fit(x[:9], y[:9], **options).history, models[1].fit((x[:9],) * 3, **options).history]
odd += [models[0].evaluate(x[:9], y[:9], batch_size=8, verbose=0, return_dict=True)]
assert not any(np.isnan(value).any() for some in odd for value in some.values()), odd
assert all(np.isfinite(w.numpy()).all() for model in models for w in model.weights)
assert models[0].predict(x[:9], batch_size=8, verbose=0).shape == (9, 4)
print(json.dumps(reports))
"""


@pytest.mark.slow
def test_two_replicas_mine_their_halves_and_add_up(rng):
    """The gradient is the mean of the two halves' mean losses, or the sum of their sums.

    Nine rows in batches of eight leave the second replica none of the last batch; nothing comes of it.
    """
    path = [*sys.path, *([] if "tests" in sys.path else [])]
    code = f"import sys; sys.path[:0] = {path!r}\n" + REPLICAS
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr[-2000:]
    x, y = people(np.random.default_rng(7))
    for reduction, (history, weights) in json.loads(answer.stdout.splitlines()[-1]).items():
        tower = tiny_tower()
        with tf.GradientTape() as tape:
            halves = [batch_triplet_loss(tower(x[i]), y[i], 0.2, "all", reduction) for i in (slice(16), slice(16, 32))]
            total = sum(half.loss for half in halves) / (2 if reduction == "mean" else 1)
        keras.optimizers.SGD(0.5 if reduction == "mean" else 0.001).apply_gradients(
            zip(tape.gradient(total, tower.trainable_variables), tower.trainable_variables, strict=True)
        )
        for found, expected in zip(weights, tower.weights, strict=True):
            np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4, atol=1e-6)
        assert history["loss"][0] == pytest.approx(np.mean([half.loss for half in halves]), rel=1e-5)
        assert history["d_an"][0] == pytest.approx(np.mean([half.d_an for half in halves]), rel=1e-5)
        assert history["collapse"][0] == pytest.approx(0)


def constant_tower():
    zeros = keras.layers.Dense(3, kernel_initializer="zeros", bias_initializer="ones")
    return keras.Sequential([keras.Input((6,)), zeros, keras.layers.UnitNormalization()])


def test_a_collapse_is_told_once_with_what_to_do(rng):
    """A tower that answers the same to all: every loss is the margin, no gradient, for ever."""
    x, y = people(rng)
    with pytest.warns(CollapseWarning, match="lower learning rate.*'semi-hard'.*unit length.*larger batches") as seen:
        history = fitted(compiled(constant_tower(), mining="hard", rate=1e-9), x, y, epochs=12)
    assert len([w for w in seen if w.category is CollapseWarning]) == 1
    assert history["loss"] == pytest.approx([0.2] * 12, rel=1e-3) and history["collapse"][-1] > 0.99


@pytest.mark.slow
def test_a_good_training_or_a_few_bad_steps_are_no_collapse(rng):
    x, y = people(rng)
    with warnings.catch_warnings():
        warnings.simplefilter("error", CollapseWarning)
        fitted(compiled(), x, y, epochs=11)
        fitted(compiled(constant_tower(), mining="hard", rate=1e-9), x, y, epochs=9)
        fitted(compiled(constant_tower()), x, np.zeros(32, np.int32), epochs=11)


def test_a_batch_without_triplets_changes_nothing(rng):
    x, _ = people(rng)
    model = compiled()
    before = model.get_weights()
    for labels in (np.zeros(32, np.int32), np.arange(32, dtype=np.int32)):
        with pytest.warns(TrainingWarning, match="epoch 1 holds no triplet"):
            history = fitted(model, x, labels, epochs=1)
        assert history.pop("loss") == [np.inf] and np.isfinite([v[0] for v in history.values()]).all()
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_wrong_arguments_and_data(rng):
    x, y = people(rng)
    with pytest.raises(TypeError, match="expected a Keras model as the tower, received str"):
        TripletModel("resnet128")
    with pytest.raises(ValueError, match="did you mean 'semi-hard'"):
        TripletModel(tiny_tower(), mining="semihard")
    with pytest.raises(ValueError, match="margin of at least 0"):
        TripletModel(tiny_tower(), margin=-1)
    with pytest.raises(ValueError, match="reduction among mean, sum"):
        TripletModel(tiny_tower(), reduction="max")
    with pytest.raises(ValueError, match="not built"):
        TripletModel(keras.Sequential([keras.layers.Dense(2)]))
    with pytest.raises(ValueError, match="received no labels"):
        compiled().fit(x, verbose=0)
    with pytest.raises(ValueError, match=r"labels \(n,\), one per picture or pair, received shape \(32, 2\)"):
        compiled().fit(x, np.zeros((32, 2)), verbose=0)
    with pytest.raises(ValueError, match="expected 3 arrays of pictures, received 2"):
        compiled().fit((x, x), verbose=0)
    with pytest.raises(ValueError, match=r"as many pictures of one size, received shapes \(4, 6\), \(4, 6\), \(1, 6\)"):
        compiled().fit(tf.data.Dataset.from_tensors(((x[:4], x[:4], x[:1]),)), verbose=0)
    for labels, words in ((np.where(y > 2, np.nan, y), "numbers or names as labels, received nan"),):
        with pytest.raises(ValueError, match=words):
            compiled().fit(x, labels, verbose=0)
    with pytest.raises(ValueError, match="expected a seed from 0 to 2147483647, received 5000000000"):
        TripletModel(tiny_tower(), seed=5_000_000_000)
    with pytest.raises(ValueError, match="no weight of its own"):
        compiled().fit(tf.data.Dataset.from_tensors((x, x, x)), verbose=0)


def test_streams_are_taken_without_a_warning_that_nobody_asked_for():
    """Keras warns that `shuffle=True`, its own default, is ignored for a `tf.data` stream."""
    x, y = np.random.default_rng(0).normal(size=(8, 6)).astype("float32"), np.repeat(np.arange(4), 2)
    model = compiled()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(tf.data.Dataset.from_tensors((x, y)), verbose=0)
        model.fit(tf.data.Dataset.from_tensors((x, y)), None, None, 1, 0)


def test_the_loss_averages_batches_by_their_triplets(rng):
    """A batch of different people holds no triplet and does not halve the loss of the batch that does."""
    x, y = people(rng)
    model = compiled(mining="all")
    alone = model.evaluate(x, y, batch_size=32, verbose=0, return_dict=True)["loss"]
    nobody = np.arange(100, 132, dtype=np.int32)
    both = model.evaluate(
        np.concatenate([x, x]), np.concatenate([y, nobody]), batch_size=32, verbose=0, return_dict=True
    )
    assert both["loss"] == pytest.approx(alone, rel=1e-6)


def test_an_epoch_without_triplets_is_never_the_best(rng, tmp_path):
    """EarlyStopping and ModelCheckpoint see infinity for it, and take the next epoch as better."""
    x, y = people(rng)
    model = compiled(jit=False)
    labels = [np.arange(32, dtype=np.int32), y]
    data = tf.data.Dataset.from_tensor_slices((np.stack([x, x]), np.stack(labels))).repeat()
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", monitor="loss", save_best_only=True)
    stop = keras.callbacks.EarlyStopping(monitor="loss", patience=5)
    with pytest.warns(TrainingWarning, match=r"epoch 1 holds no triplet: none of its 1 batch .*labelled_batches"):
        model.fit(data, steps_per_epoch=1, epochs=2, callbacks=[checkpoint, stop], verbose=0)
    assert (
        np.isinf(model.history.history["loss"][0]) and checkpoint.best == stop.best == model.history.history["loss"][1]
    )


def test_an_epoch_that_teaches_nothing_is_reported_with_what_to_do(rng):
    x, y = people(rng)
    identical = np.repeat(x[:1], 32, axis=0)
    with pytest.warns(CollapseWarning, match="in epoch 1 all encodings were nearly alike"):
        assert fitted(compiled(), identical, y, epochs=1)["loss"] == pytest.approx([0.2])
    with pytest.warns(TrainingWarning, match=r"'semi-hard' chose none of 2688 triplets, although .* violate"):
        assert fitted(compiled(margin=0.0), x, y, epochs=1)["loss"][0] > 0
    with pytest.warns(TrainingWarning, match="all 2688 triplets satisfy the margin"):
        tower = keras.Sequential([keras.Input((32,)), keras.layers.Identity()])
        points = np.eye(8, dtype=np.float32)[y] @ np.eye(8, 32, dtype=np.float32)
        model = TripletModel(keras.Sequential([tower, keras.layers.Dense(32, kernel_initializer="identity")]))
        model.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
        assert fitted(model, points, y, epochs=1)["loss"] == [0.0]


def test_divergence_is_reported(rng):
    """A learning rate of 100 without unit length: the distances grow a million times, then to infinity."""
    x, y = people(rng)
    tower = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4), keras.layers.Dense(4)])
    model = TripletModel(tower, mining="all")
    model.compile(keras.optimizers.SGD(1e3), run_eagerly=True)
    with pytest.warns(TrainingWarning, match=r"training diverged: in .* lower learning rate|lower the learning rate"):
        fitted(model, x, y, epochs=4)


@pytest.mark.parametrize("jit", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_picture_that_is_not_finite_stops_fit_with_its_batch(jit, rng):
    """Picture 17 of batches of 8 is in batch 3; the weights stay finite."""
    x, y = people(rng)
    x[17, 2] = np.nan
    model = compiled(jit=jit)
    streams = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
    for data, options in ((x, {"y": y, "batch_size": 8}), (streams, {})):
        with pytest.raises(ValueError, match="NaN or infinity in batch 3 of epoch 1"):
            model.fit(data, shuffle=False, verbose=0, **options)
        with pytest.raises(ValueError, match="NaN or infinity in batch 3 of the validation data"):
            model.evaluate(data, verbose=0, **options)
    with pytest.raises(ValueError, match="NaN or infinity in this batch"):
        model.train_on_batch(x, y)
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_validation_without_positives_is_refused(rng):
    x, y = people(rng)
    with pytest.raises(ValueError, match="received 8 pictures of 8 people: they make no triplet"):
        compiled().fit(x, y, validation_data=(x[::4], y[::4]), verbose=0)
    stream = tf.data.Dataset.from_tensors((x[::4], y[::4]))
    with pytest.warns(TrainingWarning, match="the validation data holds no triplet"):
        assert compiled().fit(x, y, validation_data=stream, verbose=0).history["val_loss"] == [np.inf]


@pytest.mark.slow
def test_names_lists_and_dictionaries_are_taken_like_arrays(rng):
    x, y = people(rng)
    names = np.array([f"person {i}" for i in y])
    expected = fitted(compiled(), x, y, epochs=2)
    assert fitted(compiled(), x, names, epochs=2) == expected
    assert fitted(compiled(), list(x), list(names), epochs=2) == expected
    stream = tf.data.Dataset.from_tensors((x, names))
    assert compiled(jit=True).fit(stream, epochs=2, verbose=0).history["loss"] == pytest.approx(
        expected["loss"], rel=1e-3
    )
    parts = {"anchor": x[:8], "positive": x[8:16], "negative": x[16:24]}
    assert (
        compiled().fit(parts, verbose=0, shuffle=False).history
        == compiled().fit(tuple(parts.values()), verbose=0, shuffle=False).history
    )
    with pytest.raises(ValueError, match="expected pictures of one size"):
        compiled().fit([x[0], x[1][:3]], [0, 0], verbose=0)
    with pytest.raises(ValueError, match=r"use dataset.batch\(32\)"):
        compiled().fit(tf.data.Dataset.from_tensor_slices((x, y)), verbose=0)


def test_compile_refuses_what_it_cannot_use_and_uses_the_rest(rng):
    x, y = people(rng)
    model = TripletModel(tiny_tower())
    for options, words in (
        ({"loss": "mse"}, "TripletModel has its own loss.*received loss='mse'"),
        ({"loss_weights": [1.0]}, "no loss_weights"),
        ({"metrics": ["accuracy"]}, "metrics of .labels, embeddings.*received 'accuracy'"),
        ({"metrics": [keras.metrics.AUC()]}, "received 'AUC'"),
        ({"weighted_metrics": [faces.EqualErrorRate()]}, "no weighted_metrics"),
        ({"metrics": [faces.EqualErrorRate(name="active")]}, "already reports 'active'"),
    ):
        with pytest.raises(ValueError, match=words):
            model.compile("adam", **options)
    model.compile("adam", metrics=[faces.EqualErrorRate()], steps_per_execution=2, jit_compile=False)
    history = model.fit(x, y, 8, 2, 0, None, 0.25).history  # positional, as keras.Model.fit has it
    assert {"eer", "val_eer", "val_loss", "val_active"} <= set(history) and len(history["loss"]) == 2
    for weights in ({"class_weight": {0: 1.0}}, {"sample_weight": np.ones(32)}):
        with pytest.raises(ValueError, match="no class_weight and no sample_weight"):
            model.fit(x, y, verbose=0, **weights)
    with pytest.raises(ValueError, match="metrics of compile need labels"):
        model.fit((x, x, x), verbose=0)
    model.tower.trainable = False
    with pytest.raises(ValueError, match="nothing to train"):
        model.fit(x, y, verbose=0)


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(4)

    def call(self, x):
        return self.dense(x)


def test_a_subclassed_tower_that_was_called_once(rng, tmp_path):
    x, y = people(rng)
    tower = Subclassed()
    tower(x[:1])
    model = TripletModel(tower, mining="all")
    model.compile("adam", jit_compile=False)
    assert len(fitted(model, x, y, epochs=1)["loss"]) == 1
    model.export(tmp_path / "model", verbose=False)
    assert VerificationModel(tower).head.kernel.shape == (4,)


@pytest.mark.parametrize("kind", ["triplet", "verification"])
def test_callbacks_that_people_use(kind, rng, tmp_path):
    x, y = people(rng)
    if kind == "triplet":
        model, data = TripletModel(tiny_tower()), (x, y)
    else:
        model, data = VerificationModel(tiny_tower()), ((x, x[::-1].copy()), (y == y[::-1]).astype(int))
    model.compile("adam", metrics=[faces.EqualErrorRate()], jit_compile=False)
    callbacks = [
        keras.callbacks.BackupAndRestore(tmp_path / "backup"),
        keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", save_best_only=True),
        keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True),
        keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=0, min_delta=10.0),
        keras.callbacks.CSVLogger(tmp_path / "log.csv"),
    ]
    if importlib.util.find_spec("tensorboard"):
        callbacks.append(keras.callbacks.TensorBoard(tmp_path / "board"))
    history = model.fit(*data, epochs=2, verbose=0, validation_data=data, callbacks=callbacks).history
    assert float(model.optimizer.learning_rate) < history["learning_rate"][0]
    assert (tmp_path / "log.csv").read_text().startswith("epoch,") and len(history["val_loss"]) == 2
    loaded = keras.saving.load_model(tmp_path / "best.keras")
    assert loaded.optimizer.iterations > 0
    report = loaded.evaluate(*data, verbose=0, return_dict=True)
    assert report["loss"] == pytest.approx(min(history["val_loss"]), rel=1e-5) and "eer" in report
    loaded.fit(*data, verbose=0)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["triplet", "verification", "softmax"])
def test_exported_saved_and_quantized_right_after_construction(kind, rng, tmp_path):
    x = rng.normal(size=(6, 6)).astype(np.float32)
    model, inputs = {
        "triplet": lambda: (TripletModel(tiny_tower()), x),
        "verification": lambda: (VerificationModel(tiny_tower()), (x, x[::-1].copy())),
        "softmax": lambda: (SoftmaxIdentifier(tiny_tower(), ["ada", "bob"]), x),
    }[kind]()
    model.export(tmp_path / "model", verbose=False)
    expected = model.predict(inputs, verbose=0)
    exported = tf.saved_model.load(tmp_path / "model")
    np.testing.assert_allclose(exported.serve(inputs), expected, atol=1e-5)
    tf.saved_model.save(model, str(tmp_path / "plain"))
    plain = tf.saved_model.load(str(tmp_path / "plain"))
    serving = plain.signatures["serving_default"]
    parts = zip(serving.structured_input_signature[1], inputs if kind == "verification" else [x], strict=True)
    (answer,) = serving(**{name: tf.constant(part) for name, part in parts}).values()
    np.testing.assert_allclose(answer, expected, atol=1e-5)
    with pytest.raises(ValueError, match=r"ends in \.keras, received .*model\.h5"):
        model.save(tmp_path / "model.h5")
    model.quantize("int8")
    quantized = model.predict(inputs, verbose=0)
    model.save(tmp_path / "int8.keras")
    loaded = keras.saving.load_model(tmp_path / "int8.keras")
    np.testing.assert_array_equal(loaded.predict(inputs, verbose=0), quantized)


@pytest.mark.parametrize("kind", [pytest.param("triplet", marks=pytest.mark.slow), "verification", "softmax"])
@pytest.mark.parametrize("format", ["litert", "onnx"])
def test_exported_to_other_runtimes(kind, format, rng, tmp_path):
    if format == "onnx":
        pytest.importorskip("tf2onnx")
        runtime = pytest.importorskip("onnxruntime")
    x = rng.normal(size=(1, 6)).astype(np.float32)
    model, inputs = {
        "triplet": lambda: (TripletModel(tiny_tower()), [x]),
        "verification": lambda: (VerificationModel(tiny_tower()), [x, 2 * x]),
        "softmax": lambda: (SoftmaxIdentifier(tiny_tower(), ["ada", "bob"]), [x]),
    }[kind]()
    path = str(tmp_path / f"model.{'tflite' if format == 'litert' else 'onnx'}")
    model.export(path, format=format, verbose=False)
    expected = model.predict(inputs if kind == "verification" else x, verbose=0)
    if format == "onnx":
        session = runtime.InferenceSession(path)
        answer = session.run(None, {i.name: part for i, part in zip(session.get_inputs(), inputs, strict=True)})[0]
        np.testing.assert_allclose(answer, expected, atol=1e-5)
    else:
        assert len(tf.lite.Interpreter(path).get_input_details()) == len(inputs)


@pytest.mark.parametrize("mining", ["semi-hard", "batch-hard", "all"])
def test_a_network_of_nan_has_a_loss_of_nan_and_is_reported(mining, rng):
    x, y = people(rng)
    tower = tiny_tower()
    tower.set_weights([np.full_like(w, np.nan) for w in tower.get_weights()])
    with pytest.warns(TrainingWarning, match="training diverged: in batch 1 of epoch 1 the network's output is NaN"):
        assert np.isnan(fitted(compiled(tower, mining=mining), x, y, epochs=1)["loss"]).all()
