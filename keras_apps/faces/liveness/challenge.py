"""A random sequence of movements that a visitor must follow before the camera, judged from five landmarks a frame.

A head is not flat: its nose stands out. When it turns, the nose leaves the place at which a flat picture would show it.
Eyes and mouth corners, which lie about in one plane, say by a homography where that place is; what is left is the
parallax of the nose. A photograph has none, however it is moved, tilted or enlarged, and little when it is bent.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import TypeAlias

import numpy as np

from keras_apps._checks import check_choice, check_whole
from keras_apps.faces.detection import LANDMARKS, FaceCrop, find_faces
from keras_apps.images import Picture

MOVEMENTS = ("left", "right", "up", "nearer")
Landmarks: TypeAlias = Mapping[str, tuple[float, float]]
Frame: TypeAlias = "Picture | FaceCrop | Landmarks | None"

TURN, UP, NEAR = 0.13, 0.09, 1.3
"""What counts as a movement: the nose's parallax to a side and upwards, in face lengths, and the growth of the face. A
nose stands out by about 0.4 face lengths, so a turn of 19 degrees is needed, and of 13 upwards."""
REST, NEAR_REST = 0.06, 1.15
JUMP = 0.1
"""The greatest change of the parallax from one frame to the next; two photographs exchanged for one another jump."""
FLAT_CHANGE, FLAT_PARALLAX = 0.3, 0.12
SMOOTH = 3
"""A pose is the median over so many frames: a detector's error in one frame does not count."""
HOLD = 3
STRAIGHT = 5
LOST = 5
_FLAT = [LANDMARKS.index(name) for name in ("left_eye", "right_eye", "mouth_left", "mouth_right")]
_NOSE = LANDMARKS.index("nose")
_SAY = {
    "left": "turn your head to your left",
    "right": "turn your head to your right",
    "up": "look up",
    "nearer": "come nearer",
}


@dataclass(frozen=True)
class Pose:
    """How a face stands, compared with the frames at the beginning, in which it looked straight at the camera.

    Attributes:
        across: The nose's parallax to the viewer's right, in face lengths; a flat picture's is 0.
        down: The nose's parallax downwards, in face lengths.
        size: The face's size, 1 at the beginning.
        stretch: Its width over its height, 1 at the beginning.
    """

    across: float
    down: float
    size: float
    stretch: float


@dataclass(frozen=True)
class ChallengeState:
    """Where a challenge stands after a frame.

    Attributes:
        say: What to tell the visitor, for instance `"turn your head to your left"`.
        wanted: The movement that is waited for, or `None` while the visitor has to look straight, and at the end.
        done: How many steps have been followed.
        passed: `None` while the challenge runs, then whether the visitor passed.
        reason: Why the visitor did not pass, in words; empty otherwise.
    """

    say: str
    wanted: str | None
    done: int
    passed: bool | None = None
    reason: str = ""


@dataclass(frozen=True)
class ChallengeResult:
    """How a film answers a challenge.

    Attributes:
        passed: Whether the visitor followed every step, with a head that is not flat.
        reason: Why not, in words; empty if passed.
        done: How many steps were followed.
        frames: How many frames were looked at; the film may go on after the decision.
    """

    passed: bool
    reason: str
    done: int
    frames: int


