"""What the figures say: their lines hold the measured numbers, and drawing them touches nothing else."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from scipy.special import ndtri

from keras_apps.faces.judging.calibration import Threshold, reliability
from keras_apps.faces.judging.identification import evaluate_open_set
from keras_apps.faces.judging.plots import (
    plot_cmc,
    plot_det,
    plot_distances,
    plot_reliability,
    plot_roc,
    plot_training,
    plot_worst_pairs,
    save_figure,
    worst_pairs,
)
from keras_apps.faces.judging.rates import roc

DISTANCES, SAME = np.array([0.2, 0.3, 0.6, 0.5, 0.7, 0.9, 1.1]), np.array([1, 1, 1, 0, 0, 0, 0])
CURVE = roc(DISTANCES, SAME)


def labels(figure, axes=0):
    return [text.get_text() for text in figure.axes[axes].get_legend().get_texts()]


def normal(rng, apart, n=4000):
    return np.concatenate([rng.normal(10 - apart, 1, n), rng.normal(10, 1, n)]), np.arange(2 * n) < n


def test_roc_draws_the_rates():
    line = plot_roc(CURVE, log=False).axes[0].lines[0]
    np.testing.assert_allclose(line.get_xydata(), np.stack([CURVE.far, CURVE.tar], 1))
    figure = plot_roc({"a": CURVE, "b": roc(DISTANCES**2, SAME)})
    ax = figure.axes[0]
    assert labels(figure)[:2] == ["a, EER 25.00 %", "b, EER 25.00 %"]  # FAR is 1/4 from 0.5 to 0.7, FRR crosses at 0.6
    assert ax.get_xscale() == "log" and ax.lines[0].get_xdata()[-1] == 1
    assert ax.get_xlim()[0] == pytest.approx(0.25 / 1.5)  # nothing is smaller than one impostor of four
    assert ax.lines[0].get_color() != ax.lines[1].get_color()


def test_det_is_straight_for_two_gaussians(rng):
    """Probit of FRR = -probit of FAR - d': slope -1, through (-d'/2, -d'/2)."""
    figure = plot_det(roc(*normal(rng, 2.0, 40_000)))
    x, y = figure.axes[0].lines[0].get_data()
    inside = (np.abs(x) < 2.3) & (np.abs(y) < 2.3)
    slope, intercept = np.polyfit(x[inside], y[inside], 1)
    assert slope == pytest.approx(-1, abs=0.06) and intercept == pytest.approx(-2, abs=0.1)
    dot = figure.axes[0].lines[1].get_xydata()
    assert dot == pytest.approx(np.full((1, 2), ndtri(0.1587)), abs=0.03)
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()][-1] == "40"


def test_many_points_are_thinned_without_moving_the_line(rng):
    curve = roc(*normal(rng, 2.0, 100_000))
    x, y = plot_roc(curve, log=False).axes[0].lines[0].get_data()
    assert x.size < 10_000 < curve.far.size
    last = np.diff(curve.far, append=2) > 0  # of the points that stand over each other
    np.testing.assert_allclose(np.interp(curve.far[last], x, y), curve.tar[last], atol=2e-3)


@pytest.mark.parametrize("plot", [plot_roc, plot_det])
def test_curves_without_errors_are_drawn_too(plot, tmp_path):
    figure = plot(roc([0.1, 0.2, 0.8, 0.9], [1, 1, 0, 0]))
    save_figure(figure, tmp_path / "x.png")
    assert "EER 0.00 %" in labels(figure)


def test_histograms_add_up_and_show_tau():
    figure = plot_distances(DISTANCES, SAME, tau=0.55, distance="euclidean", bins=11)
    ax = figure.axes[0]
    genuine, impostor = (patch.get_data().values for patch in ax.patches[1::2])
    assert genuine.sum() == pytest.approx(100) and impostor.sum() == pytest.approx(100)
    assert labels(figure) == ["genuine: 3 pairs", "impostor: 4 pairs", "tau = 0.55: FAR 25 %, FRR 33 %"]
    assert ax.get_xlabel() == "Euclidean distance" and "%" in ax.get_ylabel()
    assert ax.lines[0].get_xdata()[0] == 0.55
    assert "tau" not in " ".join(labels(plot_distances([0.0, 0.0], [1, 0])))


def test_reliability_shows_its_points():
    found = reliability(Threshold(0.5, "euclidean", "", slope=10.0, midpoint=0.5, far=0.01), DISTANCES, SAME)
    figure = plot_reliability(found)
    points = figure.axes[0].lines[1].get_xydata()
    np.testing.assert_allclose(points, np.stack([found.predicted, found.observed], 1))
    assert any(f"mean error {100 * found.error:.2f} %" in text for text in labels(figure))
    heights = sorted(bar.get_height() for bar in figure.axes[1].patches)
    assert heights == sorted([*found.genuine, *found.impostor])


def test_cmc_starts_at_rank_one(rng):
    codes = np.arange(40)
    report = evaluate_open_set(rng.normal(size=(40, 4)), codes, rng.normal(size=(40, 4)), codes)
    figure = plot_cmc({"tower": report})
    line = figure.axes[0].lines[0]
    assert line.get_xdata().tolist() == list(range(1, 21))
    np.testing.assert_allclose(line.get_ydata(), 100 * np.array(report.cmc))
    assert figure.axes[0].get_xticks()[0] == 1 and "of 40 people" in labels(figure)[0]


