"""The comparisons by hand, the logistic unit against planted rules, and VerificationModel from pictures to decision."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_apps.faces.towers.registry import fingerprint
from keras_apps.faces.training.comparison import COMPARISONS, LogisticComparison, chi_square_difference
from keras_apps.faces.training.verification_model import VerificationModel, cross_entropy


def tiny_tower(seed=1, size=4, dtype=None):
    x = inputs = keras.Input((6,))
    x = keras.layers.Dense(16, "relu", kernel_initializer=keras.initializers.GlorotUniform(seed), dtype=dtype)(x)
    x = keras.layers.Dense(size, kernel_initializer=keras.initializers.GlorotUniform(seed + 1), dtype=dtype)(x)
    return keras.Model(inputs, x)


def identity_tower(size):
    return keras.Sequential([keras.Input((size,)), keras.layers.Identity()])


def trained(model, x, same, steps, rate=0.05):
    """Take so many steps on one and the same batch, as one epoch."""
    model.compile(keras.optimizers.Adam(rate), jit_compile=False)
    model.fit(tf.data.Dataset.from_tensors((x, same)).repeat(steps), verbose=0)
    return model


def loss(model, x, same):
    return float(np.mean(cross_entropy(same.astype("float32"), model.logits(x, training=False))))


def compiled(model, rate=0.05, jit=None):
    model.compile(keras.optimizers.Adam(rate), run_eagerly=jit is None, jit_compile=bool(jit))
    return model


def pairs(rng, count=256):
    """Two numbers tell who it is, four say nothing; half of the pairs show one person."""
    same = np.arange(count) % 2
    known = rng.normal(size=(2, count, 2))
    known[1, same == 1] = known[0, same == 1] + 0.1 * rng.normal(size=(count // 2, 2))
    both = np.concatenate([known, rng.normal(size=(2, count, 4))], axis=-1).astype(np.float32)
    return (both[0], both[1]), same


@pytest.mark.parametrize(
    ("kind", "expected"), [("absolute", [2.0, 2.0, 0.0]), ("squared", [4.0, 4.0, 0.0]), ("chi-square", [1.0, 2.0, 0.0])]
)
def test_comparisons_by_hand(kind, expected):
    """(1, 3): 2, 4, 4 / 4. (-1, 1): 2, 4, 4 / 2. (0, 0): 0 three times. In NumPy and in TensorFlow."""
    first, second = np.array([1.0, -1.0, 0.0]), np.array([3.0, 1.0, 0.0])
    np.testing.assert_allclose(COMPARISONS[kind](first, second), expected, rtol=1e-9)
    np.testing.assert_allclose(COMPARISONS[kind](tf.constant(first), tf.constant(second)), expected, rtol=1e-9)


def test_chi_square_is_the_courses_formula_and_that_of_the_split_encodings(rng):
    """(f - g)^2 / (f + g) for non-negative encodings; for others the sum over positive and negative parts."""
    first, second = rng.normal(size=(2, 50, 8))
    f, g = np.abs(first), np.abs(second)
    np.testing.assert_allclose(chi_square_difference(f, g), (f - g) ** 2 / (f + g))
    parts = 0
    for sign in (1, -1):
        f, g = np.maximum(sign * first, 0), np.maximum(sign * second, 0)
        parts = parts + (f - g) ** 2 / np.where(f + g > 0, f + g, 1)
    np.testing.assert_allclose(chi_square_difference(first, second), parts)


@pytest.mark.parametrize("kind", COMPARISONS)
@pytest.mark.parametrize("jit", [False, True])
def test_zero_encodings_are_finite_and_so_is_their_gradient(kind, jit):
    """Zeros, numbers that underflow when squared, one zero and one not."""

    @tf.function(jit_compile=jit)
    def gradient(first, second):
        with tf.GradientTape() as tape:
            tape.watch([first, second])
            total = tf.reduce_sum(COMPARISONS[kind](first, second))
        return total, *tape.gradient(total, [first, second])

    values = gradient(tf.constant([0, 0, 1e-25, 1e-35, 0.5]), tf.constant([0, 1e-25, 1e-25, -1e-35, 0]))
    for value in values:
        assert np.isfinite(value).all() and np.abs(value).max() <= 3


@pytest.mark.parametrize("kind", COMPARISONS)
def test_the_unit_is_the_sum_of_the_formula(kind, rng):
    """z = sum_k w_k c_k + b, by a loop; P = 1 / (1 + exp(-z))."""
    first, second, weights = rng.normal(size=(5, 3)), rng.normal(size=(5, 3)), rng.normal(size=3)
    model = VerificationModel(identity_tower(3), kind)
    model.head.set_weights_and_bias(weights, 0.5)
    found_weights, found_bias = model.head.weights_and_bias()
    np.testing.assert_allclose(found_weights, weights, rtol=1e-6)
    assert found_bias == 0.5
    expected = []
    for f, g in zip(first, second, strict=True):
        c = {"absolute": abs(f - g), "squared": (f - g) ** 2, "chi-square": (f - g) ** 2 / (abs(f) + abs(g))}[kind]
        expected.append(1 / (1 + np.exp(-(sum(w * x for w, x in zip(weights, c, strict=True)) + 0.5))))
    np.testing.assert_allclose(model.score(first, second), expected, rtol=1e-5)
    np.testing.assert_allclose(model.predict((first, second), verbose=0), expected, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", COMPARISONS)
def test_a_planted_rule_is_recovered(kind, rng):
    """Labels drawn with P = sigmoid(2 - 3 c_1 - 1 c_2 + 0 c_3) over 8,000 pairs: w = (-3, -1, 0) and b = 2."""
    first, second = rng.normal(size=(2, 8000, 3)).astype(np.float32)
    planted = np.array([-3.0, -1.0, 0.0])
    z = COMPARISONS[kind](first, second) @ planted + 2
    same = rng.uniform(size=len(z)) < 1 / (1 + np.exp(-z))
    model = trained(VerificationModel(identity_tower(3), kind, train_tower=False), (first, second), same, 150, 0.2)
    weights, bias = model.head.weights_and_bias()
    np.testing.assert_allclose(weights, planted, atol=0.25)
    assert bias == pytest.approx(2, abs=0.15)


@pytest.mark.slow
def test_one_shared_weight_is_recovered(rng):
    """P = sigmoid(1 - 2 sum c_k): one w = -2 for all k."""
    first, second = rng.normal(size=(2, 8000, 3)).astype(np.float32)
    same = rng.uniform(size=8000) < 1 / (1 + np.exp(2 * np.abs(first - second).sum(axis=1) - 4))
    model = VerificationModel(identity_tower(3), train_tower=False, shared_weight=True)
    trained(model, (first, second), same, 150, 0.2)
    weights, bias = model.head.weights_and_bias()
    assert weights.shape == (1,) and weights[0] == pytest.approx(-2, abs=0.2) and bias == pytest.approx(4, abs=0.3)
    np.testing.assert_allclose(
        model.score(first[:9], second[:9]), model.predict((first[:9], second[:9]), verbose=0), rtol=1e-4
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", COMPARISONS)
def test_joint_training_learns_what_a_frozen_tower_hides(kind, rng):
    """Six numbers in, two of which matter: with the tower trained too, the loss falls further."""
    x, same = pairs(rng)
    losses = {}
    for train_tower in (True, False):
        tower = tiny_tower()
        before = tower.get_weights()
        model = VerificationModel(tower, kind, train_tower=train_tower)
        assert loss(model, x, same) == pytest.approx(np.log(2))
        losses[train_tower] = loss(trained(model, x, same, 60), x, same)
        changed = any((a != b).any() for a, b in zip(before, tower.get_weights(), strict=True))
        assert changed == train_tower and tower.trainable
    assert losses[True] < 0.7 * losses[False] < 0.7 * np.log(2)


def test_a_frozen_tower_runs_in_inference_mode(rng):
    """Batch normalisation's running statistics do not move, and dropout does nothing."""
    layers = [keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)]
    tower = keras.Sequential([keras.Input((6,)), *layers])
    x, same = pairs(rng)
    compiled(VerificationModel(tower, train_tower=False)).fit(x, same, verbose=0)
    assert not tower.layers[0].moving_mean.numpy().any()
    compiled(VerificationModel(tower)).fit(x, same, verbose=0)
    assert tower.layers[0].moving_mean.numpy().any()


