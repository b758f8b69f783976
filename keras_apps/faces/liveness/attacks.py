"""Live pictures -> the same faces as attacks show them: printed, on a screen, on a phone in a hand, cut out.

Each attack is a flat or bent surface that carries the picture. For each pixel of the attacked camera the place on the
surface that it sees is worked out; ink, halftone dots, the screen's grid, light and edges are functions of that place.
What is simulated is what these attacks have in common. They are no substitute for recordings of real ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import gaussian_filter, map_coordinates

from keras_apps._checks import check_choice, check_whole
from keras_apps.faces.liveness.camera import Random, jpeg, photograph, resize

KINDS = ("print", "screen", "phone", "cutout")
SKIN = np.array([[236, 198, 172], [222, 176, 142], [200, 148, 110], [160, 108, 74], [118, 76, 52]]) / 255
SMALLEST = 32


def presentation_attacks(pictures: ArrayLike, kind: str, seed: int = 0, *, size: int | None = None) -> np.ndarray:
    """Make attacks on a face camera from live pictures: what the camera would see if a picture were held before it.

    Distance, angle, bend, light, strength of each effect, the background and the camera (`camera.photograph`) are drawn
    by chance. The face stays about where it was, as `around_face` would cut it out of the attack.

    These are simulations. A network that was trained on them makes no promise for real attacks.

    Args:
        pictures: Squares around live faces, as `around_face` cuts them, uint8 `(n, s, s, 3)`, RGB. A background, where
            one is needed, is made from the next picture of the array, or from the picture itself where it is alone.
        kind: `"print"`: on paper, with halftone dots or the grain of an inkjet, bent and unevenly lit; `"screen"`: on a
            monitor, with moire, glare and sometimes its frame; `"phone"`: on a phone in a hand; `"cutout"`: a print cut
            out along the face, sometimes with eye holes.
        seed: Integer >= 0. Picture i gets the same attack whatever comes after it (apart from its background).
        size: Height and width of the attacks; by default the pictures'.

    Returns:
        uint8 `(n, size, size, 3)`.

    Raises:
        ValueError: If the kind is unknown, a picture is not square or smaller than 32 pixels, or a number is negative.
        TypeError: If the pictures are not uint8.

    Example:
        >>> from keras_apps import faces
        >>> live = faces.around_face("bundled:hopper")
        >>> attack = presentation_attacks([live], "screen", seed=1)
        >>> attack.shape, bool((attack[0] != live).mean() > 0.5)
        ((1, 144, 144, 3), True)
    """
    check_choice("kind of attack", kind, KINDS)
    return _each(pictures, seed, size, KINDS.index(kind) + 1, ATTACKS[kind])


def live_views(pictures: ArrayLike, seed: int = 0, *, size: int | None = None) -> np.ndarray:
    """Show live pictures as another camera would: the live examples that stand beside `presentation_attacks`.

    Scale, place and roll vary as those of the attacks do, and the camera is drawn from the same ones.

    Args:
        pictures: As for `presentation_attacks`.
        seed: Integer >= 0.
        size: Height and width of the result; by default the pictures'.

    Returns:
        uint8 `(n, size, size, 3)`.

    Raises:
        ValueError, TypeError: As `presentation_attacks`.
    """
    return _each(pictures, seed, size, 0, _live)


Scene = Callable[[np.ndarray, np.ndarray, int, Random], np.ndarray]
"""(picture, another picture, size, chance) -> floats (size, size, 3): what stands before the camera."""


def _each(pictures: ArrayLike, seed: int, size: int | None, number: int, scene: Scene) -> np.ndarray:
    squares = checked_squares(pictures)
    seed = check_whole("seed", seed, 0)
    size = squares.shape[1] if size is None else check_whole("size", size, SMALLEST)
    made = np.empty((len(squares), size, size, 3), np.uint8)
    for index, square in enumerate(squares):
        rng = np.random.default_rng((seed, number, index))
        other = squares[(index + 1) % len(squares)]
        made[index] = photograph(scene(square / np.float32(255), other / np.float32(255), size, rng), rng)
    return made


def checked_squares(pictures: ArrayLike) -> np.ndarray:
    """Return squares around faces as an array.

    Raises:
        ValueError: If the shape is not `(n, s, s, 3)` with s >= 32.
        TypeError: If the values are not uint8.
    """
    squares = np.asarray(pictures)
    if squares.ndim != 4 or squares.shape[1] != squares.shape[2] or squares.shape[3] != 3:
        raise ValueError(f"expected squares (n, s, s, 3) as around_face cuts them, received shape {squares.shape}")
    if squares.shape[1] < SMALLEST:
        raise ValueError(f"expected squares of at least {SMALLEST} pixels a side, received {squares.shape[1]}")
    if squares.dtype != np.uint8:
        raise TypeError(f"expected squares of uint8 in 0..255, received {squares.dtype}")
    return squares


# Where a surface lies, and which of its places a pixel sees


@dataclass(frozen=True)
class Surface:
    """The places of a surface that the pixels see.

    Attributes:
        u, v: Place on the surface, `(size, size)`; the picture takes -1 to 1, v goes down.
        x, y: Place in the camera's picture, -1 to 1.
        shade: How much of the light reaches the place, about 1.
        pixel: Size of a camera pixel, in u.
    """

    u: np.ndarray
    v: np.ndarray
    x: np.ndarray
    y: np.ndarray
    shade: np.ndarray
    pixel: float

    def sample(self, picture: np.ndarray) -> np.ndarray:
        """Read a picture `(s, s, 3)` at each pixel's place; beyond it its edge is repeated."""
        middle = (len(picture) - 1) / 2
        smooth = self.pixel * middle
        if smooth > 1.2:  # fewer pixels than the picture has: filter first
            picture = gaussian_filter(picture, (0.4 * smooth, 0.4 * smooth, 0))
        at = np.stack([(self.v + 1) * middle, (self.u + 1) * middle])
        planes = [map_coordinates(picture[..., c], at, order=1, mode="nearest") for c in range(3)]
        return np.stack(planes, axis=-1)

    def inside(self, half_width: float, half_height: float, corner: float = 0.0, middle: float = 0.0) -> np.ndarray:
        """Return the coverage of a rectangle round (0, middle) with rounded corners, `(size, size)` in [0, 1]."""
        across = np.abs(self.u) - half_width + corner
        down = np.abs(self.v - middle) - half_height + corner
        away = np.hypot(np.maximum(across, 0), np.maximum(down, 0)) + np.minimum(np.maximum(across, down), 0) - corner
        return soft(away, self.pixel)


