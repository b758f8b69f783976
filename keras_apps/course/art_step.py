"""The visible checks of `total_cost`, and of `train_step` with an optimiser that can be followed by hand.

The picture x has two numbers. Content: J_c = sum (x - c)^2, style: J_s = sum (x - s)^2, J = 10 J_c + 40 J_s, and plain
gradient descent x - r (20 (x - c) + 80 (x - s)). With x = (0.5, 0.25), c = (0.25, 0.75), s = (0.75, 0.5):
J = 10 * 0.3125 + 40 * 0.125 = 8.125, and the gradient is (5 - 20, -10 - 20) = (-15, -30).
"""

from keras_apps.course.cases import Case, Exercise

total_cost = Exercise(
    "total_cost",
    {"formula": 6, "arguments": 4},
    (
        Case(
            "formula",
            "total_cost(2.0, 0.5)",
            40.0,
            mistakes={
                "swapped": 85.0,
                "no_weights": 2.5,
                "defaults": 2.5,
                "product": 400.0,
                "one_weight": 20.5,
                "together": 125.0,
                "normalised": 0.8,
                "less": 0.0,
                "other_defaults": 85.0,
            },
        ),
        # the weights said aloud: right where only the defaults are exchanged
        Case(
            "formula",
            "total_cost(2.0, 0.5, alpha=10, beta=40)",
            40.0,
            mistakes={"swapped": 85.0, "no_weights": 2.5, "product": 400.0, "one_weight": 20.5, "together": 125.0}
            | {"normalised": 0.8, "less": 0.0},
        ),
        Case(
            "arguments",
            "total_cost(1.0, 1.0, alpha=3, beta=7) - total_cost(1.0, 1.0, alpha=1, beta=1)",
            8.0,
            mistakes={"fixed": 0.0, "no_weights": 0.0, "product": 20.0, "one_weight": 2.0, "together": 16.0}
            | {"normalised": 0.0, "less": -4.0},
        ),
    ),
    {
        "swapped": "alpha multiplies the content cost, beta the style cost; yours are swapped",
        "no_weights": "alpha and beta are missing: J = alpha J_content + beta J_style",
        "defaults": "the defaults are alpha=10 and beta=40; yours are others",
        "other_defaults": "the defaults are alpha=10 and beta=40; yours are exchanged",
        "product": "the two costs are added, not multiplied",
        "one_weight": "beta is missing: J = alpha J_content + beta J_style",
        "together": "each cost has its own weight: J = alpha J_content + beta J_style",
        "normalised": "the sum is not divided by the weights' sum",
        "less": "the style cost is added, not subtracted",
        "fixed": "alpha and beta are fixed numbers in your function; use the arguments",
    },
    "one number",
)

STEP = """
import tensorflow as tf
as_picture = lambda *x: tf.reshape(tf.constant(x), (1, 1, len(x), 1))
vgg_model_outputs = lambda picture: [1.0 * picture, 2.0 * picture]
a_C, a_S = vgg_model_outputs(as_picture(0.25, 0.75)), vgg_model_outputs(as_picture(0.75, 0.5))
STYLE_LAYERS = [("block1_conv1", 1.0)]
compute_content_cost = lambda content_output, generated_output: tf.reduce_sum(
    tf.square((content_output[-1] - generated_output[-1]) / 2.0))
compute_style_cost = lambda style_image_output, generated_image_output, STYLE_LAYERS=STYLE_LAYERS: tf.reduce_sum(
    tf.square(style_image_output[0] - generated_image_output[0]))
total_cost = lambda J_content, J_style, alpha=10, beta=40: alpha * J_content + beta * J_style
clip_0_1 = lambda picture: tf.clip_by_value(picture, 0.0, 1.0)
def after_step(picture):
    train_step(picture)
    return picture
# one for all calls, so that a foreign optimizer changes it too and is known by its steps, not by an error of Keras's
picture = vars(tf).setdefault("picture_of_the_checks", tf.Variable(as_picture(0.5, 0.25)))
picture.assign(as_picture(0.5, 0.25))
"""


def step(rate: float) -> str:
    """Return the lines before a call, with gradient descent at this rate."""
    return STEP + f"optimizer = tf.keras.optimizers.SGD(learning_rate={rate})\n"


