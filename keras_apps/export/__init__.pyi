"""The public names of `keras_apps.export`, for editors and type checkers; `lazy_loader` reads the same lines."""

from .crops import Crops as Crops
from .formats import FORMATS as FORMATS
from .graphs import with_preprocessing as with_preprocessing
from .report import FormatReport as FormatReport
from .report import ParityError as ParityError
from .report import ParityReport as ParityReport
from .run import export as export

__all__ = [
    "Crops",
    "FORMATS",
    "FormatReport",
    "ParityError",
    "ParityReport",
    "export",
    "with_preprocessing",
]
