"""The public names of `keras_apps.course`, for editors and type checkers; `lazy_loader` reads the same lines."""

from .catalogue.cases import Assignment as Assignment
from .catalogue.cases import Case as Case
from .catalogue.cases import Exercise as Exercise
from .catalogue.registry import assignment as assignment
from .catalogue.registry import assignments as assignments
from .checking import Report as Report
from .checking import check as check
from .judging import Verdict as Verdict
from .nbgrader.grading import grade as grade

__all__ = [
    "Assignment",
    "Case",
    "Exercise",
    "Report",
    "Verdict",
    "assignment",
    "assignments",
    "check",
    "grade",
]
