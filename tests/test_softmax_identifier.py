"""The softmax baseline learns the people it was given, and must be trained again for another."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_apps.faces.training.softmax_identifier import SoftmaxIdentifier


def tower():
    return keras.Sequential([keras.Input((2,)), keras.layers.Identity()])


def compiled(model):
    model.compile(keras.optimizers.Adam(0.1), run_eagerly=True)
    return model


def trained(model, x, y, steps=80):
    """Take so many steps on one and the same batch, as one epoch."""
    model.compile(keras.optimizers.Adam(0.1), jit_compile=False)
    model.fit(tf.data.Dataset.from_tensors((x, y)).repeat(steps), verbose=0)
    return model


def corners(rng, classes):
    """Class k at corner k of a square, 20 pictures each."""
    labels = np.repeat(np.arange(classes), 20)
    return np.array([(1, 1), (-1, -1), (-1, 1), (1, -1)])[labels] + 0.1 * rng.normal(size=(labels.size, 2)), labels


def test_learns_people_and_the_unknown(rng):
    x, y = corners(rng, 3)
    model = trained(SoftmaxIdentifier(tower(), ["ada", "bob"]), x, y)
    assert model.identify(np.array([[1.0, 1], [-1, -1], [-1, 1]])) == ["ada", "bob", None]
    np.testing.assert_allclose(model.predict(x, verbose=0).sum(axis=1), 1, rtol=1e-5)
    assert model.evaluate(x, y, verbose=0, return_dict=True)["accuracy"] == 1


def test_loss_by_hand():
    """All weights 0: P = 1/3 for each of K + 1 = 3 classes, so the loss is log 3 and "ada" wins the tie."""
    model = compiled(SoftmaxIdentifier(tower(), ["ada", "bob"]))
    model.head.set_weights([np.zeros((2, 3)), np.zeros(3)])
    report = model.evaluate(np.ones((2, 2)), np.array([0, 2]), verbose=0, return_dict=True)
    assert report == pytest.approx({"loss": np.log(3), "accuracy": 0.5})


def test_a_new_person_needs_training_again(rng):
    """The other outputs stay as they were, "unknown" remains last; the new one is known only after training."""
    x, y = corners(rng, 3)
    model = trained(SoftmaxIdentifier(tower(), ["ada", "bob"]), x, y)
    larger = model.with_person("eve")
    assert larger.people == ("ada", "bob", "eve") and model.people == ("ada", "bob")
    logits, more = (m.logits(x, training=False).numpy() for m in (model, larger))
    np.testing.assert_allclose(more[:, [0, 1, 3]], logits, rtol=1e-6)
    x, y = corners(rng, 4)
    y = np.array([0, 1, 3, 2])[y]  # eve sits where nobody did
    assert np.mean([name == "eve" for name in larger.identify(x[y == 2])]) < 0.5
    trained(larger, x, y, 100)
    assert larger.identify(np.array([[1.0, 1], [-1, -1], [-1, 1], [1, -1]])) == ["ada", "bob", None, "eve"]


def test_save_and_load_and_a_frozen_tower(rng, tmp_path):
    x, y = corners(rng, 3)
    dense = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    before = dense.get_weights()[0]
    model = compiled(SoftmaxIdentifier(dense, ["ada", "bob"], train_tower=False))
    model.fit(x, y, verbose=0)
    np.testing.assert_array_equal(dense.get_weights()[0], before)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.people == ("ada", "bob") and not loaded.train_tower
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


def test_nobody_is_identified_in_no_picture():
    assert SoftmaxIdentifier(tower(), ["ada"]).identify(np.zeros((0, 2))) == []


@pytest.mark.parametrize("jit", [False, True])
def test_labels_that_are_no_person_are_refused(jit):
    """Two people: 0, 1 and 2. XLA itself would answer 3 with a loss of NaN."""
    model, x = SoftmaxIdentifier(tower(), ["ada", "bob"]), np.ones((2, 2), np.float32)
    model.compile("sgd", jit_compile=jit)
    for labels, wrong in (
        ([0, 3], "3"),
        ([-1, 0], "-1"),
        ([0.0, 0.5], "0.5"),
        ([0, np.nan], "nan"),
    ):
        with pytest.raises(ValueError, match=f"expected whole numbers from 0 to 2 as labels, received {wrong}"):
            model.fit(x, np.array(labels), verbose=0)
    with pytest.raises(ValueError, match="names of the model's people or 'unknown', received 'a'"):
        model.fit(x, np.array(["a", "b"]), verbose=0)
    with pytest.raises(ValueError, match="from 0 to 2 as labels, received 3"):
        model.evaluate(x, tf.constant([[0], [3]]), verbose=0)
    with pytest.raises(ValueError, match=r"one per picture or pair, received shape \(2, 3\)"):
        model.fit(x, np.eye(3)[:2], verbose=0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="whole numbers from 0 to 2 as labels, received other"):
        model.fit(tf.data.Dataset.from_tensors((x, [0, 3])), verbose=0)
    assert np.isfinite(model.fit(x, np.array([[0], [2]]), verbose=0).history["loss"][0])


def test_wrong_arguments_and_data():
    with pytest.raises(TypeError, match="expected a Keras model as the tower, received str"):
        SoftmaxIdentifier("small", ["ada"])
    with pytest.raises(ValueError, match="not built"):
        SoftmaxIdentifier(keras.Sequential([keras.layers.Dense(2)]), ["ada"])
    for names in ([], ["ada", "ada"], ["unknown"]):
        with pytest.raises(ValueError, match="at least one name, each once"):
            SoftmaxIdentifier(tower(), names)
    with pytest.raises(ValueError, match="each once"):
        SoftmaxIdentifier(tower(), ["ada"]).with_person("ada")
    with pytest.raises(ValueError, match="received no labels"):
        compiled(SoftmaxIdentifier(tower(), ["ada"])).fit(np.ones((2, 2)), verbose=0)