def test_evaluate_is_cross_entropy_and_accuracy_by_hand():
    """c = 0, 1, 2 and z = 2 - 2c = 2, 0, -2 with labels 1, 1, 1: -log sigmoid(z) = 0.1269, 0.6931, 2.1269.

    Two of three reach P = 0.5; at tau 0.6 one of three does.
    """
    x = (np.zeros((3, 1)), np.array([[0.0], [1.0], [2.0]]))
    for tau, accuracy in ((0.5, 2 / 3), (0.6, 1 / 3)):
        model = compiled(VerificationModel(identity_tower(1), tau_probability=tau))
        model.head.set_weights_and_bias([-2.0], 2.0)
        report = model.evaluate(x, np.ones(3), verbose=0, return_dict=True)
        assert report == pytest.approx({"loss": 0.982334, "accuracy": accuracy}, abs=1e-5)
        assert model.verify(*x).tolist() == [True, tau == 0.5, False]


def test_score_compares_one_with_many_like_each_with_each(rng):
    model = VerificationModel(identity_tower(8), "chi-square")
    model.head.set_weights_and_bias(rng.normal(size=8), 1.0)
    many = rng.normal(size=(5000, 8))
    scores = model.score(many[0], many)
    assert scores.shape == (5000,) and scores.dtype == np.float32
    np.testing.assert_allclose(scores, model.score(np.repeat(many[:1], 5000, axis=0), many), rtol=1e-6)
    np.testing.assert_allclose(scores, model.score(many, many[:1]), rtol=1e-6)
    assert model.score(many[0], many[1]) == pytest.approx(scores[1], rel=1e-6)


