"""The public names of `keras_apps.dimensions`, for editors and type checkers; `lazy_loader` reads the same lines."""

from .arithmetic import multiplications as multiplications
from .arithmetic import output_shape as output_shape
from .arithmetic import parameters as parameters
from .conversion.convert import convert as convert
from .conversion.converter import RepeatBorder as RepeatBorder
from .conversion.kernels import center_kernel as center_kernel
from .conversion.kernels import inflate_kernel as inflate_kernel
from .conversion.kernels import sum_kernel as sum_kernel
from .data.files import Ecg as Ecg
from .data.files import Video as Video
from .data.files import Volume as Volume
from .data.files import read_ecg as read_ecg
from .data.files import read_video as read_video
from .data.files import read_volume as read_volume
from .data.films import DIRECTIONS as DIRECTIONS
from .data.films import moving_shapes as moving_shapes
from .data.heartbeats import synthetic_heartbeats as synthetic_heartbeats
from .data.scans import synthetic_scans as synthetic_scans
from .drawing import convolve as convolve
from .drawing import plot_sliding as plot_sliding
from .drawing import sliding_frames as sliding_frames
from .tower import build_tower as build_tower

__all__ = [
    "DIRECTIONS",
    "Ecg",
    "RepeatBorder",
    "Video",
    "Volume",
    "build_tower",
    "center_kernel",
    "convert",
    "convolve",
    "inflate_kernel",
    "moving_shapes",
    "multiplications",
    "output_shape",
    "parameters",
    "plot_sliding",
    "read_ecg",
    "read_video",
    "read_volume",
    "sliding_frames",
    "sum_kernel",
    "synthetic_heartbeats",
    "synthetic_scans",
]
