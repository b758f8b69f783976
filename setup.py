"""`setup.cfg` says all but two things: where `weights/` is installed, and where README's relative links lead."""

import re
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

BASE = ""
"""Address of the repository's files, ending in `/`, once there is one; see docs/releasing.md."""


class BuildWithWeights(build_py):
    """Copies `weights/`, which `find:` does not find, to `keras_apps/_weights` along with the packages."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.packages = [*self.packages, "keras_apps._weights"]


def long_description() -> str:
    """Return README.md; with a `BASE`, its relative links and pictures are absolute, as a package index needs them."""
    text = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")
    return re.sub(r"\]\((?!https?://|#)", f"]({BASE}", text) if BASE else text


setup(cmdclass={"build_py": BuildWithWeights}, long_description=long_description())
