"""Streams of batches: who is in them, that nobody comes twice, that they can be taken up again; augmentation."""

import keras
import numpy as np
import pytest

from keras_apps.faces.people.augment import RandomLight, RandomPatch, RandomView, augmentation
from keras_apps.faces.people.batches import labelled_batches, pair_batches, triplet_batches
from keras_apps.faces.people.people import People
from keras_apps.faces.people.sampling import PairSampler, PeopleSampler, TripletSampler

COUNTS = [4, 2, 3, 1, 7, 1, 2, 1]
LABELS = np.repeat(np.arange(8), COUNTS)


@pytest.fixture(scope="module")
def people():
    """Picture i is one colour, i, so that a batch shows which pictures are in it."""
    pictures = np.broadcast_to(np.arange(len(LABELS), dtype=np.uint8)[:, None, None, None], (len(LABELS), 6, 6, 3))
    return People.from_arrays(pictures, LABELS)


def stream(dataset):
    return list(dataset.as_numpy_iterator())


def test_a_batch_holds_p_people_with_k_pictures_and_singles(people):
    """Five people have two pictures or more, so with P = 2 an epoch has two steps and nobody comes twice in it."""
    sampler = PeopleSampler(LABELS, people_per_batch=2, pictures_per_person=3, singles=2, seed=1)
    assert sampler.steps_per_epoch == 2 and sampler.batch_size == 8
    for epoch in range(4):
        labels = [LABELS[sampler(2 * epoch + step)] for step in range(2)]
        assert len(set(np.concatenate([part[:6:3] for part in labels]))) == 4
        for part in labels:
            assert np.all(part[:3] == part[0]) and np.all(part[3:6] == part[3])
            assert set(part[6:]) <= {3, 5, 7} and len(set(part[6:])) == 2
    images, labels = stream(labelled_batches(people, 6, people_per_batch=2, pictures_per_person=3, singles=2, steps=1))[
        0
    ]
    assert images.shape == (8, 6, 6, 3) and images.dtype == np.float32 and labels.dtype == np.int32
    assert np.array_equal(LABELS[images[:, 0, 0, 0].astype(int)], labels)


def test_all_pictures_of_a_person_come_before_one_comes_again():
    """Person 4 has 7 pictures: with K = 3 two visits show 6 different ones. Person 1 has 2, so K = 3 repeats one."""
    sampler = PeopleSampler(LABELS, 5, 3)
    visits = [sampler(step)[LABELS[sampler(step)] == 4] for step in range(2)]
    assert len(set(np.concatenate(visits))) == 6
    repeated = sampler(0)[LABELS[sampler(0)] == 1]
    assert len(repeated) == 3 and set(repeated) == {4, 5}


def test_a_stream_can_be_taken_up_at_any_step(people):
    for make in (labelled_batches, pair_batches, triplet_batches):
        options = {"people_per_batch": 3, "pictures_per_person": 2} if make is labelled_batches else {"batch_size": 6}
        augment = None if make is triplet_batches else augmentation(1.0)
        whole = stream(make(people, 6, seed=5, augment=augment, steps=5, **options))
        again = stream(make(people, 6, seed=5, augment=augment and augmentation(1.0), start=3, steps=2, **options))
        other = stream(make(people, 6, seed=6, steps=1, **options))
        assert len(whole) == 5 and len(again) == 2
        for a, b in zip(keras.tree.flatten(whole[3:]), keras.tree.flatten(again), strict=True):
            assert np.array_equal(a, b)
        assert not np.array_equal(keras.tree.flatten(whole)[0], keras.tree.flatten(other)[0])


def test_pairs_are_half_genuine_and_what_they_say(people):
    for (first, second), same in stream(pair_batches(people, 6, batch_size=10, steps=6)):
        a, b = first[:, 0, 0, 0].astype(int), second[:, 0, 0, 0].astype(int)
        assert same.tolist() == [1] * 5 + [0] * 5 and np.all(a != b)
        assert np.array_equal(LABELS[a] == LABELS[b], same == 1)
        assert len(set(LABELS[a[:5]])) == 5  # five people have two pictures: each once


def test_triplets_are_anchor_positive_negative(people):
    negatives = set()
    for ((a, p, n),) in stream(triplet_batches(people, 6, batch_size=10, steps=20)):
        a, p, n = (x[:, 0, 0, 0].astype(int) for x in (a, p, n))
        assert np.all(LABELS[a] == LABELS[p]) and np.all(a != p) and np.all(LABELS[a] != LABELS[n])
        negatives |= set(LABELS[n])
    assert negatives == set(range(8))  # people with one picture serve as negatives


