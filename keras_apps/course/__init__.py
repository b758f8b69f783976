"""A student's notebook -> its functions, called in a process of their own -> points and what is wrong."""

from keras_apps._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "assignments": "registry",
        "assignment": "registry",
        "Assignment": "cases",
        "Exercise": "cases",
        "Case": "cases",
        "check": "checking",
        "Report": "checking",
        "Verdict": "judging",
        "grade": "grading",
    },
)