class Challenge:
    """Ask a visitor for a random sequence of movements, and judge from a film whether a living head followed it.

    The visitor looks straight into the camera, then makes each movement when `say` asks for it, and looks straight
    again after each. Turn slowly: at least ten frames a second are needed. The directions are the visitor's own.

    It refuses a photograph that is moved, tilted, enlarged or bent: its nose does not leave the plane of eyes and
    mouth. It does not recognise a mask, a photograph folded sharply along the nose, or a film of the person that
    happens to show the same movements; four steps have 108 sequences. It does not look at who moves: verify the name on
    one of the frames.

    Args:
        seed: Integer >= 0. By default the sequence cannot be foretold, as a real challenge needs; a seed is for tests.
        steps: How many movements, 1 to 20.
        movements: What is asked for, two or more of `"left"`, `"right"`, `"up"`, `"nearer"`; one that is followed by
            itself is not asked for. `"nearer"` alone proves nothing: at least every other step turns the head.
        mirrored: Whether the frames are mirrored, as a phone's front camera shows them.
        frames_per_step: A step that takes more frames than this is failed, >= 10.

    Raises:
        ValueError: If an argument is out of range.
        TypeError: If a number is not a whole number.

    Example:
        >>> challenge = Challenge(seed=3)
        >>> challenge.steps
        ('nearer', 'left', 'right', 'left')
        >>> points = [(80, 90), (120, 90), (100, 112), (84, 132), (116, 132)]
        >>> straight = dict(zip(("left_eye", "right_eye", "nose", "mouth_left", "mouth_right"), points))
        >>> [challenge.watch(straight).say for _ in range(5)][-1]
        'come nearer'
        >>> challenge.judge([straight] * 30)
        ChallengeResult(passed=False, reason='the film ended before step 1, nearer', done=0, frames=30)

    Reference:
        Kollreider, Fronthaler and Bigun, "Evaluating liveness by face images and the structure tensor", 2005 (parts of
        a living face move by different amounts); De Marsico et al., "Moving face spoofing detection via 3D projective
        invariants", ICB 2012.
    """

    def __init__(
        self,
        seed: int | None = None,
        steps: int = 4,
        *,
        movements: Sequence[str] = MOVEMENTS,
        mirrored: bool = False,
        frames_per_step: int = 150,
    ) -> None:
        count = check_whole("steps", steps, 1, 20)
        self._patience = check_whole("frames_per_step", frames_per_step, 10)
        for movement in movements:
            check_choice("movement", movement, MOVEMENTS)
        if isinstance(movements, str) or len(set(movements)) < 2 or len(set(movements)) < len(movements):
            raise ValueError(f"expected two or more different movements, received {movements!r}")
        rng = np.random.default_rng(None if seed is None else check_whole("seed", seed, 0))
        chosen: list[str] = []
        while len(chosen) < count:
            some = [m for m in movements if m not in chosen[-1:]]
            chosen.append(some[int(rng.integers(len(some)))])
        if set(chosen) == {"nearer"}:  # a single step that a flat picture can follow
            chosen = [next(m for m in movements if m != "nearer")]
        self.steps = tuple(chosen)
        self._mirrored = bool(mirrored)
        self.reset()

    def reset(self) -> None:
        """Begin again with the same steps."""
        self._reference: np.ndarray | None = None
        self._straight: list[np.ndarray] = []
        self._poses: list[Pose] = []
        self._last: Pose | None = None
        self._last_points: np.ndarray | None = None
        self._missing = self._waited = self._frames = self._done = 0
        self._moving = False  # else: waiting until the visitor looks straight
        self._held = dict.fromkeys((*MOVEMENTS, "flat"), 0)
        self._state = ChallengeState("look straight into the camera", None, 0)

    @property
    def state(self) -> ChallengeState:
        """Where the challenge stands."""
        return self._state

    def watch(self, frame: Frame) -> ChallengeState:
        """Look at the next frame of a film or camera.

        Args:
            frame: A picture, whose largest face is looked for; a `FaceCrop`; landmarks, `{"left_eye": (x, y),
                "right_eye", "nose", "mouth_left", "mouth_right"}` in pixels, left being the viewer's; or `None` where
                no face was found.

        Returns:
            The state. Once it is decided, it stays.

        Raises:
            ValueError: If a landmark is missing or not finite, or the picture is none.
        """
        if self._state.passed is None:
            self._frames += 1
            self._state = self._next(points_of(frame, self._mirrored))
        return self._state

    def judge(self, frames: Iterable[Frame]) -> ChallengeResult:
        """Judge a whole film, from its beginning.

        Args:
            frames: Frames in order, each as for `watch`.

        Returns:
            A `ChallengeResult`.
        """
        self.reset()
        for frame in frames:
            if self.watch(frame).passed is not None:
                break
        state = self._state
        reason = state.reason
        if state.passed is None:
            step = f"step {self._done + 1}, {self.steps[self._done]}"
            reason = f"the film ended before {step}" if self._frames else "the film has no frames"
        return ChallengeResult(bool(state.passed), reason, self._done, self._frames)

    def _next(self, points: np.ndarray | None) -> ChallengeState:
        self._waited += 1
        if self._waited > self._patience:
            return self._failed(f"no {self._wanted()} within {self._patience} frames")
        if points is None:
            return self._lost()
        if self._reference is None:
            return self._begin(points)
        seen = pose_of(points, self._reference)
        if seen is None:
            return self._lost()
        self._poses = [*self._poses, seen][-SMOOTH:]
        pose = Pose(*np.median([astuple(one) for one in self._poses], axis=0).tolist())
        if self._jumped(pose, points):
            return self._failed("the face jumped from one frame to the next: move slowly, and keep it in sight")
        self._missing, self._last, self._last_points = 0, pose, points
        self._count(pose)
        if self._held["flat"] >= HOLD:
            return self._failed("the face turned as a flat picture does")
        reached = [movement for movement in MOVEMENTS if self._held[movement] >= HOLD]
        if self._moving:
            return self._step(reached)
        if abs(pose.across) < REST and abs(pose.down) < REST and pose.size < NEAR_REST:
            self._moving, self._waited = True, 0
            return self._ask()
        return self._state

    def _step(self, reached: list[str]) -> ChallengeState:
        wanted = self.steps[self._done]
        wrong = [movement for movement in reached if movement != wanted]
        if wrong:
            return self._failed(f"step {self._done + 1} asked for {wanted}, and {wrong[0]} came")
        if not reached:
            return self._state
        self._done += 1
        self._moving, self._waited = False, 0
        if self._done == len(self.steps):
            return ChallengeState("thank you", None, self._done, passed=True)
        return ChallengeState("look straight into the camera", None, self._done)

    def _begin(self, points: np.ndarray) -> ChallengeState:
        self._straight = [*self._straight, points] if looks_straight(points) else []
        if len(self._straight) < STRAIGHT:
            return self._state
        self._reference = np.median(self._straight[-STRAIGHT:], axis=0)
        self._last, self._last_points = pose_of(points, self._reference), points
        self._moving, self._waited = True, 0
        return self._ask()

    def _lost(self) -> ChallengeState:
        self._missing += 1
        self._straight = []
        if self._reference is not None and self._missing > LOST:
            return self._failed(f"the face was out of sight for {self._missing} frames")
        return self._state

    def _jumped(self, pose: Pose, points: np.ndarray) -> bool:
        if self._last is None or self._last_points is None:
            return False
        change = math.hypot(pose.across - self._last.across, pose.down - self._last.down)
        moved = np.hypot(*(points.mean(axis=0) - self._last_points.mean(axis=0))) / _length(self._last_points)
        grown = max(pose.size / self._last.size, self._last.size / pose.size)
        frames = 1 + self._missing
        return change > JUMP * frames or moved > 1.0 * frames or grown > 1.3**frames

    def _count(self, pose: Pose) -> None:
        seen = {
            "left": pose.across >= TURN,
            "right": pose.across <= -TURN,
            "up": pose.down <= -UP and abs(pose.across) < TURN,
            "nearer": pose.size >= NEAR,
            "flat": abs(math.log(pose.stretch)) > FLAT_CHANGE and math.hypot(pose.across, pose.down) < FLAT_PARALLAX,
        }
        self._held = {what: self._held[what] + 1 if now else 0 for what, now in seen.items()}

    def _wanted(self) -> str:
        return self.steps[self._done] if self._moving else "straight look"

    def _ask(self) -> ChallengeState:
        wanted = self.steps[self._done]
        return ChallengeState(_SAY[wanted], wanted, self._done)

    def _failed(self, reason: str) -> ChallengeState:
        return ChallengeState("not passed", None, self._done, passed=False, reason=reason)


