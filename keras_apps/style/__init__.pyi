"""The public names of `keras_apps.style`, for editors and type checkers; `lazy_loader` reads the same lines."""

from .colors import match_colors as match_colors
from .colors import match_luminance as match_luminance
from .colors import with_colors_of as with_colors_of
from .costs import content_cost as content_cost
from .costs import gram_matrix as gram_matrix
from .costs import layer_style_cost as layer_style_cost
from .costs import style_cost as style_cost
from .costs import total_cost as total_cost
from .costs import variation_cost as variation_cost
from .film.film import PaintedFrame as PaintedFrame
from .film.film import stylize_frames as stylize_frames
from .film.motion import flicker as flicker
from .film.painter import FilmProgress as FilmProgress
from .lbfgs import LBFGS as LBFGS
from .objective import Objective as Objective
from .output.gif import GifRecorder as GifRecorder
from .output.gif import save_gif as save_gif
from .output.plots import plot_history as plot_history
from .output.preview import NotebookPreview as NotebookPreview
from .output.sweep import Sweep as Sweep
from .output.sweep import sweep as sweep
from .paintings.registry import KINDS as KINDS
from .paintings.registry import paint as paint
from .recipes.files import load_recipe as load_recipe
from .recipes.files import save_recipe as save_recipe
from .recipes.presets import PRESETS as PRESETS
from .recipes.presets import preset as preset
from .recipes.recipe import Recipe as Recipe
from .run import Progress as Progress
from .run import StyleResult as StyleResult
from .run import transfer as transfer
from .step import StyleStep as StyleStep
from .tiling.objective import TiledObjective as TiledObjective
from .tiling.resources import Estimate as Estimate
from .tiling.resources import estimate as estimate

__all__ = [
    "Estimate",
    "FilmProgress",
    "GifRecorder",
    "KINDS",
    "LBFGS",
    "NotebookPreview",
    "Objective",
    "PRESETS",
    "PaintedFrame",
    "Progress",
    "Recipe",
    "StyleResult",
    "StyleStep",
    "Sweep",
    "TiledObjective",
    "content_cost",
    "estimate",
    "flicker",
    "gram_matrix",
    "layer_style_cost",
    "load_recipe",
    "match_colors",
    "match_luminance",
    "paint",
    "plot_history",
    "preset",
    "save_gif",
    "save_recipe",
    "style_cost",
    "stylize_frames",
    "sweep",
    "total_cost",
    "transfer",
    "variation_cost",
    "with_colors_of",
]
