"""The plan of a training: every choice that its result depends on, in one place."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from keras_apps._checks import check_choice

LOSSES = ("triplet", "verification")
MININGS = ("all", "hard", "semi-hard", "random", "semi-hard-nearest", "batch-hard")
COMPARISONS = ("absolute", "squared", "chi-square")
_AMONG = {"loss": LOSSES, "mining": MININGS, "comparison": COMPARISONS}
_AT_LEAST = {"people": 2, "pictures": 2, "singles": 0, "seed": 0}
_MAY_GROW = ("epochs", "steps", "minutes")


@dataclass(frozen=True)
class TrainingPlan:
    """The choices of one training.

    It ends after `epochs`, `steps` or `minutes`, whichever is given and comes first. The learning rate rises over the
    first steps and falls along a cosine to 0 at the end. Only a plan without `minutes` gives the same tower twice.

    Attributes:
        loss: `"triplet"`, on P x K batches, or `"verification"`, a logistic unit on pairs.
        mining: Which triplets of a batch count; see `mine_triplets`.
        margin: Of the triplet loss, in squared distance.
        comparison: What the logistic unit sees; see `VerificationModel`.
        people: P, people a batch; pairs are as many as P x K pictures make, half of them.
        pictures: K, pictures of each.
        singles: Pictures of people with just one, in each triplet batch.
        epochs: How many times everybody comes.
        steps: How many batches.
        minutes: How long, evaluation included.
        steps_per_epoch: Batches between two evaluations; by default until everybody with two pictures came once.
        learning_rate: The highest, > 0.
        weight_decay: Of AdamW.
        augment: Strength of the augmentation, in [0, 3].
        crop: Side of the centre square that is taken, as a share of the shorter side.
        seed: Of batches, augmentation and mining, from 0 to 2**31 - 1.
        jit: Compile the step with XLA.
    """

    loss: str = "triplet"
    mining: str = "semi-hard"
    margin: float = 0.2
    comparison: str = "absolute"
    people: int = 32
    pictures: int = 4
    singles: int = 0
    epochs: int | None = None
    steps: int | None = None
    minutes: float | None = None
    steps_per_epoch: int | None = None
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    augment: float = 1.0
    crop: float = 1.0
    seed: int = 0
    jit: bool = False

    def __post_init__(self) -> None:
        for name, known in _AMONG.items():
            check_choice(name, getattr(self, name), known)
        for name, least in _AT_LEAST.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"expected a whole number of at least {least} as {name}, received {value!r}")
        if self.seed >= 2**31:
            raise ValueError(f"expected a seed from 0 to {2**31 - 1}, received {self.seed}")
        if self.epochs is None and self.steps is None and self.minutes is None:
            raise ValueError("set epochs, steps or minutes: one of them must say when training ends")
        for name in ("epochs", "steps", "minutes", "steps_per_epoch", "learning_rate"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"expected {name.replace('_', ' ')} above 0, received {value!r}")
        for name, most in (("margin", math.inf), ("augment", 3.0)):
            if not 0 <= getattr(self, name) <= most or math.isinf(getattr(self, name)):
                raise ValueError(f"expected {name} from 0 to {most}, received {getattr(self, name)!r}")
        if not 0 < self.crop <= 1:
            raise ValueError(f"expected a crop above 0 and up to 1, received {self.crop!r}")
        if not 0 <= self.weight_decay < 1:
            raise ValueError(f"expected a weight decay from 0 to 1, received {self.weight_decay!r}")

    @property
    def pairs(self) -> int:
        """Pairs in a batch of the verification loss, an even number."""
        return self.people * self.pictures // 4 * 2

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as JSON holds it."""
        return asdict(self)

    def check_continues(self, earlier: dict[str, Any]) -> None:
        """Raise where this plan differs from an earlier one in more than how long to go on.

        Raises:
            ValueError: If it does.

        Example:
            >>> TrainingPlan(epochs=9).check_continues(TrainingPlan(epochs=3).as_dict())
        """
        for name, value in self.as_dict().items():
            if name not in _MAY_GROW and earlier.get(name) != value:
                words = name.replace("_", " ")
                raise ValueError(f"expected {words} {earlier.get(name)!r}, as this training began, received {value!r}")

    def learning_rate_at(self, step: int, total: int | None, done: float) -> float:
        """Return the learning rate of a step.

        Args:
            step: The step's number, from 0.
            total: How many steps there will be, where that is known.
            done: Share of the training that is over, in [0, 1].

        Example:
            >>> plan = TrainingPlan(steps=1000, learning_rate=0.1)
            >>> [round(plan.learning_rate_at(s, 1000, s / 1000), 4) for s in (0, 99, 500, 999)]
            [0.001, 0.0976, 0.05, 0.0]
        """
        rising = min(100, max(1, total // 10)) if total else 100
        return self.learning_rate * min(1.0, (step + 1) / rising) * (1 + math.cos(math.pi * min(done, 1.0))) / 2
