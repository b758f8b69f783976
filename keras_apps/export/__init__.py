"""Model -> files for other runtimes -> loaded back by each -> compared on real crops -> report and model cards."""

from keras_apps._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "export": "run",
        "FORMATS": "formats",
        "ParityReport": "report",
        "FormatReport": "report",
        "ParityError": "report",
        "with_preprocessing": "graphs",
        "Crops": "crops",
    },
)
