"""Import a package's public names when they are first used, so that importing the package stays light."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable


def lazy_exports(package: str, exports: dict[str, str]) -> tuple[Callable, Callable, list[str]]:
    """Return a package's `__getattr__`, `__dir__` and `__all__` (PEP 562).

    Args:
        package: The package's `__name__`.
        exports: `{public name: submodule that defines it}`. A name that equals its submodule stands for the
            submodule itself.

    Example:
        >>> __getattr__, __dir__, __all__ = lazy_exports("json", {"JSONDecoder": "decoder"})
        >>> __getattr__("JSONDecoder").__name__, __all__
        ('JSONDecoder', ['JSONDecoder'])
    """

    def __getattr__(name: str) -> object:
        if name not in exports:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = importlib.import_module(f"{package}.{exports[name]}")
        value = module if exports[name] == name else getattr(module, name)
        setattr(sys.modules[package], name, value)
        return value

    def __dir__() -> list[str]:
        return sorted(set(sys.modules[package].__dict__) | set(exports))

    return __getattr__, __dir__, list(exports)
