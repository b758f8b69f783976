"""The bundled tower for synthetic people does what its figures say, on people it was not trained on."""

import numpy as np
import pytest

from keras_apps import faces, weights
from keras_apps.faces.encoding import encode_chips

PEOPLE, PICTURES = 40, 6


@pytest.fixture(scope="module")
def tower():
    return faces.load_tower("synthetic64")


@pytest.fixture(scope="module")
def strangers():
    """Pictures `(40, 6, 64, 64, 3)` of people of another seed than the training's."""
    return faces.synthetic_people(PEOPLE, PICTURES, seed=7)[0].reshape(PEOPLE, PICTURES, 64, 64, 3)


@pytest.mark.slow
def test_unseen_people_are_told_apart_where_pixels_fail(tower, strangers):
    """Measured on 2,000 pictures: README. Here on 240, whose EER may be a little above or below."""
    flat, owner = strangers.reshape(-1, 64, 64, 3), np.repeat(np.arange(PEOPLE), PICTURES)
    i, j = np.triu_indices(len(flat), 1)
    eer = {}
    for name, encodings in (("tower", encode_chips(tower, flat)), ("pixels", flat.reshape(len(flat), -1) / 255.0)):
        distances = faces.squared_euclidean(encodings[i], encodings[j])
        eer[name] = faces.equal_error_rate(faces.roc(distances, owner[i] == owner[j]))[0]
    assert eer["tower"] < 0.03
    assert eer["pixels"] > 0.25


@pytest.mark.slow
def test_its_threshold_is_found_by_itself_and_a_gallery_recognises_and_refuses(tower, strangers, tmp_path):
    with faces.Gallery(tmp_path / "people.db", tower) as gallery:
        assert gallery.threshold == faces.Threshold.bundled("synthetic64")
        for person in range(20):
            gallery.enrol(f"person {person}", list(strangers[person, :3]), aligned=True)
        probes = [gallery.identify(strangers[person, 3], aligned=True)[0].name for person in range(PEOPLE)]
    known = [name == f"person {person}" for person, name in enumerate(probes[:20])]
    assert np.mean(known) >= 0.8
    assert np.mean([name is None for name in probes[20:]]) >= 0.8


def test_the_threshold_belongs_to_the_weights(tower):
    threshold = faces.Threshold.bundled("synthetic64")
    assert threshold.model == faces.fingerprint(tower)
    assert faces.Threshold.bundled_for(threshold.model) == threshold
    assert faces.Threshold.bundled_for("0" * 16) is None
    assert weights.manifest()["synthetic64"]["parameters"] == tower.count_params()
