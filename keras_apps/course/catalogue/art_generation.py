"""The visible checks of the assignment "Art generation": here of the costs.

What a cost's factor does is checked apart from what it sums: ratios of two costs do not see the factor.
"""

from keras_apps.course.catalogue.cases import Assignment, Case, Exercise

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
        "defaults": "the defaults are alpha=10 and beta=40; yours are different",
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
        "own_optimizer": "use the notebook's optimizer; one made inside train_step forgets the earlier steps",
        "adam_1": "use the notebook's optimizer; one made inside train_step forgets the earlier steps",
        "adam_2": "use the notebook's optimizer; one made inside train_step forgets the earlier steps",
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

CONTENT = """
import tensorflow as tf
a_C = tf.constant([[[[1., 2., 3.], [4., 5., 6.]]]])  # (1, 1, 2, 3)
a_G = tf.constant([[[[1., 2., 3.], [4., 5., 0.]]]])
other = tf.constant([[[[1., 2., 3.], [4., 7., 6.]]]])
both = tf.constant([[[[1., 2., 3.], [4., 7., 0.]]]])
wide_C, wide_G = tf.zeros((1, 3, 5, 7)), tf.reshape(210.0 * tf.one_hot(4, 105), (1, 3, 5, 7))
first_C, first_G, first_H = tf.zeros((1, 2, 2, 1)), tf.ones((1, 2, 2, 1)), tf.fill((1, 2, 2, 1), 0.5)
"""

compute_content_cost = Exercise(
    "compute_content_cost",
    {"squares": 6, "layer": 4, "factor": 5},
    (
        # differences 6 and 2: their squares are as 9 to 1
        Case(
            "squares",
            "compute_content_cost([a_C], [a_G]) / compute_content_cost([a_C], [other])",
            9.0,
            CONTENT,
            {"absolute": 3.0, "plain": -3.0, "root": 3.0},
        ),
        # both differences, -2 and 6, at once: 4 + 36 over 4; the sum's square is 4^2
        Case(
            "squares",
            "compute_content_cost([a_C], [both]) / compute_content_cost([a_C], [other])",
            10.0,
            CONTENT,
            {"absolute": 4.0, "plain": -2.0, "root": 3.1622777, "square_of_sum": 4.0},
        ),
        # the same with another layer before it, whose squares are 4 to 1; with factors 36/24 + 4/16 to 4/24 + 1/16
        Case(
            "layer",
            "compute_content_cost([first_C, a_C], [first_G, a_G]) / "
            "compute_content_cost([first_C, a_C], [first_H, other])",
            9.0,
            CONTENT,
            {"absolute": 3.0, "plain": -3.0, "root": 3.0, "first": 4.0, "all": 7.6363636, "all_plain": 8.0},
        ),
        # 210^2 / (4 * 3 * 5 * 7); the sizes differ, so that another one in a size's place shows
        Case(
            "factor",
            "compute_content_cost([wide_C], [wide_G])",
            105.0,
            CONTENT,
            {"no_factor": 44100.0, "half": 22050.0, "mean": 420.0, "quarter": 11025.0, "squared_factor": 1.0}
            | {"brackets": 1157625.0, "times": 18522000.0, "no_channels": 735.0, "half_mean": 210.0}
            | {"height_twice": 175.0, "width_twice": 63.0, "absolute": 0.5, "plain": -0.5, "root": 0.5},
        ),
    ),
    {
        "absolute": "the differences are squared before they are summed, not made positive",
        "plain": "the differences are to be squared before they are summed",
        "root": "there is no square root in the cost",
        "square_of_sum": "each difference is squared, and then the squares are summed; you square the sum",
        "no_factor": "the factor 1 / (4 n_H n_W n_C) is missing",
        "half": "your factor is 1/2, as in the paper and in keras_apps; the course's is 1 / (4 n_H n_W n_C)",
        "mean": "the 4 is missing from the factor 1 / (4 n_H n_W n_C): a mean has only the rest of it",
        "first": "the content layer is the last of the outputs: use [-1]",
        "all": "only the content layer counts, the last of the outputs: use [-1]",
        "all_plain": "only the content layer counts, the last of the outputs: use [-1]",
        "quarter": "n_H n_W n_C is missing from the factor 1 / (4 n_H n_W n_C)",
        "squared_factor": "n_H n_W n_C is not squared in the factor 1 / (4 n_H n_W n_C)",
        "brackets": "the sum is divided by all of 4 n_H n_W n_C: brackets around it",
        "times": "the sum is divided by 4 n_H n_W n_C, not multiplied",
        "no_channels": "n_C is missing from the factor 1 / (4 n_H n_W n_C)",
        "height_twice": "n_W is missing from the factor 1 / (4 n_H n_W n_C): yours has n_H twice",
        "width_twice": "n_H is missing from the factor 1 / (4 n_H n_W n_C): yours has n_W twice",
        "half_mean": "your factor is one half of a mean; it is 1 / (4 n_H n_W n_C), a quarter of it",
    },
    "one number",
)

