"""Person and photo -> for each pixel, the place on the head that it shows.

The head is a stack of ellipses, one a height, whose half widths `w(y)` are its outline. Seen from straight ahead under
a yaw, a point of an ellipse has a closed form, so no ray is marched; pitch moves the features over the surface.
"""

from __future__ import annotations

import math

import numpy as np

from keras_apps.faces.people.synthetic.person import Person
from keras_apps.faces.people.synthetic.photo import Photo
from keras_apps.faces.people.synthetic.shapes import clamp, soft

ROWS, TOP, BOTTOM = 2048, -2.5, 2.5
HEIGHTS = np.linspace(TOP, BOTTOM, ROWS, dtype=np.float32)
STEP = (BOTTOM - TOP) / (ROWS - 1)


def outline(width: float, top: float, dome: float, chin: float, jaw: float, chin_round: float) -> np.ndarray:
    """Return the half width of a head at each of `HEIGHTS`, 0 above and below it.

    Args:
        width: Half the greatest width, at height 0.
        top: Height of the skull over 0.
        dome: 2 gives an ellipse above; more, a flatter top.
        chin: Depth of the chin under 0.
        jaw: 2 gives an ellipse below; more, a squarer jaw.
        chin_round: 2 gives an ellipse; less, a pointed chin.

    Returns:
        Floats, `(2048,)`.
    """
    above = clamp(-HEIGHTS / top, 0, 1) ** dome
    below = clamp(HEIGHTS / chin, 0, 1) ** jaw
    return width * np.sqrt(1 - above) * (1 - below) ** (1 / chin_round)


def slope(table: np.ndarray) -> np.ndarray:
    """Return how fast a table over `HEIGHTS` rises, a unit downwards."""
    rise = np.zeros_like(table)
    rise[1:-1] = (table[2:] - table[:-2]) * (0.5 / STEP)
    return rise


