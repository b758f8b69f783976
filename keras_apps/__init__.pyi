"""The public names of `keras_apps`, for editors and type checkers; `lazy_loader` reads the same lines."""

from . import backbones as backbones
from . import course as course
from . import dimensions as dimensions
from . import export as export
from . import faces as faces
from . import images as images
from . import style as style
from . import visualize as visualize
from . import weights as weights

__version__: str

def register() -> None: ...

__all__ = [
    "__version__",
    "backbones",
    "course",
    "dimensions",
    "export",
    "faces",
    "images",
    "register",
    "style",
    "visualize",
    "weights",
]