def points_of(frame: Frame, mirrored: bool = False) -> np.ndarray | None:
    """Return a frame's five landmarks, floats `(5, 2)` in the order of `LANDMARKS`, or `None` where there is no face.

    Raises:
        ValueError: If a landmark is missing or not finite.
    """
    if frame is None:
        return None
    if isinstance(frame, Mapping):
        landmarks: Landmarks = frame
    else:
        found = [frame] if isinstance(frame, FaceCrop) else find_faces(frame)
        if not found:
            return None
        landmarks = found[0].landmarks
    missing = [name for name in LANDMARKS if name not in landmarks]
    if missing:
        raise ValueError(f"expected the landmarks {', '.join(LANDMARKS)}; missing: {', '.join(missing)}")
    points = np.array([landmarks[name] for name in LANDMARKS], np.float64)
    if points.shape != (5, 2) or not np.isfinite(points).all():
        raise ValueError(f"expected two finite numbers for each landmark, received {points.tolist()}")
    if mirrored:  # turned back: the viewer's left eye is the right one of the mirror image
        points = (points * [-1, 1])[[1, 0, 2, 4, 3]]
    return points


def _frame_of_head(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Return the unit vectors across and down, and the distances of the eyes and from eyes to mouth."""
    left, right, _, mouth_left, mouth_right = points
    across = right - left
    width = float(np.hypot(*across))
    down = (mouth_left + mouth_right) / 2 - (left + right) / 2
    across = across / width if width else np.array([1.0, 0.0])
    return across, np.array([-across[1], across[0]]), width, float(np.hypot(*down))


def _length(points: np.ndarray) -> float:
    _, _, width, height = _frame_of_head(points)
    return max(width, height, 1e-9)


def looks_straight(points: np.ndarray) -> bool:
    """Return whether a face looks about straight ahead: its nose between the eyes, and between eyes and mouth.

    Example:
        >>> looks_straight(np.array([[0, 0], [10, 0], [5, 6], [1, 11], [9, 11]]))
        True
        >>> looks_straight(np.array([[0, 0], [10, 0], [8, 6], [1, 11], [9, 11]]))
        False
    """
    across, down, width, height = _frame_of_head(points)
    if min(width, height) <= 0:
        return False
    nose = points[_NOSE] - (points[0] + points[1]) / 2
    return bool(abs(nose @ across) < 0.18 * width and 0.25 < (nose @ down) / height < 0.85)


def homography(source: np.ndarray, target: np.ndarray) -> np.ndarray | None:
    """Find the perspective map of the plane that takes four points to four others.

    Args:
        source: Floats `(4, 2)`.
        target: Floats `(4, 2)`.

    Returns:
        Floats `(3, 3)`, the last 1; `None` where three points lie on a line.

    Example:
        >>> square = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]])
        >>> (homography(square, 2 * square + [3, 0]).round(6) + 0.0).tolist()
        [[2.0, 0.0, 3.0], [0.0, 2.0, 0.0], [0.0, 0.0, 1.0]]

    Reference:
        Hartley and Zisserman, "Multiple View Geometry in Computer Vision", 2004, section 4.1.
    """
    rows = []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    matrix = np.array(rows)
    if np.linalg.cond(matrix) > 1e9:
        return None
    return np.append(np.linalg.solve(matrix, np.asarray(target, np.float64).ravel()), 1).reshape(3, 3)


def pose_of(points: np.ndarray, reference: np.ndarray) -> Pose | None:
    """Compare a face's landmarks with those of the same face looking straight ahead.

    Eyes and mouth corners give the homography from the straight face to this one. It says where the nose would be if
    it lay in their plane; the parallax is how far from there it is.

    Args:
        points: Floats `(5, 2)`, in the order of `LANDMARKS`.
        reference: Likewise, of the straight face.

    Returns:
        The pose, or `None` where the points are no face's (three on a line, or the plane seen from behind).

    Example:
        >>> straight = np.array([[0.0, 0], [10, 0], [5, 6], [1, 10], [9, 10]])
        >>> pose_of(2 * straight + 7, straight)  # moved and enlarged: flat
        Pose(across=0.0, down=0.0, size=2.0, stretch=1.0)
        >>> turned = straight * [0.9, 1] + [[0, 0], [0, 0], [2, 0], [0, 0], [0, 0]]
        >>> round(pose_of(turned, straight).across, 6)  # 2 of 10
        0.2
    """
    origin, unit = reference.mean(axis=0), _length(reference)
    straight, seen = (reference - origin) / unit, (points - points.mean(axis=0)) / unit
    matrix = homography(straight[_FLAT], seen[_FLAT])
    if matrix is None:
        return None
    depths = straight @ matrix[2, :2] + 1
    if np.any(depths <= 0.1):
        return None
    flat = (matrix @ np.append(straight[_NOSE], 1))[:2] / depths[_NOSE]
    across, down, width, height = _frame_of_head(seen)
    _, _, first_width, first_height = _frame_of_head(straight)
    if min(width, height) <= 0:
        return None
    size = max(width / first_width, height / first_height)  # a turn shortens one of them
    away = (seen[_NOSE] - flat) / size
    values = (away @ across, away @ down, size, width / first_width / (height / first_height))
    return Pose(*(round(float(value), 9) + 0.0 for value in values))
