"""`setup.cfg` says all but one thing: the folder `weights/` is installed as `keras_apps/_weights`."""

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithWeights(build_py):
    """Copies `weights/`, which `find:` does not find, along with the packages."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.packages = [*self.packages, "keras_apps._weights"]


setup(cmdclass={"build_py": BuildWithWeights})
