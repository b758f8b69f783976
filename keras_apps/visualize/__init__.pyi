"""The public names of `keras_apps.visualize`, for editors and type checkers; `lazy_loader` reads the same lines."""

from .kernels import draw_filters as draw_filters
from .kernels import filters as filters
from .labelling import labelled_sheet as labelled_sheet
from .maps import activation_maps as activation_maps
from .maps import draw_maps as draw_maps
from .maximization.ascent import Maximized as Maximized
from .maximization.ascent import maximize as maximize
from .maximization.views import jitter as jitter
from .maximization.views import rotation as rotation
from .maximization.views import scaling as scaling
from .occlusion import Occlusion as Occlusion
from .occlusion import distance_to as distance_to
from .occlusion import draw_occlusion as draw_occlusion
from .occlusion import occlusion_map as occlusion_map
from .patches.drawing import draw_patches as draw_patches
from .patches.driving import driving as driving
from .patches.patches import Patch as Patch
from .patches.patches import TopPatches as TopPatches
from .patches.patches import top_patches as top_patches
from .receptive_fields.fields import ReceptiveField as ReceptiveField
from .receptive_fields.fields import receptive_field as receptive_field
from .receptive_fields.fields import seen_box as seen_box
from .receptive_fields.rules import WHOLE as WHOLE
from .receptive_fields.rules import Window as Window

__all__ = [
    "Maximized",
    "Occlusion",
    "Patch",
    "ReceptiveField",
    "TopPatches",
    "WHOLE",
    "Window",
    "activation_maps",
    "distance_to",
    "draw_filters",
    "draw_maps",
    "draw_occlusion",
    "draw_patches",
    "driving",
    "filters",
    "jitter",
    "labelled_sheet",
    "maximize",
    "occlusion_map",
    "receptive_field",
    "rotation",
    "scaling",
    "seen_box",
    "top_patches",
]
