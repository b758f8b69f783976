"""Embeddings at chosen places give exactly the triplets that a hand finds; loss and gradient agree with slow loops."""

import math

import numpy as np
import oracles_triplets as oracles
import pytest
import tensorflow as tf

from keras_apps.faces.training.losses import batch_triplet_loss, given_triplet_loss, mine_triplets, triplet_loss
from keras_apps.faces.training.mining import STRATEGIES, pairwise_squared_euclidean

ONE_CHOICE = [name for name in STRATEGIES if name != "random"]
# People on a line: anchors 0 and 1 of person 0, then strangers at 1.25, 1.5 and 3.
LINE = np.array([[0.0], [1.0], [1.25], [1.5], [3.0]], np.float32)
LINE_LABELS = np.array([0, 0, 1, 2, 3])


def listed(found):
    return list(zip(*(indices.tolist() for indices in found), strict=True))


def batch_of(rng, people=5, pictures=3, size=4):
    labels = rng.permutation(np.repeat(np.arange(people), pictures)).astype(np.int32)
    return rng.normal(size=(labels.size, size)), labels


def loss_and_gradient(embeddings, labels, **options):
    variable = tf.Variable(embeddings)
    with tf.GradientTape() as tape:
        batch = batch_triplet_loss(variable, labels, **options)
    return batch, tape.gradient(batch.loss, variable).numpy()


def test_triplet_loss_by_hand():
    """A = 0, P = 1 and 2, N = 3: max(1 - 9 + 8.5, 0) = 0.5 and max(4 - 9 + 8.5, 0) = 3.5."""
    losses = triplet_loss([[0.0], [0.0]], [[1.0], [2.0]], [[3.0], [3.0]], margin=8.5)
    assert losses.numpy().tolist() == [0.5, 3.5]


def test_a_margin_met_exactly_costs_nothing():
    """d(A,P) = 1, d(A,N) = 4, margin 3: max(1 - 4 + 3, 0) = 0, and no gradient pulls any further."""
    assert triplet_loss([[0.0, 0.0]], [[1.0, 0.0]], [[0.0, 2.0]], margin=3.0).numpy().tolist() == [0.0]
    batch, gradient = loss_and_gradient([[0.0], [1.0], [-2.0], [3.0]], [0, 0, 1, 2], margin=3.0, strategy="all")
    assert float(batch.loss) == 0 and float(batch.active) == 0 and not gradient.any()
    assert mine_triplets([[0.0], [1.0], [-2.0], [3.0]], [0, 0, 1, 2], "semi-hard", 3.0)[0].size == 0


def test_triplet_loss_gradient_by_hand():
    """L = |A-P|^2 - |A-N|^2 + margin: dL/dA = 2(N - P), dL/dP = 2(P - A), dL/dN = 2(A - N)."""
    a, p, n = (tf.Variable([[x]]) for x in (0.0, 1.0, 0.5))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(triplet_loss(a, p, n, margin=0.25))
    assert [g.numpy().item() for g in tape.gradient(total, [a, p, n])] == [-1.0, 2.0, -1.0]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("all", [(0, 1, 2), (0, 1, 3), (0, 1, 4), (1, 0, 2), (1, 0, 3), (1, 0, 4)]),
        ("hard", [(1, 0, 2), (1, 0, 3)]),
        ("semi-hard", [(0, 1, 2)]),
        ("semi-hard-nearest", [(0, 1, 2), (1, 0, 4)]),
        ("batch-hard", [(0, 1, 2), (1, 0, 2)]),
    ],
)
def test_people_on_a_line(strategy, expected):
    """d(0,1) = 1. From 0 the strangers are at 1.5625, 2.25, 9; from 1 at 0.0625, 0.25, 4. Margin 1.

    Hard (at most 1): none from 0; the first two from 1. Semi-hard (between 1 and 2): the first from 0; none from 1.
    The nearest beyond 1: the first from 0, the last from 1. The nearest of all: the first from both.
    """
    assert listed(mine_triplets(LINE, LINE_LABELS, strategy, margin=1.0)) == expected