gram_matrix = Exercise(
    "gram_matrix",
    {"values": 10, "other sizes": 5},
    (
        Case(
            "values",
            "gram_matrix(A)",
            [[5.0, 11.0], [11.0, 25.0]],
            "import tensorflow as tf\nA = tf.constant([[0., 1., 2.], [0., 3., 4.]])",
            {
                "transposed": [[0.0, 0.0, 0.0], [0.0, 10.0, 14.0], [0.0, 14.0, 20.0]],
                "elementwise": [[0.0, 1.0, 4.0], [0.0, 9.0, 16.0]],
                "positions": [[1.6666667, 3.6666667], [3.6666667, 8.3333333]],
                "size": [[0.8333333, 1.8333333], [1.8333333, 4.1666667]],
            },
        ),
        Case(
            "other sizes",
            "gram_matrix(A)",
            [[1.0, 2.0, -1.0], [2.0, 5.0, -1.0], [-1.0, -1.0, 2.0]],
            "import tensorflow as tf\nA = tf.constant([[1., 0.], [2., 1.], [-1., 1.]])",
            {
                "transposed": [[6.0, 1.0], [1.0, 2.0]],
                "elementwise": [[1.0, 0.0], [4.0, 1.0], [1.0, 1.0]],
                "positions": [[0.5, 1.0, -0.5], [1.0, 2.5, -0.5], [-0.5, -0.5, 1.0]],
            },
        ),
    ),
    {
        "transposed": "the Gram matrix is (n_C, n_C): did you transpose? Yours is A^T A, of positions; it is A A^T",
        "elementwise": "that is A times A, element by element; the Gram matrix is the matrix product A A^T",
        "positions": "the Gram matrix is not divided by n_H n_W; that comes with the layer's cost",
        "size": "the Gram matrix is not divided by its size; that comes with the layer's cost",
    },
    "an array of shape (n_C, n_C)",
)

# one layer (1, 1, 3, 2): channel rows of S (0,1,2), (0,3,4), so that G_S = [[5,11],[11,25]]; G of (1,0,0), (0,0,2) is
# [[1,0],[0,4]]. Squares of the differences: 16 + 121 + 121 + 441 = 699. From zeros: 25 + 121 + 121 + 625 = 892.
LAYER = """
import tensorflow as tf
def gram_matrix(A):  # so that a mistake in yours costs nothing here
    return tf.einsum("ip,jp->ij", A, A)
a_S = tf.constant([[[[0., 0.], [1., 3.], [2., 4.]]]])
a_G = tf.constant([[[[1., 0.], [0., 0.], [0., 2.]]]])
zeros = tf.zeros((1, 1, 3, 2))
"""

compute_layer_style_cost = Exercise(
    "compute_layer_style_cost",
    {"unrolling": 10, "factor": 10},
    (
        # rows of a plain reshape mix the channels: (0,0,1), (3,2,4) and (1,0,0), (0,0,2): G_S = [[1,4],[4,29]], so
        # 0 + 16 + 16 + 625 = 657 over 1 + 16 + 16 + 841 = 874
        Case(
            "unrolling",
            "compute_layer_style_cost(a_S, a_G) / compute_layer_style_cost(a_S, zeros)",
            0.7836323,
            LAYER,
            {"mixed": 0.7517162, "activations": 0.6333333, "positions": 0.8396861, "absolute": 0.9038462},
        ),
        # of all ones each Gram matrix is 3 everywhere: 4 * 9 / (4 n_C^2 (n_H n_W)^2) with n_C = 2, n_H n_W = 3
        Case(
            "factor",
            "compute_layer_style_cost(tf.ones((1, 1, 3, 2)), tf.zeros((1, 1, 3, 2)))",
            0.25,
            LAYER,
            {"no_factor": 36.0, "no_square": 1.5, "no_four": 1.0, "mean": 9.0, "only_channels": 2.25}
            | {"twice": 0.0277778, "activations": 0.0416667, "absolute": 0.0833333, "places_once": 0.75}
            | {"channels_once": 0.5, "half": 3.0, "brackets": 324.0},
        ),
    ),
    {
        "mixed": "the channels are mixed: bring them to the front (transpose) before you unroll to (n_C, n_H n_W)",
        "activations": "compare the Gram matrices of the two layers, not their activations",
        "positions": "your Gram matrices compare positions; unroll to (n_C, n_H n_W), one row a channel",
        "no_factor": "the factor 1 / (4 n_C^2 (n_H n_W)^2) is missing",
        "no_square": "the factor's parts are squared: 1 / (4 n_C^2 (n_H n_W)^2)",
        "no_four": "the 4 or n_C^2 is missing from the factor 1 / (4 n_C^2 (n_H n_W)^2)",
        "mean": "the factor is 1 / (4 n_C^2 (n_H n_W)^2), not a mean over the Gram matrix, nor a quarter alone",
        "only_channels": "(n_H n_W)^2 is missing from the factor 1 / (4 n_C^2 (n_H n_W)^2)",
        "absolute": "the differences of the Gram matrices are squared before they are summed, not made positive",
        "places_once": "n_H n_W is to be squared: 1 / (4 n_C^2 (n_H n_W)^2)",
        "channels_once": "n_C is to be squared: 1 / (4 n_C^2 (n_H n_W)^2)",
        "half": "all of 2 n_C n_H n_W is squared: 1 / (4 n_C^2 (n_H n_W)^2)",
        "brackets": "the sum is divided by all of 4 n_C^2 (n_H n_W)^2: brackets around it",
        "twice": "n_H n_W is squared once too often: the factor is 1 / (4 n_C^2 (n_H n_W)^2)",
    },
    "one number",
    stand_ins=("gram_matrix",),
)