class View:
    """The grids of one picture, float32.

    The whole picture, `(pixels, pixels)`:

    Attributes:
        sx, sy: Place in the picture's plane, in half heads, upright with the head; y goes down.
        pixel: Size of a pixel in half heads, a float.
        box: Rows and columns that hold the head, two slices; and in this box:
        x, y: Place on the head as seen from straight ahead.
        u: x as a share of the head's half width there, -1 to 1.
        normal: Three grids: across, down, towards the camera.
        head: Coverage of the head.
    """

    def __init__(self, person: Person, photo: Photo, pixels: int):
        axis = (np.arange(pixels, dtype=np.float32) + 0.5) / pixels * 2 - 1
        x, y = axis[None, :], axis[:, None]
        self.pixels, self.pixel = pixels, 2 * photo.reach / pixels
        scale = photo.reach * (1 + photo.barrel * (x * x + y * y - 1))
        cos, sin = math.cos(photo.roll), math.sin(photo.roll)
        self.sx = (cos * x + sin * y) * scale - photo.left
        self.sy = (cos * y - sin * x) * scale - photo.up
        self._roll, self._shift, self._reach = (cos, sin), (photo.left, photo.up), photo.reach
        self._row = clamp((self.sy - TOP) * (1 / STEP) + 0.5, 0, ROWS - 1).astype(np.int32)
        chin = person.chin + 0.07 * photo.open + 0.10 * max(0.0, person.beard - 0.6)
        self.width = outline(person.head_width, person.head_top, person.head_dome, chin, person.jaw, person.chin_round)
        self._turn(person, photo, (chin - person.head_top) / 2, (chin + person.head_top) / 2)

    def _turn(self, person: Person, photo: Photo, middle: float, tall: float) -> None:
        cos, sin = math.cos(photo.yaw), math.sin(photo.yaw)
        seen = math.hypot(cos, person.depth * sin)
        across, along = cos / seen, person.depth * sin / seen
        self._middle = person.depth * person.head_width * 0.8
        self.pose = (cos, sin, math.sin(photo.pitch), person.depth)
        self.box = (slice(0, self.pixels), slice(0, self.pixels))
        self.box = self.patch(0, middle, person.head_width * seen, tall, flat=True)
        sx, sy = self.sx[self.box], self.sy[self.box]
        self.head = self.inside(self.box, self.width * seen)
        wide = self.take(np.maximum(self.width, 1e-3), self.box)
        k = clamp(sx / (wide * seen), -1, 1)
        q = np.sqrt(1 - k * k)
        self.u = k * across - q * along
        v = k * along + q * across
        self.x = wide * self.u
        z = person.depth * wide * v
        self.y = sy - self.pose[2] * (z - self._middle)
        v /= person.depth
        down = self.take(clamp(-slope(self.width), -3, 3), self.box)
        self.normal = [self.u * cos + v * sin, down, v * cos - self.u * sin]

    def take(self, table: np.ndarray, at: tuple[slice, slice]) -> np.ndarray:
        """Spread a table over `HEIGHTS` to a part of the pixels, by their sy."""
        return table[self._row[at]]

    def inside(
        self,
        at: tuple[slice, slice],
        half_width: np.ndarray,
        middle: float = 0.0,
        rough: float | np.ndarray = 1.0,
        blur: float = 1.5,
    ) -> np.ndarray:
        """Return the coverage of the shape with these half widths at `HEIGHTS`, over a part of the picture.

        Args:
            at: The part: rows and columns.
            half_width: Floats, `(2048,)`.
            middle: Where its axis stands.
            rough: Factor of the half widths, one or a pixel each.
            blur: Width of its edge in pixels.

        Returns:
            Floats in [0, 1], of the part's shape.
        """
        level = 1 / np.hypot(1, slope(half_width))
        edge = np.where(half_width > 0, half_width, np.float32(-1))
        away = np.abs(self.sx[at] - middle) - rough * self.take(edge, at)
        return soft(away * self.take(level, at), self.pixel * blur)

    def half_width(self, y: float) -> float:
        """Return the head's half width at a height, > 0."""
        return max(float(self.width[int((y - TOP) / STEP + 0.5)]), 1e-3)

    def project(self, x: float, y: float) -> tuple[float, float]:
        """Return where in the picture's plane (sx, sy) a place on the head lies."""
        cos, sin, pitch, depth = self.pose
        wide = self.half_width(y)
        z = depth * wide * math.sqrt(max(0.0, 1 - (x / wide) ** 2))
        return x * cos + z * sin, y + pitch * (z - self._middle)

    def patch(self, x: float, y: float, across: float, down: float, flat: bool = False) -> tuple[slice, slice]:
        """Return the rows and columns, of the box, round a place on the head; or of the picture, round sx and sy.

        Args:
            x: Place on the head.
            y: Place on the head.
            across: Half the width wanted, in half heads.
            down: Half the height wanted.
            flat: Whether x and y are sx and sy.

        Returns:
            Two slices, possibly empty.
        """
        sx, sy = (x, y) if flat else self.project(x, y)
        cos, sin = self._roll
        sx, sy = (sx + self._shift[0]) / self._reach, (sy + self._shift[1]) / self._reach
        column, row = cos * sx - sin * sy, cos * sy + sin * sx
        slack = 0.04
        across, down = across / self._reach + slack, down / self._reach + slack
        across, down = across + abs(sin) * down, down + abs(sin) * across
        rows, columns = (slice(0, self.pixels),) * 2 if flat else self.box
        return self._span(row, down, rows.start, rows.stop), self._span(column, across, columns.start, columns.stop)

    def _span(self, middle: float, half: float, start: int, stop: int) -> slice:
        first = int((middle - half + 1) / 2 * self.pixels)
        last = int((middle + half + 1) / 2 * self.pixels) + 1
        return slice(min(max(first, start), stop) - start, min(max(last, start), stop) - start)
