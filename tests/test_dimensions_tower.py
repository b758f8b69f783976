"""One tower, three ranks: trained, judged, enrolled and saved by the same code for signals, pictures and volumes."""

import keras
import numpy as np
import pytest

from keras_apps import dimensions, faces
from keras_apps.faces.encoding import encode

SHAPES = {1: (24, 1), 2: (12, 12, 1), 3: (8, 8, 8, 1)}
PEOPLE, SAMPLES = 6, 8


def small(rank, **options):
    keras.utils.set_random_seed(rank)
    options = {"filters": 4, "blocks": [(8, 2)], "encoding": 8, "stem": 3, **options}
    return dimensions.build_tower(rank, SHAPES[rank], **options)


def people(rank, seed=1, noise=0.3):
    """Samples around one random pattern a person: `(n, *shape)` float32 and labels `(n,)`; a seed's are new ones."""
    patterns = np.random.default_rng(0).standard_normal((PEOPLE, *SHAPES[rank]))
    draw = np.random.default_rng(seed)
    labels = np.repeat(np.arange(PEOPLE), SAMPLES)
    samples = patterns[labels] + noise * draw.standard_normal((len(labels), *SHAPES[rank]))
    return samples.astype(np.float32), labels


@pytest.fixture(scope="module", params=[1, 2, 3])
def trained(request):
    """A tower of each rank, trained by `TripletModel` on tiny data, with the EER before and after."""
    tower = small(request.param)
    samples, labels = people(request.param, seed=2)
    before = equal_error(tower, samples, labels)
    model = faces.TripletModel(tower, margin=0.2, mining="semi-hard")
    model.compile(optimizer=keras.optimizers.Adam(0.01), jit_compile=False)
    for _ in range(20):
        loss = model.train_on_batch(samples, labels, return_dict=True)["loss"]
    assert np.isfinite(loss)
    return request.param, tower, before


def all_pairs(labels):
    first, second = np.triu_indices(len(labels), k=1)
    return first, second, labels[first] == labels[second]


def equal_error(tower, samples, labels):
    first, second, same = all_pairs(labels)
    encodings = encode(tower, samples)
    return faces.equal_error_rate(faces.roc(faces.euclidean(encodings[first], encodings[second]), same))[0]


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_only_the_rank_differs(rank):
    """The layers are the same but for the digit in their class's name; rank 1, 2 and 3 have the same layer names."""
    classes = [type(layer).__name__.replace(f"{rank}D", "2D") for layer in small(rank).layers]
    assert classes == [type(layer).__name__ for layer in small(2).layers]
    names = [layer.name for layer in small(rank).layers[1:]]
    assert names == [layer.name for layer in small(2).layers[1:]]


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_parameters_and_shapes_are_the_arithmetic_s(rank):
    """conv1 halves the size (stride 2, 'same') and has 3^rank x 1 x 4 weights; the block halves it again."""
    tower = small(rank)
    conv = tower.get_layer("conv1")
    inner = dimensions.output_shape(SHAPES[rank], 4, 3, stride=2, padding="same")
    assert conv.output.shape[1:] == inner
    assert conv.count_params() == dimensions.parameters(SHAPES[rank], 4, 3, bias=False) == 3**rank * 4
    assert tower.get_layer("block1_add").output.shape[1:] == dimensions.output_shape(
        inner, 8, 3, stride=2, padding="same"
    )


def test_the_stem_is_smaller_at_rank_3():
    """Where TensorFlow's gradient of 5x5x5 with strides is slow; what is asked for is had."""
    sizes = [dimensions.build_tower(r, filters=4, blocks=[(8, 2)]).get_layer("conv1").kernel_size for r in (1, 2, 3)]
    assert sizes == [(5,), (5, 5), (3, 3, 3)]
    asked = dimensions.build_tower(3, filters=4, blocks=[(8, 2)], stem=5)
    assert asked.get_layer("conv1").kernel_size == (5, 5, 5)


def test_rank_2_is_the_face_tower():
    """The same layers, names and settings, so that the same weights give the same encodings."""
    ours = dimensions.build_tower(2, (32, 32, 3), scale=1 / 64, offset=-2.0)
    theirs = faces.build_tower("small", size=32)
    ours.set_weights(theirs.get_weights())
    assert faces.fingerprint(ours) == faces.fingerprint(theirs)


def test_training_brings_a_person_s_samples_together(trained):
    """On new samples of the trained people the equal error rate falls, and is small."""
    rank, tower, before = trained
    after = equal_error(tower, *people(rank))
    assert after < before
    assert after < 0.05


def test_pairs_are_judged(trained):
    rank, tower, _ = trained
    samples, labels = people(rank)
    first, second, same = all_pairs(labels)
    encodings = encode(tower, samples)
    report = faces.evaluate_pairs(faces.euclidean(encodings[first], encodings[second]), same, replicates=50)
    assert report.auc > 0.95


def test_miners_see_encodings_alone(trained):
    """Every mined triplet has an anchor and a positive of one person and a negative of another."""
    rank, tower, _ = trained
    samples, labels = people(rank, noise=2.0)
    for strategy in ("all", "hard", "semi-hard", "random"):
        anchor, positive, negative = faces.mine_triplets(tower(samples), labels, strategy, 1.0)
        assert len(anchor), strategy
        assert (labels[anchor] == labels[positive]).all()
        assert (labels[anchor] != labels[negative]).all()


