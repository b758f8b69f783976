"""TripletLoss on a plain Keras model, and the metrics on labelled embeddings and pair probabilities."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from test_triplet_model import compiled, people, tiny_tower

from keras_apps import faces
from keras_apps.faces.training.metrics import PairRates


def plain(jit=False, **options):
    tower = tiny_tower()
    tower.compile(keras.optimizers.Adam(0.02), loss=faces.TripletLoss(**options), jit_compile=jit)
    return tower


@pytest.mark.parametrize(
    "options",
    [
        {"mining": "all"},
        pytest.param({"distance": "euclidean", "margin": 0.5}, marks=pytest.mark.slow),
        pytest.param({"reduction": "sum"}, marks=pytest.mark.slow),
    ],
)
def test_a_plain_tower_trains_as_triplet_model_does(options, rng):
    x, y = people(rng)
    tower, model = plain(**options), compiled(jit=False, **options)
    batch = {"batch_size": 32, "epochs": 4, "shuffle": False, "verbose": 0}
    assert tower.fit(x, y, **batch).history["loss"] == pytest.approx(model.fit(x, y, **batch).history["loss"], rel=1e-5)
    for a, b in zip(tower.get_weights(), model.tower.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_the_loss_by_hand_with_names_and_half_precision():
    """One person at 0 and 1, another at 1.5. Squared: 1 - 2.25 + 0.5 < 0 and 1 - 0.25 + 0.5, mean 0.625.

    Euclidean: 1 - 1.5 + 0.5 = 0 and 1 - 0.5 + 0.5 = 1, mean 0.5.
    """
    embeddings = np.array([[0.0], [1.0], [1.5]], np.float16)
    for labels in ([0, 0, 1], ["ada", "ada", "bob"], [[7], [7], [2**40]]):
        assert float(faces.TripletLoss(0.5, "all")(labels, embeddings)) == 0.625
        assert float(faces.TripletLoss(0.5, "all", "euclidean")(labels, embeddings)) == 0.5
    with pytest.raises(ValueError, match="no sample or class weights"):
        faces.TripletLoss()([0, 0, 1], embeddings, [1, 1, 1])


def test_identical_embeddings_have_the_margin_as_loss_and_finite_gradients():
    """No triplet is semi-hard, all violate the margin: the loss is 0.2, not 0."""
    labels = [0, 0, 1, 1]
    for distance in ("squared_euclidean", "euclidean"):
        same = tf.Variable(tf.ones((4, 3)))
        with tf.GradientTape() as tape:
            loss = faces.TripletLoss(distance=distance)(labels, same)
        assert float(loss) == pytest.approx(0.2) and np.isfinite(tape.gradient(loss, same)).all()


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_loss_and_metrics_under_xla_and_in_mixed_precision(policy, rng):
    x, y = people(rng)
    tower = tiny_tower(dtype=policy)
    metrics = [faces.EqualErrorRate(), faces.TARAtFAR(0.1), faces.ActiveTriplets()]
    tower.compile(keras.optimizers.Adam(0.02), loss=faces.TripletLoss(), metrics=metrics, jit_compile=True)
    history = tower.fit(x, y, batch_size=32, epochs=12, verbose=0, shuffle=False).history
    assert history["eer"][-1] < history["eer"][0] and history["tar"][-1] > history["tar"][0]
    assert history["active_triplets"][-1] < history["active_triplets"][0]


def test_rates_agree_with_the_exact_ones(rng):
    """Two batches of embeddings: every pair within a batch, by `faces.roc` on the exact distances."""
    batches = [people(rng), people(rng)]
    eer, tar, distances, same = faces.EqualErrorRate(), faces.TARAtFAR(0.05), [], []
    for x, y in batches:
        eer.update_state(y, x)
        tar.update_state(y, x)
        first, second = np.triu_indices(len(y), 1)
        distances.append(faces.squared_euclidean(x[first], x[second]))
        same.append(y[first] == y[second])
    curve = faces.roc(np.concatenate(distances), np.concatenate(same))
    assert float(eer.result()) == pytest.approx(faces.equal_error_rate(curve)[0], abs=0.005)
    assert float(tar.result()) == pytest.approx(curve.tar[curve.far <= 0.05].max(), abs=0.01)


def test_probabilities_of_pairs(rng):
    """P(same) of 1 and 0 are in the outermost bins; the rates are those of the distances 1 - P."""
    same = rng.uniform(size=400) < 0.5
    probability = np.clip(rng.normal(0.35 + 0.3 * same, 0.2), 0, 1).astype(np.float32)
    eer = faces.EqualErrorRate()
    eer.update_state(same, probability[:, None])
    exact = faces.equal_error_rate(faces.roc(1 - probability, same))[0]
    assert float(eer.result()) == pytest.approx(exact, abs=0.01)


def test_metrics_without_pairs_or_with_nan_say_nan():
    for metric in (faces.EqualErrorRate(), faces.TARAtFAR()):
        assert np.isnan(metric.result())
        metric.update_state([0, 1], [[0.0, 1.0], [1.0, 0.0]])
        assert np.isnan(metric.result())
        metric.reset_state()
        metric.update_state([0, 0, 1], [[0.0, 1.0], [np.nan, 0.0], [1.0, 1.0]])
        assert np.isnan(metric.result())
        with pytest.raises(ValueError, match="takes no sample weights"):
            metric.update_state([0, 0], [[0.0], [1.0]], [1, 1])
    with pytest.raises(ValueError, match="far from 0 to 1, received 2"):
        faces.TARAtFAR(2)


@pytest.mark.parametrize(
    "made",
    [
        faces.TripletLoss(0.3, "random", "euclidean", "sum", 7),
        faces.EqualErrorRate(bins=64),
        faces.TARAtFAR(0.01, name="tar_1"),
        faces.ActiveTriplets(0.4, "euclidean"),
    ],
    ids=lambda made: type(made).__name__,
)
def test_configs_come_back(made):
    config = keras.saving.serialize_keras_object(made)
    assert config["registered_name"].startswith("keras_apps>")
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is type(made) and again.get_config() == made.get_config()


@pytest.mark.slow
def test_a_compiled_tower_is_saved_with_loss_and_metrics(rng, tmp_path):
    x, y = people(rng)
    tower = tiny_tower()
    tower.compile("adam", loss=faces.TripletLoss(mining="all"), metrics=[faces.EqualErrorRate()], jit_compile=False)
    tower.fit(x, y, verbose=0)
    tower.save(tmp_path / "tower.keras")
    loaded = keras.saving.load_model(tmp_path / "tower.keras")
    options = {"batch_size": 32, "verbose": 0, "return_dict": True}
    assert loaded.evaluate(x, y, **options) == pytest.approx(tower.evaluate(x, y, **options), rel=1e-5)
    assert isinstance(loaded.loss, faces.TripletLoss) and PairRates().bins == 8192