@pytest.mark.parametrize(
    ("degrees", "kind"), [(30, "hard"), (59, "hard"), (60, "hard"), (61, "semi-hard"), (70, "semi-hard"), (80, None)]
)
def test_angles_on_the_unit_circle(degrees, kind):
    """Two unit vectors at angle t are at squared distance 2 - 2 cos t.

    Anchor at 0 and positive at -60 degrees: 1. Margin 0.5: a negative is hard up to 60 degrees, and semi-hard up to
    acos(0.25) = 75.5 degrees, where d = 1.5. 60 degrees is a tie; it is exact in this test, for cos(60) is set to 0.5.
    """
    height = math.sqrt(0.75)
    negative = (0.5, height) if degrees == 60 else (math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))
    embeddings = np.array([(1.0, 0.0), (0.5, -height), negative])
    for strategy in ("hard", "semi-hard"):
        from_first = [t for t in listed(mine_triplets(embeddings, [0, 0, 1], strategy, margin=0.5)) if t[0] == 0]
        assert from_first == ([(0, 1, 2)] if strategy == kind else [])


def test_semi_hard_nearest_falls_back_to_the_farthest():
    """Pair at 0 and 10, strangers at 1 and 2: none is farther than 100 from 0, so 2 is chosen; from 10, 1 is."""
    embeddings = [[0.0], [10.0], [1.0], [2.0]]
    assert listed(mine_triplets(embeddings, [0, 0, 1, 2], "semi-hard-nearest")) == [(0, 1, 3), (1, 0, 2)]


@pytest.mark.parametrize("strategy", ONE_CHOICE)
def test_mining_equals_the_loops(strategy, rng):
    for pictures in (1, 2, 5):
        embeddings, labels = batch_of(rng, pictures=pictures)
        found = mine_triplets(embeddings, labels, strategy, margin=0.7)
        assert listed(found) == oracles.triplets(embeddings, labels, strategy, 0.7)


@pytest.mark.parametrize("strategy", ONE_CHOICE)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_loss_and_gradient_equal_the_loops(strategy, reduction, rng):
    embeddings, labels = batch_of(rng)
    batch, gradient = loss_and_gradient(embeddings, labels, margin=0.7, strategy=strategy, reduction=reduction)
    indices = oracles.triplets(embeddings, labels, strategy, 0.7)
    assert int(batch.chosen) == len(indices)
    assert float(batch.loss) == pytest.approx(oracles.loss(embeddings, indices, 0.7, reduction), rel=1e-9)
    expected = oracles.gradient(embeddings, indices, 0.7, reduction)
    np.testing.assert_allclose(gradient, expected, atol=1e-9 * max(np.abs(expected).max(), 1))


def test_the_batch_reports_what_the_triplets_say(rng):
    embeddings, labels = batch_of(rng)
    batch = batch_triplet_loss(embeddings, labels, margin=0.7, strategy="hard")
    every = oracles.triplets(embeddings, labels, "all", 0.7)
    losses = [oracles.loss(embeddings, [t], 0.7, "sum") for t in every]
    assert int(batch.valid) == len(every)
    assert float(batch.active) == pytest.approx(np.mean(np.array(losses) > 0))
    assert float(batch.d_ap) == pytest.approx(np.mean([oracles.squared(*embeddings[[a, p]]) for a, p, _ in every]))
    assert float(batch.d_an) == pytest.approx(np.mean([oracles.squared(*embeddings[[a, n]]) for a, _, n in every]))


def test_random_takes_one_negative_a_pair_and_each_as_often(rng):
    """3 people x 2 pictures: 6 pairs with 4 negatives each; over 100 seeds each comes up about 25 times."""
    embeddings, labels = rng.normal(size=(6, 2)), np.repeat([0, 1, 2], 2)
    times = {}
    for seed in range(100):
        found = listed(mine_triplets(embeddings, labels, "random", seed=seed))
        assert [(a, p) for a, p, _ in found] == [(0, 1), (1, 0), (2, 3), (3, 2), (4, 5), (5, 4)]
        for triplet in found:
            times[triplet] = times.get(triplet, 0) + 1
    assert sorted(times) == oracles.triplets(embeddings, labels, "all", 0.2)
    assert min(times.values()) > 5 and max(times.values()) < 45  # 4.6 standard deviations