def soft(away: np.ndarray, width: float) -> np.ndarray:
    """Return 1 inside (`away` < 0), 0 outside, with an edge of this width."""
    return np.clip(0.5 - away / width, 0, 1).astype(np.float32)


def grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of pixel centres, -1 to 1."""
    axis = ((np.arange(size) + 0.5) / size * 2 - 1).astype(np.float32)
    return np.meshgrid(axis, axis)


def place(
    size: int, rng: Random, *, scale: tuple[float, float] = (0.95, 1.25), tilt: float = 0.35, bend: float = 0.0
) -> Surface:
    """Hold a surface before the camera.

    Args:
        size: Pixels a side.
        rng: NumPy's generator.
        scale: Range of the face's size, 1 for that of the live picture.
        tilt: Greatest yaw and pitch, in radians.
        bend: Greatest bend: 1 over the radius of the cylinder, in half squares.
    """
    x, y = grid(size)
    yaw, pitch = rng.uniform(-tilt, tilt, 2) * rng.random(2)
    roll, distance = rng.normal(0, 0.06), rng.uniform(3.5, 8)
    cos, sin = np.cos([yaw, pitch, roll]), np.sin([yaw, pitch, roll])
    about_y = np.array([[cos[0], 0, sin[0]], [0, 1, 0], [-sin[0], 0, cos[0]]])
    about_x = np.array([[1, 0, 0], [0, cos[1], -sin[1]], [0, sin[1], cos[1]]])
    about_z = np.array([[cos[2], -sin[2], 0], [sin[2], cos[2], 0], [0, 0, 1]])
    turn = about_z @ about_x @ about_y
    factor = rng.uniform(*scale)
    shift = rng.uniform(-0.08, 0.08, 2)
    plane = np.column_stack([factor * turn[:, 0], factor * turn[:, 1], [0, 0, distance]])
    matrix = np.diag([distance, distance, 1]) @ plane
    rays = np.stack([x - shift[0], y - shift[1], np.ones_like(x)], axis=-1) @ np.linalg.inv(matrix).T
    u, v = (rays[..., 0] / rays[..., 2]).astype(np.float32), (rays[..., 1] / rays[..., 2]).astype(np.float32)
    shade = np.ones_like(u)
    if bend:
        curve = rng.uniform(-bend, bend)
        if abs(curve) > 0.05:
            inside = np.clip(u * curve, -0.98, 0.98)
            deep = (1 - np.sqrt(1 - inside**2)) / curve
            v = v * (1 + deep / distance)
            u = np.arcsin(inside) / curve
            shade = 1 + rng.uniform(-0.6, 0.6) * inside - 0.25 * inside**2
    light = rng.normal(0, 1, 2)
    light *= rng.uniform(0, 0.22) / np.hypot(*light)
    shade = shade * (1 + light[0] * x + light[1] * y)
    return Surface(u, v, x, y, shade.astype(np.float32), 2 / size / factor)


def smooth_noise(size: int, cells: float, rng: Random) -> np.ndarray:
    """Return smooth noise, mean 0 and deviation 1, with about `cells` blobs a side."""
    noise = gaussian_filter(rng.standard_normal((size, size)).astype(np.float32), size / cells / 2.5)
    return (noise - noise.mean()) / (noise.std() + 1e-6)


def over(below: np.ndarray, above: np.ndarray | Sequence[float], mask: np.ndarray) -> np.ndarray:
    """Lay colours over a picture where the mask is 1."""
    return below + mask[..., None] * (np.asarray(above, np.float32) - below)


# What is behind


def _background(picture: np.ndarray, other: np.ndarray, size: int, rng: Random) -> np.ndarray:
    """Return what is behind an attack: the place of another picture, its person there or not, sharp or not."""
    source = other[:, ::-1] if rng.random() < 0.5 else other
    side = len(source)
    if rng.random() < 0.5:  # a corner of it, enlarged: no face
        part = int(side * rng.uniform(0.25, 0.4))
        left, top = int(rng.choice([0, side - part])), int(rng.uniform(0, 0.4) * side)
        seen = resize(source[top : top + part, left : left + part], size)
        blur = rng.uniform(0.5, 5)
    else:
        part = int(side * rng.uniform(0.55, 1))
        left, top = (int(rng.uniform(0, side - part + 1)) for _ in range(2))
        seen = resize(source[top : top + part, left : left + part], size)
        blur = rng.uniform(0, 4) * rng.random()
    seen = gaussian_filter(seen, (blur * size / 144, blur * size / 144, 0))
    return np.clip(seen * rng.uniform(0.5, 1.15), 0, 1)


# A living face


def _live(picture: np.ndarray, other: np.ndarray, size: int, rng: Random) -> np.ndarray:
    surface = place(size, rng, scale=(0.95, 1.25), tilt=0.0)
    scene = surface.sample(picture)
    if rng.random() < 0.35:
        scene = jpeg(scene, int(rng.integers(50, 98)))
    if rng.random() < 0.5:  # light from a side, as attacks have it
        scene = scene * surface.shade[..., None]
    return scene


# Ink on paper


def _printed(picture: np.ndarray, surface: Surface, rng: Random) -> np.ndarray:
    """Return the colours of a print: a smaller gamut, ink in dots or grains, paper."""
    size = len(surface.u)
    image = np.clip(surface.sample(picture), 0, 1)
    grey = image.mean(axis=-1, keepdims=True)
    image = grey + (image - grey) * rng.uniform(0.55, 1.05)
    image = np.clip(image * (1 + rng.uniform(-0.09, 0.09, 3)), 0, 1) ** rng.uniform(0.8, 1.3)
    ink = 1 - image
    way = rng.random()
    if way < 0.5:
        ink = _halftone(ink, surface, rng)
    else:
        grains = rng.standard_normal((256, 256)).astype(np.float32)
        grains -= gaussian_filter(grains, 1.5)
        fine = rng.uniform(35, 110)
        at = ((surface.v * fine).astype(int) % 256, (surface.u * fine).astype(int) % 256)
        spread = rng.uniform(0.03, 0.16)
        ink = ink + spread * np.sqrt(np.clip(ink * (1.15 - ink), 0, None)) * grains[at][..., None]
    if rng.random() < 0.3:  # streaks of the print head
        lines = np.sin(surface.v * rng.uniform(25, 90) + rng.uniform(0, 6))
        ink = ink * (1 + rng.uniform(0.02, 0.07) * lines[..., None])
    paper = rng.uniform(0.82, 1.0) * np.array([1.0, rng.uniform(0.96, 1.0), rng.uniform(0.88, 1.02)])
    black = rng.uniform(0.05, 0.22)
    shown = paper * (1 - (1 - black) * np.clip(ink, 0, 1))
    fibre = smooth_noise(size, size / 2.5, rng) + smooth_noise(size, rng.uniform(8, 30), rng)
    shown = shown * (1 + rng.uniform(0.0, 0.022) * fibre[..., None])
    if rng.random() < 0.3:  # glossy paper
        shown = shown + rng.uniform(0.1, 0.35) * _sheen(surface, rng)[..., None]
    return shown * surface.shade[..., None]


def _halftone(ink: np.ndarray, surface: Surface, rng: Random) -> np.ndarray:
    """Return ink in dots: one turned screen for each colour, blurred by the lens."""
    pitch = surface.pixel * rng.uniform(1.3, 3.2)
    hard = rng.uniform(1.5, 5)
    share = 0.15 + 0.7 * rng.random() ** 1.5
    turn = rng.uniform(-0.3, 0.3)
    dots = np.empty_like(ink)
    for channel, degrees in enumerate((15, 75, 45)):
        angle = np.radians(degrees) + turn
        across = (np.cos(angle) * surface.u + np.sin(angle) * surface.v) * (2 * np.pi / pitch)
        down = (np.cos(angle) * surface.v - np.sin(angle) * surface.u) * (2 * np.pi / pitch)
        level = 0.5 + 0.25 * (np.sin(across) + np.sin(down))
        dots[..., channel] = 1 / (1 + np.exp(-hard * 2 * (ink[..., channel] - level)))
    return ink + share * (dots - ink) * np.sqrt(np.clip(4 * ink * (1 - ink), 0, 1))


def _sheen(surface: Surface, rng: Random) -> np.ndarray:
    """Return a soft reflection: a stripe or a blob of light, `(size, size)` in [0, 1]."""
    angle, offset = rng.uniform(0, np.pi), rng.uniform(-0.7, 0.7)
    along = np.cos(angle) * surface.x + np.sin(angle) * surface.y - offset
    across = np.cos(angle) * surface.y - np.sin(angle) * surface.x - rng.uniform(-0.6, 0.6)
    wide, long = rng.uniform(0.08, 0.4), rng.uniform(0.3, 2)
    return np.exp(-((along / wide) ** 2) - (across / long) ** 2).astype(np.float32)


def _print(picture: np.ndarray, other: np.ndarray, size: int, rng: Random) -> np.ndarray:
    surface = place(size, rng, scale=(0.95, 1.25), bend=0.75)
    shown = _printed(picture, surface, rng)
    if rng.random() < 0.35:  # the paper fills the view
        return shown
    scene = _background(picture, other, size, rng)
    half = rng.uniform(0.62, 1.0, 2)
    middle = rng.uniform(-0.1, 0.1)
    margin = rng.uniform(0.02, 0.12) if rng.random() < 0.5 else 0.0
    white = rng.uniform(0.8, 1.0) * surface.shade[..., None] * np.ones(3)
    sheet = surface.inside(half[0] + margin, half[1] + margin, 0.01, middle)
    scene = _shadow(scene, sheet, rng)
    scene = over(scene, white, sheet)
    scene = over(scene, shown, surface.inside(half[0], half[1], 0, middle))
    if rng.random() < 0.5:
        scene = _fingers(scene, surface, half[0] + margin, half[1] + margin, middle, rng, small=True)
    return scene


def _shadow(scene: np.ndarray, mask: np.ndarray, rng: Random) -> np.ndarray:
    """Darken what is behind and beside a thing."""
    size = len(mask)
    moved = np.roll(mask, (int(rng.integers(0, 6)), int(rng.integers(-5, 6))), (0, 1))
    dark = gaussian_filter(moved, rng.uniform(1, 7) * size / 144)
    return scene * (1 - rng.uniform(0, 0.5) * dark[..., None])


# Light from a screen


def _displayed(picture: np.ndarray, surface: Surface, rng: Random, strength: float = 1.0) -> np.ndarray:
    """Return the colours of a screen: gamut, black, the grid that beats with the camera's, bands, reflections."""
    image = np.clip(surface.sample(picture), 0, 1)
    if rng.random() < 0.5:
        image = jpeg(image, int(rng.integers(40, 95)))
    image = np.clip(0.5 + (image - 0.5) * rng.uniform(0.95, 1.3), 0, 1) ** rng.uniform(0.85, 1.3)
    white = rng.uniform(0.8, 1.2) * np.array([rng.uniform(0.86, 1.0), rng.uniform(0.95, 1.02), rng.uniform(1.0, 1.16)])
    black = rng.uniform(0.01, 0.12)
    shown = black + (white - black) * image
    shown = shown * (1 + _moire(surface, rng, strength))
    if rng.random() < 0.35:  # bands of the backlight, against a rolling shutter
        bands = np.sin(surface.y * rng.uniform(3, 14) + rng.uniform(0, 6))
        shown = shown * (1 + rng.uniform(0.02, 0.09) * bands[..., None])
    return _reflections(shown, surface, rng)


