"""A tower -> trained so that pictures of one person are nearer than pictures of two, by the triplet loss."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_apps.faces.training.losses import TripletBatch, TripletLoss, numbered, per_replica, reported_loss
from keras_apps.faces.training.siamese import SiameseModel, TrainingWarning, TrainingWatch

PARTS = ("anchor", "positive", "negative")
_GROWTH = 1e4  # of d(A,N) within one `fit`, from which training counts as diverged


class CollapseWarning(TrainingWarning):
    """All encodings are nearly alike; training will not get out of it by itself."""


def collapse_degree(d_an: Any, margin: float) -> tf.Tensor:
    """Compute how far a batch has collapsed: 1 - d(A,N) / margin, at least 0.

    A triplet's loss can be 0 only where d(A,N) is at least the margin. At 1 every distance is 0 and every triplet's
    loss is the margin itself, whatever the network sees; its gradient vanishes as well.

    Args:
        d_an: Mean distance of anchor and negative, >= 0.
        margin: Float >= 0; with a margin of 0 a collapse cannot be seen, and the result is 0.

    Returns:
        In [0, 1].

    Example:
        >>> float(collapse_degree(0.05, margin=0.2)), float(collapse_degree(1.3, margin=0.2))
        (0.75, 0.0)
    """
    if margin == 0:
        return tf.zeros_like(d_an)
    return tf.maximum(1 - d_an / margin, 0)


@keras.saving.register_keras_serializable("keras_apps")
class Latest(keras.metrics.Metric):
    """A metric that shows its latest value, not the epoch's mean; under several replicas their mean.

    Example:
        >>> latest = Latest(name="collapse")
        >>> latest.update_state(0.25); latest.update_state(0.75)
        >>> float(latest.result())
        0.75
    """

    def __init__(self, name: str = "latest", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.value = self.add_variable((), initializer="zeros", name="value")
        self.replicas = self.add_variable((), initializer="zeros", name="replicas")

    def update_state(self, value: Any, sample_weight: Any = None) -> None:
        self.value.assign(value)
        self.replicas.assign(1.0)

    def result(self) -> tf.Tensor:
        return self.value / tf.maximum(self.replicas, 1.0)


@keras.saving.register_keras_serializable("keras_apps")
class TripletMean(keras.metrics.Metric):
    """The mean loss of the triplets that were chosen, over all batches of an epoch.

    Batches count by the number of triplets chosen in them; with `reduction="sum"` all that have any count alike. If no
    batch has any, the result is the mean of L over all triplets, chosen or not. If there was no triplet at all, it is
    infinite: such an epoch must not look like the best one to `EarlyStopping` or `ModelCheckpoint`.

    Example:
        >>> mean = TripletMean()
        >>> float(mean.result())
        inf
    """

    def __init__(self, name: str = "loss", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        variables = ("total", "weight", "total_of_all", "chosen", "valid")
        self.total, self.weight, self.total_of_all, self.chosen, self.valid = (
            self.add_variable((), initializer="zeros", name=name) for name in variables
        )

    def update_state(self, batch: TripletBatch, additional: Any = 0.0, reduction: str = "mean") -> None:
        """Add a batch.

        Args:
            batch: Its loss and counts.
            additional: The layers' own losses, a scalar.
            reduction: How `batch.loss` was made, `"mean"` or `"sum"`.
        """
        chosen, valid = (tf.cast(count, self.total.dtype) for count in (batch.chosen, batch.valid))
        weight = chosen if reduction == "mean" else tf.cast(chosen > 0, chosen.dtype)
        self.total.assign_add(weight * tf.cast(batch.loss + additional, weight.dtype))
        self.total_of_all.assign_add(valid * tf.cast(batch.mean_of_all + additional, weight.dtype))
        for variable, value in ((self.weight, weight), (self.chosen, chosen), (self.valid, valid)):
            variable.assign_add(value)

    def result(self) -> tf.Tensor:
        of_all = tf.where(self.valid > 0, self.total_of_all / tf.maximum(self.valid, 1), np.inf)
        return tf.where(self.weight > 0, self.total / tf.maximum(self.weight, 1), of_all)


class TripletWatch(TrainingWatch):
    """Warn, once of each kind, when training collapses, diverges or finds nothing to learn from.

    `TripletModel.fit` adds it.

    Args:
        patience: Steps in a row with `collapse` near 1 before the warning. A network with random weights may encode
            faces nearly alike at first and leave that state within a few steps.
        level: The value of `collapse` from which a step counts.
    """

    def __init__(self, patience: int = 10, level: float = 0.99) -> None:
        super().__init__()
        self._patience, self._level = patience, level
        self._collapsed_steps, self._steps = 0, 0
        self._first_d_an: float | None = None
        self._counts = (0.0, 0.0)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        super().on_epoch_begin(epoch, logs)
        self._steps = 0

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        super().on_train_batch_end(batch, logs)
        self._steps += 1
        self._counts = self.model.triplet_counts()  # validation resets the metrics before the epoch ends
        logs = logs or {}
        if self._first_d_an is None and self._counts[1]:
            self._first_d_an = float(logs.get("d_an", 0))
        collapsed = float(logs.get("collapse", 0)) > self._level
        self._collapsed_steps = self._collapsed_steps + 1 if collapsed else 0
        if self._collapsed_steps >= self._patience:
            self._warn_collapse(f"for {self._collapsed_steps} steps")

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        chosen, valid = self._counts
        values, which = {name: float(value) for name, value in (logs or {}).items()}, f"epoch {epoch + 1}"
        active, d_an, margin = values.get("active", 0.0), values.get("d_an", 0.0), self.model.margin
        if not all(math.isfinite(values.get(name, 0.0)) for name in self.model.FINITE):
            return  # `check_batch` has warned
        if not valid:
            self._warn_no_triplets(which, f"its {self._steps} batch{'es' if self._steps != 1 else ''}")
        elif d_an > _GROWTH * max(self._first_d_an or 0.0, 1e-3) and d_an > 100 * margin:
            self.warn(
                "diverged",
                f"training diverged: in {which} the mean distance d(A,N) is {d_an:.3g}, after {self._first_d_an:.3g} "
                f"at the start, with a margin of {margin:g}. Start again with a lower learning rate; let the tower end "
                "in unit length (keras.layers.UnitNormalization).",
            )
        elif not chosen and active and values.get("collapse", 0.0) > self._level:
            self._warn_collapse(f"in {which}")
        elif not chosen and active:
            self.warn(
                "none chosen",
                f"nothing was learnt in {which}: mining={self.model.mining!r} chose none of {valid:.0f} triplets, "
                f"although {active:.1%} of them violate the margin of {margin:g}. Mean distances: d(A,P) "
                f"{values.get('d_ap', 0.0):.3g}, d(A,N) {d_an:.3g}. Use mining='all' or 'batch-hard', or a margin in "
                "the range of the distances; let the tower end in unit length.",
            )
        elif not active:
            self.warn(
                "satisfied",
                f"nothing was left to learn in {which}: all {valid:.0f} triplets satisfy the margin of {margin:g}. "
                "Stop here; or use a larger margin, more people in a batch, or stronger augmentation.",
            )

    def on_test_end(self, logs: dict | None = None) -> None:
        if not self.model.triplet_counts()[1]:
            self._warn_no_triplets("the validation data", "its batches")

    def _warn_no_triplets(self, which: str, batches: str) -> None:
        self.warn(
            f"no triplets in {which.partition(' ')[0]}",
            f"{which} holds no triplet: none of {batches} has two pictures of one person and a picture of another, so "
            "its loss is reported as infinite. Make batches of several people with several pictures each "
            "(faces.labelled_batches), or larger batches, and check the labels.",
        )

    def _warn_collapse(self, since: str) -> None:
        self.warn(
            "collapse",
            f"training collapsed: {since} all encodings were nearly alike, mean d(A,N) under {1 - self._level:.0%} of "
            "the margin, where every triplet's loss is the margin. Start again with a lower learning rate; begin with "
            "mining='all' or 'semi-hard' instead of 'hard' or 'batch-hard'; let the tower end in unit length; take "
            "larger batches, of more people; check that the pictures differ.",
            CollapseWarning,
        )


@keras.saving.register_keras_serializable("keras_apps")
class TripletModel(SiameseModel):
    """Train a tower with the triplet loss, on labelled batches or on given triplets.

    `model(pictures)` and `predict` give the tower's encodings; the tower itself is what training is for.

    `fit` takes batches of `(pictures, labels)`, best P people with K pictures each, and mines them online; labels are
    numbers or names. Or it takes batches of `((anchor, positive, negative),)`, three arrays of pictures. Each epoch
    reports:

    - `loss`: mean or sum over the chosen triplets, as `reduction` says; batches count by their chosen triplets. If
      none was chosen in the whole epoch, the mean over all triplets; if there was no triplet, infinity;
    - `active`: share of all triplets whose loss is above 0, in [0, 1]. It does not depend on the mining: monitor
      `val_active` (mode "min"), or add `metrics=[faces.EqualErrorRate()]` and monitor `val_eer`;
    - `d_ap`, `d_an`: mean distances of pairs of one person and of two;
    - `collapse`: 1 when all encodings are alike (see `collapse_degree`).

    `fit` warns once, with what to do, when training collapses (`CollapseWarning`), diverges, or an epoch has nothing
    to learn from (`TrainingWarning`). Pictures with NaN or infinity are an error that names the batch.

    `compile` takes metrics of `(labels, embeddings)`, such as `faces.EqualErrorRate()`; they need labelled batches.

    Under `tf.distribute.MirroredStrategy` each replica mines its own part of the batch, so a part should hold
    several pictures of a person; the replicas' losses are averaged, or added for `reduction="sum"`.

    Args:
        tower: A Keras model from pictures to encodings `(n, d)`.
        margin: Float >= 0, the course's alpha, in the units of the distance.
        mining: Which triplets of a labelled batch count; see `mine_triplets`.
        reduction: `"mean"` or `"sum"` over the chosen triplets.
        seed: Integer from 0 to 2**31 - 1, for `mining="random"`.
        distance: `"squared_euclidean"`, as in FaceNet, or `"euclidean"`.

    Raises:
        TypeError: If an argument has a wrong type.
        ValueError: If an argument is not as above; in `fit`, if labels are missing, a shape is wrong, or weights are
            given.

    Example:
        >>> tower = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, use_bias=False)])
        >>> model = TripletModel(tower, margin=0.2, mining="all")
        >>> model.compile(keras.optimizers.SGD(0.1), jit_compile=False)
        >>> x, y = np.array([[0, 0.0], [0, 1], [0.5, 0], [0.5, 1]]), np.array([0, 0, 1, 1])
        >>> history = model.fit(x, y, batch_size=4, epochs=20, verbose=0).history
        >>> history["loss"][-1] < history["loss"][0]
        True

    Reference:
        Schroff et al., "FaceNet", CVPR 2015.
    """

    LABELS = "numbers or names"
    FINITE = ("d_ap", "d_an")

    def __init__(
        self,
        tower: keras.Model,
        margin: float = 0.2,
        mining: str = "semi-hard",
        reduction: str = "mean",
        seed: int = 0,
        distance: str = "squared_euclidean",
        **kwargs: Any,
    ) -> None:
        super().__init__(tower, **kwargs)
        self.triplet_loss = TripletLoss(margin, mining, distance, reduction, seed)
        self._loss = TripletMean()
        self._means = [keras.metrics.Mean(name=name) for name in ("active", "d_ap", "d_an")]
        self._collapse = Latest(name="collapse")
        self.built = True

    def call(self, pictures: Any, training: bool | None = None) -> Any:
        if isinstance(pictures, dict):
            pictures = [pictures[part] for part in PARTS]
        if isinstance(pictures, (tuple, list)):
            return self.encode_together(pictures, 3, bool(training))
        return self.tower(pictures, training=training)

    def train_step(self, data: Any) -> dict[str, Any]:
        x, labels, _ = self.unpacked(data)
        with tf.GradientTape() as tape:
            encodings = self(x, training=True)
            loss = self.compute_loss(x, labels, encodings)
            scaled_loss = self.optimizer.scale_loss(loss)
        weights = self.trainable_variables
        self.optimizer.apply(tape.gradient(scaled_loss, weights), weights)
        return self.compute_metrics(x, labels, encodings)

    def test_step(self, data: Any) -> dict[str, Any]:
        x, labels, _ = self.unpacked(data)
        encodings = self(x, training=False)
        self.compute_loss(x, labels, encodings, training=False)
        return self.compute_metrics(x, labels, encodings)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> tf.Tensor:
        """Compute the triplet loss and the layers' own losses, and add the batch to the metrics.

        Args:
            x: Not used.
            y: Labels `(n,)`; None for given triplets.
            y_pred: Encodings `(n, d)`, or three of them: anchor, positive, negative.
            sample_weight: Not used.
            training: Whether random mining draws anew in each step.
        """
        if isinstance(y_pred, (tuple, list)):
            batch = self.triplet_loss.of_triplets(*y_pred)
        else:
            batch = self.triplet_loss.of_batch(y, y_pred, self.step_seed() if training else self.seed)
        additional = self.additional_losses()
        self._loss.update_state(batch, additional, self.reduction)
        for metric, value in zip(self._means, (batch.active, batch.d_ap, batch.d_an), strict=True):
            metric.update_state(value, sample_weight=batch.valid)
        self._collapse.update_state(tf.where(batch.valid > 0, collapse_degree(batch.d_an, self.margin), 0))
        return per_replica(reported_loss(batch) + additional, self.reduction)

    def step_seed(self) -> tf.Tensor:
        """Return the seed of this step and replica; it is the same again when training resumes."""
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        return self.seed + 7919 * tf.cast(self.optimizer.iterations, tf.int32) + 104729 * tf.cast(replica, tf.int32)

    def unpacked(self, data: Any) -> tuple[Any, Any, Any]:
        """Return `(pictures, labels, None)` of a batch.

        Raises:
            ValueError: If there are sample weights, as in a batch `(a, p, n)` without its outer tuple, or if neither
                labels nor three arrays are there.
        """
        x, labels, sample_weight = super().unpacked(data)
        if sample_weight is not None:
            raise ValueError(
                "expected (pictures, labels) or ((anchor, positive, negative),), received three parts: sample weights "
                "are not used here, since a triplet has no weight of its own"
            )
        given = isinstance(x, (dict, tuple, list))
        if labels is None and not given:
            raise ValueError("expected (pictures, labels) or ((anchor, positive, negative),), received no labels")
        if given and labels is not None:
            raise ValueError("expected triplets without labels, ((anchor, positive, negative),), received labels too")
        if given and self._compile_metrics is not None:
            raise ValueError("expected labelled pictures, since the metrics of compile need labels; received triplets")
        if isinstance(x, dict) and set(x) != set(PARTS):
            raise ValueError(f"expected a dictionary with {', '.join(PARTS)}, received {', '.join(sorted(x))}")
        return x, None if labels is None else numbered(labels), None

    def check_weights(self, class_weight: Any, sample_weight: Any) -> None:
        """Raise if weights are given: a triplet has three pictures, and no weight of its own."""
        if class_weight is not None or sample_weight is not None:
            raise ValueError(
                "expected no class_weight and no sample_weight, received one: a triplet has three pictures and no "
                "weight of its own. Choose who comes how often by the batches, for instance faces.labelled_batches"
            )

    def checked_metrics(self, metrics: Any, weighted: bool = False) -> Any:
        """Return the metrics for `compile`.

        Raises:
            ValueError: If a metric is one of Keras's own, which compares labels with predictions of the same kind, or
                if metrics are to be weighted.
        """
        if weighted and metrics:
            raise ValueError("expected no weighted_metrics, received some: triplets have no weights; use metrics=[...]")
        for metric in keras.tree.flatten(metrics):
            mapped = type(metric) is keras.metrics.MeanMetricWrapper
            if metric is not None and (
                isinstance(metric, str) or (type(metric).__module__.split(".")[0] == "keras" and not mapped)
            ):
                shown = metric if isinstance(metric, str) else type(metric).__name__
                raise ValueError(
                    f"expected metrics of (labels, embeddings), such as faces.EqualErrorRate(), faces.TARAtFAR() or a "
                    f"function of both, received {shown!r}, which would compare a label with an embedding"
                )
        return super().checked_metrics(metrics)

    def numbers_for(self, names: list[str]) -> np.ndarray:
        """Number the names."""
        return np.unique(np.asarray(names), return_inverse=True)[1].astype(np.int32)

    def numbers_for_tensor(self, names: tf.Tensor) -> tf.Tensor:
        """Number the names of a batch, equal names alike in all batches."""
        return numbered(names)

    def _prepared_batch(self, *batch: Any) -> Any:
        return super()._prepared_batch(*batch) if len(batch) == 2 else batch  # three parts: `unpacked` explains

    def _prepared_validation(self, data: Any) -> Any:
        data = super()._prepared_validation(data)
        labels = data[1] if isinstance(data, tuple) and len(data) == 2 else None
        if labels is not None:
            counts = np.unique(labels, return_counts=True)[1]
            if len(counts) < 2 or counts.max() < 2:
                raise ValueError(
                    f"expected validation data with two people, one of them in two pictures, received {len(labels)} "
                    f"pictures of {len(counts)} people: they make no triplet, so val_loss would say nothing"
                )
        return data

    def watch(self) -> TripletWatch:
        return TripletWatch()

    def triplet_counts(self) -> tuple[float, float]:
        """Return how many triplets were chosen, and how many there were, since the metrics were reset."""
        return float(tf.convert_to_tensor(self._loss.chosen)), float(tf.convert_to_tensor(self._loss.valid))

    @property
    def margin(self) -> float:
        """The margin of the loss."""
        return self.triplet_loss.margin

    @property
    def mining(self) -> str:
        """Which triplets count."""
        return self.triplet_loss.mining

    @property
    def reduction(self) -> str:
        """`"mean"` or `"sum"` over the chosen triplets."""
        return self.triplet_loss.reduction

    @property
    def seed(self) -> int:
        """The seed of random mining."""
        return self.triplet_loss.seed

    @property
    def distance(self) -> str:
        """The distance of the loss."""
        return self.triplet_loss.distance

    def get_config(self) -> dict[str, Any]:
        names = ("margin", "mining", "reduction", "seed", "distance")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
