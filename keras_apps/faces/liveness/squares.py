"""Picture and face -> the square around the face that the liveness network looks at."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PIL import Image

from keras_apps._checks import check_whole
from keras_apps.faces.detection import FaceCrop, some_faces
from keras_apps.images import Picture, load_image, to_uint8

SIDE = 4.4
"""The square's side, in face lengths: the greater of the eyes' distance and the distance from eyes to mouth. The head
takes about half of it, so that the edges of a print or the hand that holds a phone are in sight."""
SIZE = 144
POINTS = ("left_eye", "right_eye", "mouth_left", "mouth_right")


def around_face(
    picture: Picture, face: FaceCrop | Mapping[str, tuple[float, float]] | None = None, size: int = SIZE
) -> np.ndarray:
    """Cut out the square around a face, upright, with the head in its middle half.

    A face that lies on its side or upside down is turned by a multiple of 90 degrees.

    Args:
        picture: As `images.load_image` takes.
        face: The face, as `find_faces` gives it, or its landmarks in pixels of the picture; by default the largest
            face of the picture is looked for.
        size: Height and width of the result in pixels, at least 16.

    Returns:
        uint8 `(size, size, 3)`, RGB. Where the square leaves the picture, the picture's edge is repeated.

    Raises:
        NoFaceError: If no face is given and the picture shows none.
        ValueError: If a landmark is missing, or all are one point.

    Example:
        >>> around_face("bundled:hopper").shape
        (144, 144, 3)
    """
    size = check_whole("size", size, 16)
    if hasattr(picture, "read"):
        picture = load_image(picture)  # looked at twice, which an open file cannot be
    face = some_faces(picture)[0] if face is None else face
    landmarks = face.landmarks if isinstance(face, FaceCrop) else face
    missing = sorted(set(POINTS) - set(landmarks))
    if missing:
        raise ValueError(f"expected the landmarks {', '.join(POINTS)}; missing: {', '.join(missing)}")
    left, right, mouth_left, mouth_right = (np.asarray(landmarks[name], np.float64) for name in POINTS)
    eyes, mouth = (left + right) / 2, (mouth_left + mouth_right) / 2
    length = max(np.hypot(*(right - left)), np.hypot(*(mouth - eyes)))
    if not length > 0:
        raise ValueError(f"expected landmarks of a face, received all at {tuple(left.tolist())}")
    side = max(1, round(SIDE * length))
    first = np.rint((eyes + mouth) / 2 - side / 2).astype(int)
    image = to_uint8(load_image(picture))
    rows, columns = (np.clip(np.arange(side) + first[axis], 0, image.shape[1 - axis] - 1) for axis in (1, 0))
    down = mouth - eyes
    turns = round(np.degrees(np.arctan2(down[0], down[1])) / 90)  # quarter turns from upright
    square = Image.fromarray(np.ascontiguousarray(np.rot90(image[rows][:, columns], -turns)))
    return np.asarray(square.resize((size, size), Image.Resampling.LANCZOS, reducing_gap=3.0))