# a stand-in for the layer's cost, the sum of differences: 3, 5 and (for the content layer, which is last) 100.
# The layer's own formula would give (9^2 + 25^2) / 4 = 20.25 + 156.25
LAYERS = """
import tensorflow as tf
compute_layer_style_cost = lambda a_S, a_G: tf.reduce_sum(a_G - a_S)
style = [tf.zeros((1, 1, 1, 1)), tf.zeros((1, 1, 1, 1)), tf.zeros((1, 1, 1, 1))]
generated = [tf.fill((1, 1, 1, 1), 3.0), tf.fill((1, 1, 1, 1), 5.0), tf.fill((1, 1, 1, 1), 100.0)]
"""

compute_style_cost = Exercise(
    "compute_style_cost",
    {"sum": 8, "weights": 7},
    (
        Case(
            "sum",
            'compute_style_cost(style, generated, [("block1_conv1", 1.0), ("block2_conv1", 1.0)])',
            8.0,
            LAYERS,
            {
                "mean": 4.0,
                "only_last": 5.0,
                "only_first": 3.0,
                "all": 108.0,
                "shifted": 105.0,
                "opposite": -8.0,
                "normalised": 4.0,
                "same_layer": 6.0,
                "fixed_weight": 1.6,
                "inlined": 176.5,
            },
        ),
        # 0.25 * 3 + 0.5 * 5 over 3 + 5
        Case(
            "weights",
            'compute_style_cost(style, generated, [("block1_conv1", 0.25), ("block2_conv1", 0.5)]) / '
            'compute_style_cost(style, generated, [("block1_conv1", 1.0), ("block2_conv1", 1.0)])',
            0.40625,
            LAYERS,
            {"unweighted": 1.0, "backwards": 0.34375, "normalised": 1.0833333, "squared_weight": 0.1796875}
            | {"same_layer": 0.375, "only_first": 0.25, "only_last": 0.5, "fixed_weight": 1.0, "inlined": 0.4713173},
        ),
    ),
    {
        "inlined": "call compute_layer_style_cost for each layer, not its formula: the checks replace that function",
        "mean": "you took the mean over layers; J_style is the sum of lambda times each layer's cost",
        "only_last": "only the last style layer is in your sum: add to J_style (+=) in the loop",
        "only_first": "only the first style layer is in your sum: is `return` inside the loop?",
        "same_layer": "every layer's cost in your sum is the first's: a_S and a_G belong to the layer of the loop",
        "all": "the last of the outputs is the content layer; the style layers are those before it ([:-1])",
        "shifted": "the style layers are the outputs before the last, in the order of STYLE_LAYERS ([:-1])",
        "opposite": "compute_layer_style_cost takes a_S first, then a_G",
        "unweighted": "the weights of STYLE_LAYERS are not used: J_style is the sum of lambda times each layer's cost",
        "fixed_weight": "the weights are those of the argument STYLE_LAYERS, not a fixed number",
        "backwards": "the weights are in the wrong order: each belongs to the layer at its own place",
        "normalised": "the weights are not divided by their sum",
        "squared_weight": "each layer's weight is used twice",
    },
    "one number",
    stand_ins=("compute_layer_style_cost",),
)

ASSIGNMENT = Assignment(
    "art_generation",
    (
        compute_content_cost,
        gram_matrix,
        compute_layer_style_cost,
        compute_style_cost,
        total_cost,
        train_step,
    ),
)