def row(*numbers: float) -> list:
    """Return the picture with these numbers, `(1, 1, n, 1)`."""
    return [[[[number] for number in numbers]]]


train_step = Exercise(
    "train_step",
    {"cost": 6, "gradient": 10, "clip": 9},
    (
        # after the step x = (0.65, 0.55), where J is 10 * 0.2 + 40 * 0.0125 = 2.5
        Case(
            "cost",
            "train_step(picture)",
            8.125,
            step(0.01),
            {
                "late": 2.5,
                "swapped": 13.75,
                "only_content": 0.3125,
                "only_style": 0.125,
                "no_weights": 0.4375,
                "style_twice": 6.25,
                "content_twice": 15.625,
                "picture": row(0.65, 0.55),
            },
        ),
        # x + 0.01 * (15, 30)
        Case(
            "gradient",
            "after_step(picture)",
            row(0.65, 0.55),
            step(0.01),
            {
                "unchanged": row(0.5, 0.25),
                "content_gradient": row(0.495, 0.26),
                "style_gradient": row(0.505, 0.255),
                "only_content": row(0.45, 0.35),
                "only_style": row(0.7, 0.45),
                "ascent": row(0.35, 0.0),
                "ascent_unclipped": row(0.35, -0.05),
                "swapped": row(0.35, 0.7),
                "no_weights": row(0.5, 0.265),
                "style_twice": row(0.75, 0.5),
                "content_twice": row(0.25, 0.75),
                "own_optimizer": row(0.51, 0.26),
                "adam_1": row(0.52, 0.27),
                "adam_2": row(0.501, 0.251),
                "bound": row(0.52, 0.27),
            },
        ),
        # towards c = s = (1, 1) the gradient is (-50, -75)
        Case(
            "clip",
            "after_step(picture)",
            row(1.0, 1.0),
            step(0.5) + "a_C = a_S = vgg_model_outputs(as_picture(1.0, 1.0))\n",
            {"no_clip": row(25.5, 37.75), "unchanged": row(0.5, 0.25), "ascent": row(0.0, 0.0)}
            | {"ascent_unclipped": row(-24.5, -37.25), "own_optimizer": row(0.51, 0.26)}
            | {"adam_1": row(0.52, 0.27), "adam_2": row(0.501, 0.251), "bound": row(0.5177973, 0.2687299)},
        ),
    ),
    {
        "unchanged": "the picture is not changed: optimizer.apply_gradients([(grad, generated_image)]) does it",
        "late": "you returned J of the changed picture; J is computed before the step, inside the tape",
        "swapped": "content and style are exchanged: alpha weighs the content cost (a_C), beta the style cost (a_S)",
        "style_twice": "the content cost is that of a_C; yours has a_S in both costs",
        "content_twice": "the style cost is that of a_S; yours has a_C in both costs",
        "only_content": "the style cost is missing from J",
        "only_style": "the content cost is missing from J",
        "no_weights": "J is total_cost(J_content, J_style), not their plain sum",
        "content_gradient": "the gradient is of J_content alone; take it of J, the total cost",
        "style_gradient": "the gradient is of J_style alone; take it of J, the total cost",
        "ascent": "the picture goes uphill: the gradient has the wrong sign",
        "ascent_unclipped": "the picture goes uphill: the gradient has the wrong sign",
        "bound": "use the notebook's `optimizer` by this name inside the function, not as an argument's default",
        "own_optimizer": "use the notebook's optimizer; one made inside train_step forgets every step before",
        "adam_1": "use the notebook's optimizer; one made inside train_step forgets every step before",
        "adam_2": "use the notebook's optimizer; one made inside train_step forgets every step before",
        "no_clip": "the picture leaves 0..1: generated_image.assign(clip_0_1(generated_image)) after the step",
        "picture": "train_step returns the cost J, not the picture",
    },
    "the cost J, one number",
    stand_ins=(
        "vgg_model_outputs",
        "a_C",
        "a_S",
        "STYLE_LAYERS",
        "compute_content_cost",
        "compute_style_cost",
        "total_cost",
        "clip_0_1",
        "optimizer",
    ),
)