def _moire(surface: Surface, rng: Random, strength: float) -> np.ndarray:
    """Return the relative brightness of the screen's red, green and blue stripes where the camera samples them.

    The grid is finer than the camera's pixels or about as fine, so sampling it gives the slow coloured waves of moire.
    The lens bends the grid a little, which curves the waves.
    """
    pitch = surface.pixel * rng.choice([rng.uniform(0.45, 0.56), rng.uniform(0.85, 1.18), rng.uniform(1.2, 2.4)])
    lens = 1 + rng.uniform(-0.03, 0.03) * (surface.x**2 + surface.y**2)
    turn = rng.normal(0, 0.06)
    across = (surface.u * np.cos(turn) + surface.v * np.sin(turn)) * lens / pitch
    down = (surface.v * np.cos(turn) - surface.u * np.sin(turn)) * lens / pitch
    colour, rows = strength * rng.uniform(0.06, 0.28), strength * rng.uniform(0.02, 0.18)
    apart = rng.uniform(0.15, 1 / 3)  # of the stripes; less where the lens smears them
    waves = np.empty((*across.shape, 3), np.float32)
    for channel in range(3):
        waves[..., channel] = colour * np.cos(2 * np.pi * (across + apart * channel))
    return waves + rows * np.cos(2 * np.pi * down)[..., None]