def test_worst_pairs_by_hand():
    """Nearest impostors 0.5 and 0.7, farthest genuine 0.6 and 0.3; at tau 0.55 one of each is decided wrongly."""
    impostor, genuine = worst_pairs(DISTANCES, SAME, count=2)
    assert impostor.tolist() == [3, 4] and genuine.tolist() == [2, 1]
    first = [np.full((8, 8, 3), 10 * k, np.uint8) for k in range(7)]
    second = [np.full((8, 8, 3), 10 * k + 5, np.uint8) for k in range(7)]
    names = [(f"P_{k}", f"Q_{k}") for k in range(7)]
    figure = plot_worst_pairs(first, second, DISTANCES, SAME, 0.55, names=names, count=2)
    shown = [int(ax.images[0].get_array()[0, 0, 0]) for ax in figure.axes]
    assert shown == [30, 35, 40, 45, 20, 25, 10, 15]
    titles = [ax.get_title(loc="left") for ax in figure.axes[::2]]
    assert titles == [
        "0.500, wrongly accepted",
        "0.700, rightly rejected",
        "0.600, wrongly rejected",
        "0.300, rightly accepted",
    ]
    assert figure.axes[0].get_xlabel() == "P 3" and figure.axes[1].get_xlabel() == "Q 3"


def test_names_are_no_formulas(tmp_path):
    """matplotlib takes what stands between dollars as mathematics, and $x^$ as an error."""
    pictures = np.zeros((2, 4, 4, 3), np.uint8)
    figure = plot_worst_pairs(pictures, pictures, [0.1, 0.2], [1, 0], 0.15, names=[("$x^$", "A$AP"), ("b", "c")])
    save_figure(figure, tmp_path / "pairs.png")
    assert figure.subfigs[1].axes[0].get_xlabel() == r"\$x^\$"


def test_only_the_pictures_shown_are_read(tmp_path):
    for k in (2, 3):
        Image.new("RGB", (8, 8), (k, 0, 0)).save(tmp_path / f"{k}.png")
    paths = [tmp_path / f"{k}.png" for k in range(7)]
    assert len(plot_worst_pairs(paths, paths, DISTANCES, SAME, 0.55, count=1).axes) == 4
    with pytest.raises(FileNotFoundError):
        plot_worst_pairs(paths, paths, DISTANCES, SAME, 0.55, count=2)


def test_training_pairs_curves_of_one_quantity():
    history = {"loss": [3.0, 2.0, 1.0], "val_loss": [2.5, 1.5], "active_share": [0.9, 0.5, 0.2], "val_accuracy": [0.8]}
    figure = plot_training(history, x=[2.0, 4.0, 6.0], x_label="minutes")
    loss, active, accuracy = figure.axes
    assert [line.get_ydata().tolist() for line in loss.lines] == [[3, 2, 1], [2.5, 1.5]]
    assert loss.lines[1].get_xdata().tolist() == [4, 6]
    assert labels(figure) == ["training", "validation"]
    assert (active.get_ylabel(), accuracy.get_ylabel()) == ("active share", "validation accuracy")
    assert loss.get_xlabel() == "minutes"


def test_distances_of_triplets_share_a_panel():
    figure = plot_training({"loss": [1, 2], "active": [0.9, 0.5], "d_ap": [1, 0.5], "d_an": [1, 1.4]})
    assert [ax.get_ylabel() for ax in figure.axes] == ["loss", "share of active triplets", "mean squared distance"]
    assert labels(figure, 2) == ["d(A,P) training", "d(A,N) training"]
    assert figure.axes[2].lines[1].get_ydata().tolist() == [1, 1.4]


@pytest.mark.parametrize("kind", ["png", "jpg", "svg", "pdf"])
def test_figures_are_saved(tmp_path, kind):
    path = tmp_path / f"figure.{kind}"
    save_figure(plot_roc(CURVE), path, dpi=80)
    begins = {"png": b"\x89PNG", "jpg": b"\xff\xd8", "svg": b"<?xml", "pdf": b"%PDF"}
    assert path.read_bytes().startswith(begins[kind])
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_drawing_leaves_pyplot_alone(tmp_path):
    code = (
        "import sys\nfrom keras_apps.faces.judging.plots import plot_roc, save_figure\n"
        "from keras_apps.faces.judging.rates import roc\n"
        "assert 'matplotlib' not in sys.modules\n"
        f"save_figure(plot_roc(roc([0.1, 0.9], [1, 0])), r'{tmp_path / 'x.png'}')\n"
        "print('matplotlib.pyplot' in sys.modules, 'tensorflow' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out == "False False\n"


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: plot_roc([1, 2]), TypeError, "expected one Roc.*received list"),
        (lambda: plot_det({"a": 3}), TypeError, "expected one Roc.*received int"),
        (lambda: plot_cmc({}), TypeError, "expected one OpenSetReport.*received an empty dictionary"),
        (lambda: plot_distances([0.1], [1]), ValueError, "genuine and impostor"),
        (lambda: worst_pairs(DISTANCES, SAME, 0), ValueError, "at least 1, received 0"),
        (lambda: plot_worst_pairs([1], [2], DISTANCES, SAME, 0.5), ValueError, r"expected 7 .* received \[1, 1\]"),
        (lambda: plot_training({}), ValueError, "at least one value"),
        (lambda: plot_training({"loss": [1, 2]}, x=[1]), ValueError, "expected 2 values of x"),
        (lambda: save_figure(plot_roc(CURVE), "x.docx"), ValueError, "ending among.*received 'x.docx'"),
        (lambda: save_figure(plot_roc(CURVE), "/nowhere/x.png"), FileNotFoundError, "existing folder"),
    ],
)
def test_wrong_input(call, error, words):
    with pytest.raises(error, match=words):
        call()