def test_a_verification_model_learns_same_or_different(trained):
    rank, tower, _ = trained
    samples, labels = people(rank)
    first, second, same = all_pairs(labels)
    chosen = np.concatenate([np.flatnonzero(same)[:100], np.flatnonzero(~same)[:100]])
    pairs = (samples[first[chosen]], samples[second[chosen]])
    model = faces.VerificationModel(tower, comparison="absolute", train_tower=False)
    model.compile(optimizer=keras.optimizers.Adam(0.1), jit_compile=False)
    start = model.train_on_batch(pairs, same[chosen], return_dict=True)["loss"]
    for _ in range(40):
        end = model.train_on_batch(pairs, same[chosen], return_dict=True)
    assert end["loss"] < start
    assert end["accuracy"] > 0.9


def test_a_gallery_takes_samples_of_any_rank(trained, tmp_path):
    """Enrolled from 3 samples each, people are verified and identified from a new one; a stranger is not named."""
    rank, tower, _ = trained
    samples, labels = people(rank)
    first, second, same = all_pairs(labels)
    encodings = encode(tower, samples)
    threshold = faces.calibrate(
        faces.euclidean(encodings[first], encodings[second]),
        same,
        far=0.01,
        distance="euclidean",
        model=faces.fingerprint(tower),
    )
    gallery = faces.Gallery(tmp_path / "people.db", tower=tower, threshold=threshold)
    for person in range(1, PEOPLE):
        own = samples[labels == person][:3]
        assert gallery.enrol(f"person {person}", own, accept="look-alike") == 3  # a tower of a few seconds' training
    assert gallery.enrol("person 1", samples[labels == 1][3]) == 1  # one alone
    assert gallery.update("person 2", list(samples[labels == 2][:2])) == 3
    probe = samples[labels == 2][5]
    assert gallery.verify(probe, "person 2").accepted
    assert not gallery.verify(probe, "person 3").accepted
    answer = gallery.identify(probe)[0]
    assert (answer.name, answer.box) == ("person 2", None)
    assert gallery.identify(samples[labels == 0][5])[0].name is None
    with pytest.raises(ValueError, match=r"expected an array \(.*\) for this tower, received shape \(5, 1\)"):
        gallery.enrol("short", np.zeros((5, 1)))
    with pytest.raises(TypeError, match="expected an array .* received str"):
        gallery.enrol("path", "someone.jpg")
    with pytest.raises(ValueError, match="finite"):
        gallery.enrol("nobody", np.full(SHAPES[rank], np.nan))
    assert "short" not in gallery.names()


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_towers_survive_saving(rank, tmp_path, rng):
    tower = small(rank, readout="average", unit_length=False, normalized=False)
    tower.save(tmp_path / "tower.keras")
    again = keras.saving.load_model(tmp_path / "tower.keras", safe_mode=True)
    samples = rng.standard_normal((2, *SHAPES[rank])).astype(np.float32)
    np.testing.assert_array_equal(again.predict_on_batch(samples), tower.predict_on_batch(samples))
    assert faces.fingerprint(faces.load_tower(tmp_path / "tower.keras")) == faces.fingerprint(tower)


def test_signals_of_any_length_are_encoded_one_by_one():
    tower = dimensions.build_tower(1, (None, 2), filters=4, blocks=[(8, (2,))], encoding=6, readout="average")
    encodings = encode(tower, [np.ones((40, 2)), np.ones((23, 2))])
    assert encodings.shape == (2, 6)
    np.testing.assert_allclose(np.linalg.norm(encodings, axis=1), 1, atol=1e-5)


def test_a_film_may_keep_its_frames():
    tower = small(3, blocks=[(8, (1, 2, 2))])
    assert tower.get_layer("block1_add").output.shape[1:] == (4, 2, 2, 8)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"rank": 0}, ValueError, "rank of 1, 2 or 3, received 0"),
        ({"rank": 4}, ValueError, "rank of 1, 2 or 3, received 4"),
        ({"rank": "2"}, ValueError, "rank of 1, 2 or 3, received '2'"),
        ({"rank": True}, ValueError, "rank of 1, 2 or 3, received True"),
        ({"rank": 3.0}, ValueError, "rank of 1, 2 or 3, received 3.0"),
        ({"rank": 1, "input_shape": (64, 64, 3)}, ValueError, r"expected 1 spatial sizes .*received \(64, 64, 3\)"),
        ({"rank": 1, "input_shape": 256}, TypeError, "expected an input shape"),
        ({"rank": 1, "input_shape": (None, 1)}, ValueError, "only with readout='average'"),
        ({"rank": 1, "input_shape": (64, None), "readout": "average"}, ValueError, "only spatial sizes may be None"),
        ({"rank": 1, "input_shape": (0, 1)}, ValueError, "at least 1, received 0"),
        ({"encoding": 1}, ValueError, "encoding of at least 2, received 1"),
        ({"filters": 0}, ValueError, "filters of at least 1"),
        ({"kernel": 2.5}, TypeError, "whole number for kernel, received 2.5"),
        ({"blocks": 64}, ValueError, r"blocks as \(filters, stride\), received 64"),
        ({"blocks": [64]}, ValueError, r"blocks as \(filters, stride\), received 64"),
        ({"blocks": [(64, 0)]}, ValueError, "a block's stride of at least 1, received 0"),
        ({"rank": 3, "blocks": [(64, (2, 2))]}, ValueError, "stride as one number or 3"),
        ({"readout": "averge"}, ValueError, "did you mean 'average'"),
        ({"scale": float("nan")}, ValueError, "finite number for scale"),
    ],
)
def test_bad_towers_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        dimensions.build_tower(**arguments)