def test_random_is_the_same_for_one_seed_and_the_loss_is_over_what_it_mined(rng):
    embeddings, labels = batch_of(rng)
    found = listed(mine_triplets(embeddings, labels, "random", seed=3))
    assert found == listed(mine_triplets(embeddings, labels, "random", seed=3))
    assert found != listed(mine_triplets(embeddings, labels, "random", seed=4))
    batch = batch_triplet_loss(embeddings, labels, margin=0.5, strategy="random", seed=3)
    assert float(batch.loss) == pytest.approx(oracles.loss(embeddings, found, 0.5, "mean"))


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("labels", [[4, 4, 4], [1, 2, 3], [5]])
def test_one_person_or_all_different_give_no_triplet_and_no_nan(strategy, labels):
    embeddings = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], np.float32)[: len(labels)]
    batch, gradient = loss_and_gradient(embeddings, labels, strategy=strategy)
    assert [float(value) for value in batch[:4]] == [0.0, 0.0, 0.0, 0.0]
    assert np.isfinite([float(value) for value in batch]).all() and not gradient.any()
    assert [indices.size for indices in mine_triplets(embeddings, labels, strategy, seed=0)] == [0, 0, 0]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_equal_embeddings_cost_the_margin_and_give_no_nan(strategy):
    """All distances are 0: every chosen triplet costs the margin; none is semi-hard, for none is farther."""
    batch, gradient = loss_and_gradient(np.ones((6, 3), np.float32), [0, 0, 0, 1, 1, 1], strategy=strategy)
    assert float(batch.loss) == pytest.approx(0 if strategy == "semi-hard" else 0.2)
    assert float(batch.active) == 1 and float(batch.d_an) == 0 and not gradient.any()


def test_distances_far_from_the_origin_keep_their_digits():
    """0, 0.5 and 1.25 away from 1000: squared distances 0.25, 1.5625 and 0.5625; float32 has 6e-5 there."""
    distances = pairwise_squared_euclidean(tf.constant([[1000.0], [1000.5], [1001.25]])).numpy()
    np.testing.assert_allclose(distances, [[0, 0.25, 1.5625], [0.25, 0, 0.5625], [1.5625, 0.5625, 0]], rtol=1e-6)


def test_distances_are_never_negative(rng):
    """Nearly equal unit vectors, whose distances are all rounding."""
    embeddings = rng.normal(size=(1, 128)) + 1e-5 * rng.normal(size=(200, 128))
    embeddings = tf.constant(embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True), tf.float32)
    assert pairwise_squared_euclidean(embeddings).numpy().min() >= 0


@pytest.mark.parametrize("strategy", ["all", "semi-hard", "semi-hard-nearest"])
def test_compiled_equals_eager(strategy, rng):
    embeddings, labels = batch_of(rng)
    eager = batch_triplet_loss(embeddings, labels, 0.7, strategy)
    step = tf.function(lambda e: batch_triplet_loss(e, labels, 0.7, strategy), jit_compile=True)
    np.testing.assert_allclose([*step(tf.constant(embeddings))], [*eager], rtol=1e-9)


def test_no_array_of_n_cubed_at_batch_512():
    """Every tensor of the step and its gradient, loop bodies included, is at most a few times 512 x 512."""

    @tf.function(input_signature=[tf.TensorSpec((512, 128))])
    def step(embeddings):
        with tf.GradientTape() as tape:
            tape.watch(embeddings)
            loss = batch_triplet_loss(embeddings, np.repeat(np.arange(128), 4), strategy="all").loss
        return tape.gradient(loss, embeddings)

    definition = step.get_concrete_function().graph.as_graph_def(add_shapes=True)
    nodes = [*definition.node, *(node for function in definition.library.function for node in function.node_def)]
    sizes = [
        math.prod(dim.size for dim in shape.dim)
        for node in nodes
        for shape in node.attr["_output_shapes"].list.shape
        if all(dim.size >= 0 for dim in shape.dim)
    ]
    assert len(nodes) > 100 and max(sizes) == 512 * 512