def _reflections(shown: np.ndarray, surface: Surface, rng: Random) -> np.ndarray:
    """Add what glass reflects: a lamp, a window, the grey of a room."""
    shown = shown + rng.uniform(0, 0.06)
    if rng.random() < 0.45:
        shown = shown + rng.uniform(0.08, 0.5) * _sheen(surface, rng)[..., None]
    if rng.random() < 0.2:  # a window with its bars
        left, top = rng.uniform(-0.9, 0.5, 2)
        slant = rng.uniform(-0.4, 0.4)
        x, y = surface.x - left - slant * surface.y, surface.y - top
        wide, tall = rng.uniform(0.25, 0.6, 2)
        outside = np.maximum(np.abs(x - wide / 2) - wide / 2, np.abs(y - tall / 2) - tall / 2)
        pane = soft(outside, rng.uniform(0.02, 0.1))
        bar = soft(np.abs(x - wide / 2) - 0.015, 0.03)
        shown = shown + rng.uniform(0.08, 0.35) * (pane * (1 - bar))[..., None]
    return shown


def _screen(picture: np.ndarray, other: np.ndarray, size: int, rng: Random) -> np.ndarray:
    surface = place(size, rng, scale=(0.95, 1.25), tilt=0.4)
    shown = _displayed(picture, surface, rng)
    if rng.random() < 0.45:  # the screen fills the view
        return shown
    scene = _background(picture, other, size, rng)
    left, right, top, bottom = rng.uniform(0.68, 1.5, 4)
    middle, half_height = (bottom - top) / 2, (bottom + top) / 2
    frame, grey = rng.uniform(0.03, 0.12), rng.uniform(0.02, 0.25) if rng.random() < 0.75 else rng.uniform(0.5, 0.85)
    moved = Surface(surface.u - (right - left) / 2, *(getattr(surface, n) for n in ("v", "x", "y", "shade", "pixel")))
    casing = grey * (1 + 0.15 * surface.y)[..., None] * np.ones(3)
    scene = over(scene, casing, moved.inside((left + right) / 2 + frame, half_height + frame, 0.04, middle))
    return over(scene, shown, moved.inside((left + right) / 2, half_height, 0, middle))