def test_samplers_refuse_what_cannot_be():
    with pytest.raises(ValueError, match="from 2 to 5 people a batch, as many as have two pictures, received 6"):
        PeopleSampler(LABELS, 6, 2)
    with pytest.raises(ValueError, match="at least 2 pictures of each person, received 1"):
        PeopleSampler(LABELS, 2, 1)
    with pytest.raises(ValueError, match="from 0 to 3 people with one picture, received 4"):
        PeopleSampler(LABELS, 2, 2, singles=4)
    with pytest.raises(ValueError, match="even number of pairs of at least 2 a batch, received 3"):
        PairSampler(LABELS, 3)
    with pytest.raises(ValueError, match="at least 1 triplet, received 0"):
        TripletSampler(LABELS, 0)
    with pytest.raises(ValueError, match="integer of at least 0 as seed, received -1"):
        PairSampler(LABELS, 2, seed=-1)
    with pytest.raises(ValueError, match="somebody with two pictures, received 3 people, 0 with two"):
        PairSampler([0, 1, 2], 2)
    with pytest.raises(ValueError, match="somebody with two pictures, received 1 people, 1 with two"):
        PairSampler([0, 0], 2)


def test_a_view_mirrors_and_shifts_by_hand():
    """No turn, no zoom: a picture is itself or its mirror image; with a shift, moved by at most that share."""
    ramp = np.tile(np.arange(8, dtype=np.float32)[None, :, None], (8, 1, 3))
    batch = np.stack([ramp] * 64)
    seen = np.asarray(RandomView(True, 0.0, 0.0, 0.0, seed=1).change(batch))
    mirrored = np.all(np.isclose(seen, batch[:, :, ::-1], atol=1e-3), axis=(1, 2, 3))
    same = np.all(np.isclose(seen, batch, atol=1e-3), axis=(1, 2, 3))
    assert np.all(mirrored ^ same) and 16 < mirrored.sum() < 48
    moved = np.asarray(RandomView(False, 0.0, 0.0, 0.25, seed=1).change(batch))[:, 4, 4, 0] - 4
    assert 1.0 < moved.max() <= 2.001 and -2.001 <= moved.min() < -1.0
    turned = np.asarray(RandomView(False, 90.0, 0.0, 0.0, seed=1).change(np.full_like(batch, 9)))
    assert np.allclose(turned, 9, atol=1e-3)  # the edge is drawn out, no black corners


def test_light_and_patch_stay_in_range_and_do_what_they_say(rng):
    batch = rng.uniform(0, 255, (32, 16, 16, 3)).astype(np.float32)
    grey = np.asarray(RandomLight(0, 0, 0, grey=1.0, seed=1).change(batch))
    assert np.allclose(grey[..., 0], batch @ np.array([0.299, 0.587, 0.114], np.float32), atol=1e-2)
    light = np.asarray(RandomLight(0.5, 0, 0, 0, seed=1).change(np.full_like(batch, 100)))
    assert light.min() >= 0 and light.max() <= 255 and np.ptp(light[:, 0, 0, 0]) > 100
    patched = np.asarray(RandomPatch(1.0, 0.5, seed=1).change(batch))
    covered = np.any(patched != batch, axis=-1).mean(axis=(1, 2))
    assert np.all(covered > 0) and np.all(covered <= 0.33)
    assert np.array_equal(np.asarray(RandomPatch(0.0, seed=1).change(batch)), batch)


def test_augmentation_acts_in_training_only_and_is_saved_whole(rng, tmp_path):
    batch = rng.uniform(0, 255, (4, 8, 8, 3)).astype(np.float32)
    model = augmentation(1.0)
    assert np.array_equal(model(batch), batch) and not np.allclose(model(batch, training=True), batch)
    model.save(tmp_path / "augment.keras")
    again = keras.saving.load_model(tmp_path / "augment.keras")
    assert [layer.get_config() for layer in again.layers] == [layer.get_config() for layer in model.layers]
    with pytest.raises(ValueError, match="strength from 0 to 3, received 4"):
        augmentation(4)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_augmentation_computes_in_float32_under_a_half_precision_policy(policy, people):
    """bfloat16 holds 8 digits: brightness 201.5 would become 201 or 202."""
    keras.mixed_precision.set_global_policy(policy)
    try:
        changed = {}
        for name, layer in (
            ("ours", augmentation(1.0)),
            ("none", augmentation(0.0)),
            ("keras", keras.layers.Identity()),
        ):
            batches = labelled_batches(people, 8, people_per_batch=2, pictures_per_person=2, augment=layer, steps=1)
            changed[name] = next(iter(batches))[0].numpy()
        fine = augmentation(0.0)(np.full((1, 8, 8, 3), 201.5, np.float32), training=True)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert all(images.dtype == np.float32 for images in changed.values())
    assert np.asarray(fine).min() == np.asarray(fine).max() == 201.5
    assert np.ptp(changed["ours"]) > 0 and not np.array_equal(changed["ours"], changed["none"])