def test_half_precision_is_computed_in_float32():
    """4.0625 and 4.125 squared need more digits than bfloat16 has."""
    embeddings = tf.constant([[0.0], [4.0625], [4.125]], tf.bfloat16)
    batch = batch_triplet_loss(embeddings, [0, 0, 1], margin=1.0, strategy="all")
    assert batch.loss.dtype == tf.float32
    expected = oracles.loss([[0.0], [4.0625], [4.125]], [(0, 1, 2), (1, 0, 2)], 1.0, "mean")
    assert float(batch.loss) == pytest.approx(expected, rel=1e-6)


def test_given_triplets_by_hand():
    """Losses max(1 - 4 + 2, 0) = 0 and max(1 - 0.25 + 2, 0) = 2.75: mean 1.375, half are active."""
    batch = given_triplet_loss([[0.0], [0.0]], [[1.0], [1.0]], [[2.0], [0.5]], margin=2.0)
    assert [float(value) for value in batch] == [1.375, 2.0, 2.0, 0.5, 1.0, 2.125, 1.375]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"embeddings": [0.0, 1.0]}, r"embeddings \(n, d\)"),
        ({"labels": [0, 0]}, r"labels \(n,\), received shapes \(3, 1\) and \(2,\)"),
        ({"labels": [[0, 0], [1, 1]]}, r"labels \(n,\)"),
        ({"strategy": "semihard"}, "did you mean 'semi-hard'"),
        ({"strategy": "xyz"}, "expected a strategy among all, hard"),
        ({"margin": -0.1}, "margin of at least 0, received -0.1"),
        ({"margin": math.nan}, "finite number for a margin, received nan"),
    ],
)
def test_wrong_arguments(options, words):
    given = {"embeddings": [[0.0], [1.0], [2.0]], "labels": [0, 0, 1], **options}
    for function in (mine_triplets, batch_triplet_loss):
        with pytest.raises(ValueError, match=words):
            function(**given)


def test_wrong_values():
    with pytest.raises(ValueError, match="finite embeddings"):
        mine_triplets([[0.0], [math.nan]], [0, 1])
    with pytest.raises(ValueError, match="one shape, received shapes"):
        triplet_loss([[0.0]], [[0.0, 1.0]], [[0.0]])
    with pytest.raises(ValueError, match="margin"):
        triplet_loss([[0.0]], [[0.0]], [[0.0]], margin=-1)
    with pytest.raises(ValueError, match="reduction among mean, sum"):
        batch_triplet_loss([[0.0]], [0], reduction="avg")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_empty_batch_holds_no_triplet(strategy):
    nobody = np.zeros((0, 4), np.float32), np.zeros(0, np.int32)
    assert [float(value) for value in batch_triplet_loss(*nobody, strategy=strategy)] == [0.0] * 7
    assert [len(indices) for indices in mine_triplets(*nobody, strategy)] == [0, 0, 0]


def test_labels_are_numbers_or_names():
    """One person at 0 and 1, another at 1.5: the triplet (1, 0, 2) is hard, and its loss 1 - 0.25 + 0.2."""
    embeddings = [[0.0], [1.0], [1.5]]
    for labels in ([True, True, False], [0.5, 0.5, 2.0], np.array([1, 1, 2**40]), ["ada", "ada", "bob"]):
        assert float(batch_triplet_loss(embeddings, labels, strategy="hard").loss) == pytest.approx(0.95)
        assert [len(indices) for indices in mine_triplets(embeddings, labels, "hard")] == [1, 1, 1]
    for function in (batch_triplet_loss, mine_triplets):
        with pytest.raises(ValueError, match="expected a number as each label, received NaN"):
            function(embeddings, [0.0, 0.0, math.nan])
        with pytest.raises(ValueError, match=r"expected a strategy among .*, received \['hard'\]"):
            function(embeddings, [0, 0, 1], strategy=["hard"])
    assert float(batch_triplet_loss(embeddings, [0, 0, 1], np.float32(0.25), "hard").loss) == 1.0
