"""One convolution arithmetic -> towers of any rank -> conversion of a 2-D network to 1-D or 3-D."""

from keras_apps._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        # arithmetic
        "output_shape": "arithmetic",
        "parameters": "arithmetic",
        "multiplications": "arithmetic",
        "convolve": "sliding",
        "plot_sliding": "plots_sliding",
        "sliding_frames": "plots_sliding",
        # towers
        "build_tower": "tower",
        # conversion
        "convert": "conversion",
        "inflate_kernel": "kernels",
        "center_kernel": "kernels",
        "sum_kernel": "kernels",
        "RepeatBorder": "twins",
        # examples
        "synthetic_heartbeats": "heartbeats",
        "synthetic_scans": "scans",
        "moving_shapes": "films",
        "DIRECTIONS": "films",
        # files
        "read_ecg": "read_ecgs",
        "Ecg": "read_ecgs",
        "read_volume": "read_volumes",
        "Volume": "read_volumes",
        "read_video": "read_videos",
        "Video": "read_videos",
    },
)
