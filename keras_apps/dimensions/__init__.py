"""One convolution arithmetic -> towers of any rank -> conversion of a 2-D network to 1-D or 3-D."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