def _phone(picture: np.ndarray, other: np.ndarray, size: int, rng: Random) -> np.ndarray:
    surface = place(size, rng, scale=(0.9, 1.1), tilt=0.35)
    shown = _displayed(picture, surface, rng, strength=0.7)
    scene = _background(picture, other, size, rng)
    half, tall = rng.uniform(0.52, 0.8), rng.uniform(0.85, 1.5)
    middle, corner = rng.uniform(-0.25, 0.25), rng.uniform(0.04, 0.14)
    rim = rng.uniform(0.02, 0.06)
    casing = rng.uniform(0.02, 0.2) if rng.random() < 0.7 else rng.uniform(0.4, 0.95)
    body = surface.inside(half + rim, tall + rim, corner + rim, middle)
    scene = _shadow(scene, body, rng)
    scene = over(scene, casing * (1 + 0.2 * surface.x)[..., None] * np.ones(3), body)
    bar = rng.uniform(0.0, 0.15) if rng.random() < 0.5 else 0.0  # black parts of the display over and under the picture
    glass = surface.inside(half, tall, corner, middle)
    scene = over(scene, np.full(3, 0.02), glass)
    lit = surface.inside(half, max(tall - bar, 0.7), corner * (bar == 0), middle)
    scene = over(scene, shown, lit * glass)
    return _fingers(scene, surface, half + rim, tall + rim, middle, rng)