@pytest.mark.parametrize("kind", COMPARISONS)
def test_a_gallery_of_100_000_is_scored_at_once(kind, rng):
    model = VerificationModel(identity_tower(128), kind)
    model.head.set_weights_and_bias(-np.ones(128), 1.0)
    gallery = rng.normal(size=(100_000, 128)).astype(np.float32)
    scores = model.score(gallery[0], gallery)
    assert scores.shape == (100_000,) and scores.argmax() == 0


def test_extreme_logits_do_not_overflow():
    model = VerificationModel(identity_tower(1))
    model.head.set_weights_and_bias([-1e6], 5e5)
    with np.errstate(all="raise"):
        assert model.score([0.0], [[0.0], [1.0]]).tolist() == [1.0, 0.0]


def test_save_and_load_go_on_training_alike(rng, tmp_path):
    x, same = pairs(rng)
    model = VerificationModel(tiny_tower(), "chi-square", train_tower=False, shared_weight=True, tau_probability=0.7)
    compiled(model).fit(x, same, batch_size=64, epochs=2, verbose=0, shuffle=False)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.fingerprint == model.fingerprint == fingerprint(model.tower)
    assert (loaded.head.kind, loaded.train_tower, loaded.head.shared_weight) == ("chi-square", False, True)
    assert loaded.tau_probability == 0.7
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    np.testing.assert_array_equal(loaded.score(np.eye(4), np.ones(4)), model.score(np.eye(4), np.ones(4)))
    histories = [m.fit(x, same, batch_size=64, verbose=0, shuffle=False).history for m in (loaded, model)]
    assert histories[0] == histories[1]


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_compares_in_float32(policy, rng):
    x, same = pairs(rng)
    model = trained(VerificationModel(tiny_tower(dtype=policy), "chi-square"), x, same, 60)
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer) == (policy == "mixed_float16")
    assert model.predict(x, verbose=0).dtype == np.float32
    assert loss(model, x, same) < 0.5 * np.log(2)


@pytest.mark.slow
def test_compiled_by_xla_and_by_graph_give_the_eager_history(rng):
    x, same = pairs(rng)
    histories = [
        compiled(VerificationModel(tiny_tower(), "chi-square"), jit=jit)
        .fit(x, same, batch_size=256, epochs=3, verbose=0)
        .history["loss"]
        for jit in (None, False, True)
    ]
    assert histories[1] == pytest.approx(histories[0], rel=1e-4)
    assert histories[2] == pytest.approx(histories[0], rel=1e-4)


def test_layer_round_trip_and_its_errors():
    layer = LogisticComparison("squared", shared_weight=True, name="unit")
    assert LogisticComparison.from_config(layer.get_config()).get_config() == layer.get_config()
    assert layer.compute_output_shape([(5, 3), (5, 3)]) == (5,)
    with pytest.raises(ValueError, match="did you mean 'chi-square'"):
        LogisticComparison("chi_squared")
    with pytest.raises(ValueError, match="two inputs of one length"):
        LogisticComparison()([np.ones((1, 2)), np.ones((1, 3))])
    unit = LogisticComparison()
    unit([np.ones((1, 2)), np.ones((1, 2))])
    with pytest.raises(ValueError, match=r"weights of shape \(2,\), received \(3,\)"):
        unit.set_weights_and_bias(np.ones(3), 0.0)


