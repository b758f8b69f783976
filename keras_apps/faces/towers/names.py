"""The names of the bundled face towers, and which one is taken where none is named."""

from keras_apps.faces.alignment import SFACE

JOINED = "sface128+resnet128"
"""Both photograph towers as one: the most accurate, and the slowest."""
PHOTOGRAPH_TOWERS = ("sface128", "resnet128", JOINED)
"""The bundled towers that were trained on photographs."""
BUNDLED_TOWERS = (*PHOTOGRAPH_TOWERS, "synthetic64")
DEFAULT_TOWER = "sface128"
"""The tower that is loaded where none is named."""
DEFAULT_LAYOUT = SFACE
"""How the chips of the default tower are aligned."""