# The hand that holds it


def _fingers(
    scene: np.ndarray,
    surface: Surface,
    half_width: float,
    half_height: float,
    middle: float,
    rng: Random,
    small: bool = False,
) -> np.ndarray:
    """Draw the hand that holds a thing: fingertips over one edge, the thumb over the other, the ball of the hand."""
    skin = SKIN[int(rng.integers(len(SKIN)))] * rng.uniform(0.75, 1.1)
    if small:  # a thumb on a sheet, from below or from a side
        for side in rng.choice([-1, 1], size=int(rng.integers(1, 3)), replace=False):
            low = rng.uniform(0.2, 0.8) * half_height + middle
            tip = (side * (half_width - rng.uniform(0.02, 0.18)), low - rng.uniform(0, 0.25))
            scene = _finger(scene, surface, (side * (half_width + 0.5), low + 0.3), tip, rng.uniform(0.1, 0.15), skin)
        return scene
    side = int(rng.choice([-1, 1]))
    thick = rng.uniform(0.09, 0.14)
    top = middle + rng.uniform(-0.35, 0.3)
    for number in range(int(rng.integers(2, 5))):
        level = top + number * thick * 2.05
        inner = side * (half_width - rng.uniform(0.0, 0.1))
        start = (side * (half_width + 0.6), level + rng.uniform(-0.05, 0.15))
        scene = _finger(scene, surface, start, (inner, level), thick * rng.uniform(0.9, 1.0), skin, nail=False)
    level = middle + rng.uniform(-0.2, 0.5)
    start = (-side * (half_width + 0.55), level + rng.uniform(0.3, 0.7))
    end = (-side * (half_width - rng.uniform(-0.02, 0.2)), level)
    return _finger(scene, surface, start, end, thick * rng.uniform(1.1, 1.4), skin)


