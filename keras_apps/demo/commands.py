"""`keras-apps demo`."""

from __future__ import annotations


def demo() -> None:
    """Run both applications on bundled pictures and write report.html."""
    raise NotImplementedError