def test_wrong_arguments_and_data(rng):
    x, same = pairs(rng)
    with pytest.raises(ValueError, match="tau_probability from 0 to 1, received 1.5"):
        VerificationModel(tiny_tower(), tau_probability=1.5)
    with pytest.raises(TypeError, match="expected a Keras model as the tower, received str"):
        VerificationModel("small")
    with pytest.raises(ValueError, match="not built"):
        VerificationModel(keras.Sequential([keras.layers.Dense(2)]))
    model = compiled(VerificationModel(tiny_tower()))
    for labels, wrong in ((2 * same - 1, "-1"), (np.arange(256), "2"), (np.full(256, np.nan), "nan")):
        with pytest.raises(ValueError, match=f"expected 0 or 1 as labels, received {wrong}"):
            model.fit(x, labels, verbose=0)
        with pytest.raises(tf.errors.InvalidArgumentError, match="expected 0 or 1 as labels, received other values"):
            model.fit(tf.data.Dataset.from_tensors((x, labels)), verbose=0)
    with pytest.raises(ValueError, match=r"one per picture or pair, received shape \(256, 2\)"):
        model.evaluate(x, np.zeros((256, 2)), verbose=0)
    for data in ((x, None), (x[0], same), ((*x, x[0]), same)):
        with pytest.raises(ValueError, match=r"expected \(\(pictures1, pictures2\), same\)"):
            model.fit(*data, verbose=0)
    with pytest.raises(ValueError, match=r"as many rows on both sides, received shapes \(2, 4\) and \(3, 4\)"):
        model.score(np.ones((2, 4)), np.ones((3, 4)))
    for first, second in ((np.ones(3), np.ones(4)), (np.ones(5), np.ones(5)), (np.ones(()), np.ones(4))):
        with pytest.raises(ValueError, match="encodings of length 4, received shapes"):
            model.score(first, second)


def test_class_and_sample_weights_scale_the_cross_entropy():
    """z = 0 for both pairs, so each loss is log 2; with weights 1 and 3 their mean is 2 log 2, as Keras counts."""
    x, same = (np.zeros((2, 1)), np.ones((2, 1))), np.array([0, 1])
    for weights in ({"class_weight": {0: 1.0, 1: 3.0}}, {"sample_weight": np.array([1.0, 3.0])}):
        model = compiled(VerificationModel(identity_tower(1)), rate=0.0)
        assert model.fit(x, same, verbose=0, **weights).history["loss"] == pytest.approx([2 * np.log(2)])


def test_metrics_of_compile_see_the_probabilities(rng):
    """P = 1/2 for every pair before training: the mean absolute error is 1/2."""
    x, same = pairs(rng, 64)
    model = VerificationModel(tiny_tower())
    model.compile("sgd", metrics=[keras.metrics.AUC(name="auc"), "mae", "accuracy"], weighted_metrics=["mse"])
    report = model.evaluate(x, same, verbose=0, return_dict=True)
    assert set(report) == {"loss", "accuracy", "auc", "mae", "mse"}
    assert report["mae"] == pytest.approx(0.5) and report["mse"] == pytest.approx(0.25)
    with pytest.raises(ValueError, match="already reports 'loss'"):
        model.compile("sgd", metrics=[keras.metrics.Mean(name="loss")])
    with pytest.raises(ValueError, match="VerificationModel has its own loss"):
        model.compile("sgd", loss="mse")


def test_a_tower_with_trainable_false_is_frozen(rng):
    x, same = pairs(rng, 64)
    tower = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4), keras.layers.Dropout(0.5)])
    tower.trainable = False
    before = tower.get_weights()
    model = compiled(VerificationModel(tower), jit=False)
    model.fit(x, same, verbose=0)
    np.testing.assert_array_equal(tower.get_weights()[0], before[0])
    assert model.head.kernel.numpy().any()


def test_pairs_that_are_not_finite_stop_fit(rng):
    x, same = pairs(rng, 64)
    x[1][40, 0] = np.inf
    model = compiled(VerificationModel(tiny_tower()), jit=False)
    with pytest.raises(ValueError, match="NaN or infinity in batch 2 of epoch 1"):
        model.fit(x, same, batch_size=32, shuffle=False, verbose=0)
    with pytest.raises(ValueError, match="expected 0 or 1 as labels, received names, such as 'ada'"):
        model.fit(x, ["ada"] * 64, verbose=0)
