"""A student's notebook -> its functions, called in a process of their own -> points and what is wrong."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
