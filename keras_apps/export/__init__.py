"""Model -> files for other runtimes -> loaded back by each -> compared on real crops -> report and model cards."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
