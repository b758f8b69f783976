"""Measure liveness: the bundled network on people and on kinds of attack it never saw; the challenge on films.

    python benchmarks/liveness.py --data DIR [--work FOLDER] [--epochs 4] [--json]
    python benchmarks/liveness.py --challenge [--films 1000] [--json]

DIR holds lfw-deepfunneled.tar (or the folder lfw-deepfunneled/), pairsDevTrain.txt and pairsDevTest.txt. The people are
those of DevTest, who were in no training: one picture of each as another camera sees it, and one attack of each kind.
Then for each kind of attack a network is trained without it, for `--epochs` epochs of `weights/train_liveness.py`, and
meets it.
The attacks are made by code, as those of the training: real ones are another matter.

`--challenge` needs no data. Synthetic heads follow a random challenge; then photographs of them are moved, tilted and
bent so as to follow one. Landmarks are those of the geometry, with a detector's errors. `--pictures` draws the films
and looks for the faces in them; then nobody is asked to look up, as the detector sees drawn heads that do as straight.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from keras_apps import faces
from keras_apps.faces.judging.intervals import wilson
from keras_apps.faces.judging.verification import percent
from keras_apps.faces.liveness import films
from keras_apps.faces.liveness.attacks import KINDS
from keras_apps.faces.people.synthetic.person import meet
from keras_apps.faces.people.synthetic.photo import take

SEED = 7


def network(data: Path, work: Path, epochs: int) -> dict:
    """Measure the bundled network, then one trained without each kind of attack on that kind."""
    sys.path.append(str(Path(__file__).parent.parent / "weights"))
    from train_liveness import made, say, squares_of, threshold, trained

    people = squares_of(data, "pairsDevTest.txt", work / "squares-test.npz")
    people = people.of(np.unique(people.names, return_index=True)[1])  # one picture a person: independent trials
    live = made(people, "live", SEED, work / "test-live.npy")
    attacks = {kind: made(people, kind, SEED, work / f"test-{kind}.npy") for kind in KINDS}

    def judged(model: faces.LivenessModel, kinds: tuple[str, ...]) -> faces.LivenessReport:
        scores = [model.score(live, cut=True), *(model.score(attacks[kind], cut=True) for kind in kinds)]
        names = np.repeat(["live", *kinds], [len(some) for some in scores])
        return faces.evaluate_liveness(np.concatenate(scores), names == "live", names, tau=model.tau_probability)

    bundled = faces.load_liveness()
    say(f"{len(people.names)} people of DevTest, one picture each; the bundled network:")
    result = {"people": len(people.names), "known kinds": judged(bundled, KINDS)}
    say(result["known kinds"])
    untouched = bundled.score(people.pictures, cut=True) < bundled.tau_probability
    say("BPCER of the pictures as they are:", percent(untouched.mean(), wilson(int(untouched.sum()), untouched.size)))
    result["bpcer of untouched pictures"] = float(untouched.mean())
    if epochs:
        train_on = squares_of(data, "pairsDevTrain.txt", work / "squares-train.npz")
        apart = train_on.held_out()
        for kind in KINDS:
            others = [other for other in KINDS if other != kind]
            model = trained(train_on.of(~apart), others, epochs, work, f"without-{kind}")
            model.tau_probability = threshold(model, train_on.of(apart))
            result[f"trained without {kind}"] = judged(model, KINDS)
            say(f"trained without {kind}:")
            say(result[f"trained without {kind}"])
    return result


def straight_photograph(seed: int, size: int | None) -> tuple[dict, np.ndarray | None]:
    """Return the landmarks of a synthetic person's photograph, who looks straight, and the photograph."""
    person, photo = meet(seed, 0), take(seed, 0, 0, None)
    photo.yaw = photo.pitch = photo.roll = photo.barrel = photo.left = photo.up = photo.open = 0.0
    photo.reach, photo.cap = 1.6, None
    pixels = size or 256
    picture = films.render(person, photo, pixels) if size else None
    return films.named(films.landmarks_of_head(person, photo, pixels)), picture


def challenges(count: int, pictures: bool) -> dict:
    """Count how many films of heads, and of moved photographs, pass their challenge."""
    size = 256 if pictures else None
    movements = ("left", "right", "nearer") if pictures else ("left", "right", "up", "nearer")
    result = {}
    for what in ("turning heads", "moved photographs"):
        passed, reasons = 0, Counter()
        for seed in range(count):
            challenge = faces.Challenge(seed, movements=movements)
            if what == "turning heads":
                film = films.head_film(challenge.steps, seed, size=size)
            else:
                landmarks, picture = straight_photograph(seed, size)
                film = films.photograph_film(landmarks, challenge.steps, seed, picture=picture, size=size or 256)
            answer = challenge.judge(film)
            passed += answer.passed
            reasons[answer.reason.split(":")[0]] += 1
        rate, interval = passed / count, wilson(passed, count)
        print(f"{count} films of {what}: passed {percent(rate, interval)}", file=sys.stderr)
        for reason, times in reasons.most_common(5):
            print(f"    {times} {reason or 'passed'}", file=sys.stderr)
        result[what] = {"films": count, "passed": rate, "interval": interval}
    return result


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--work", type=Path, help="folder of pictures and trainings, which are used again")
    parser.add_argument("--epochs", type=int, default=4, help="of the trainings without a kind; 0 for none")
    parser.add_argument("--challenge", action="store_true")
    parser.add_argument("--films", type=int, default=1000)
    parser.add_argument("--pictures", action="store_true", help="draw the films and look for the faces")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.challenge == (options.data is not None):
        parser.error("expected --data DIR or --challenge, one of the two")
    if options.challenge:
        result = challenges(options.films, options.pictures)
    else:
        work = options.work or Path(tempfile.mkdtemp())
        work.mkdir(parents=True, exist_ok=True)
        result = network(options.data, work, options.epochs)
        result = {key: getattr(value, "as_dict", lambda value=value: value)() for key, value in result.items()}
    if options.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