def _finger(
    scene: np.ndarray,
    surface: Surface,
    start: tuple[float, float],
    end: tuple[float, float],
    thick: float,
    skin: np.ndarray,
    nail: bool = True,
) -> np.ndarray:
    """Draw one finger as a lit capsule, with its shadow."""
    ax, ay = surface.u - start[0], surface.v - start[1]
    bx, by = end[0] - start[0], end[1] - start[1]
    length = np.hypot(bx, by)
    along = np.clip((ax * bx + ay * by) / length**2, 0, 1)
    cross = (ax * by - ay * bx) / length
    away = np.hypot(ax - along * bx, ay - along * by)
    scene = scene * (1 - 0.45 * soft(away - thick * 1.1, thick * 0.7)[..., None])
    round_ = np.sqrt(np.clip(1 - (away / thick) ** 2, 0, 1))
    light = 0.45 + 0.6 * round_ + 0.12 * np.clip(cross / thick, -1, 1)
    warm = skin * np.array([1.0, 0.95, 0.92]) + (1 - round_)[..., None] * np.array([0.05, -0.01, -0.02])
    scene = over(scene, warm * light[..., None], soft(away - thick, surface.pixel * 1.5))
    if nail:
        past = (ax * bx + ay * by) / length - length
        oval = np.hypot((past - 0.15 * thick) / (0.5 * thick), cross / (0.55 * thick)) - 1
        scene = over(scene, np.clip(skin * 1.12 + 0.06, 0, 1), 0.6 * soft(oval * thick, surface.pixel * 2))
    return scene


# A face cut out of a print


def _cutout(picture: np.ndarray, other: np.ndarray, size: int, rng: Random) -> np.ndarray:
    surface = place(size, rng, scale=(0.95, 1.2), bend=0.9)
    shown = _printed(picture, surface, rng)
    behind = np.clip(Surface(*grid(size), *grid(size), np.ones((size, size), np.float32), 2 / size).sample(other), 0, 1)
    own_head = rng.random() < 0.5  # behind the mask is the attacker's
    scene = behind * rng.uniform(0.6, 1.05) if own_head else _background(picture, other, size, rng)
    angle = np.arctan2(surface.v + 0.05, surface.u)
    wide, tall = rng.uniform(0.4, 0.54), rng.uniform(0.56, 0.76)
    rough = sum(rng.normal(0, 0.05 / k) * np.cos(k * angle + rng.uniform(0, 6)) for k in range(2, 9))
    corners = rng.uniform(0, 0.02) * np.abs(np.sin(angle * rng.integers(5, 11)))  # straight cuts of the scissors
    away = np.hypot(surface.u / wide, (surface.v + 0.05) / tall) - 1 + rough + corners
    if rng.random() < 0.35:  # neck and shoulders are on it too
        trunk = np.maximum(np.abs(surface.u) - np.where(surface.v > 0.75, 0.75, 0.26), 0.2 - surface.v)
        away = np.minimum(away, trunk / wide)
    rim = rng.uniform(0.0, 0.07) if rng.random() < 0.6 else 0.0
    edge = surface.pixel * 1.2 / wide
    sheet = soft(away - rim, edge)
    scene = _shadow(scene, sheet, rng)
    scene = over(scene, rng.uniform(0.75, 1.0) * surface.shade[..., None] * np.ones(3), sheet)
    scene = over(scene, shown, soft(away, edge))
    if rng.random() < 0.4:
        scene = _eye_holes(scene, behind, surface, rng)
    return scene


def _eye_holes(scene: np.ndarray, behind: np.ndarray, surface: Surface, rng: Random) -> np.ndarray:
    """Cut holes where the eyes are; behind them the attacker's eyes lie in the shade."""
    wide, tall = rng.uniform(0.08, 0.13), rng.uniform(0.04, 0.08)
    shaded = behind * rng.uniform(0.35, 0.8)
    for side in (-1, 1):
        oval = np.hypot((surface.u - side * 0.215) / wide, (surface.v + 0.225) / tall) - 1
        scene = over(scene, np.full(3, rng.uniform(0.5, 0.95)), soft(oval - 0.15, surface.pixel / tall))
        scene = over(scene, shaded, soft(oval, surface.pixel * 1.5 / tall))
    return scene


ATTACKS: dict[str, Scene] = {"print": _print, "screen": _screen, "phone": _phone, "cutout": _cutout}
