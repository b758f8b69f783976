# %% [markdown]
# # Assignment 2: art generation
# You write the costs of neural style transfer and the step that paints: how far the generated picture G is from the
# content picture C, how far from the style of S, and how to change its pixels so that both costs fall.
#
# Under each function stands a cell that checks it. It says how many points the **visible** checks give and what is
# wrong; further checks, with other numbers, are made when the notebook is handed in. On the command line,
# `keras-apps course check art_generation.ipynb` says the same.
#
# Write only where it says `YOUR CODE HERE`. Keep the functions' names and arguments. Do not use `keras_apps` inside
# them: they are to be yours. A function that needs an earlier one may call it; a mistake there costs nothing here.
#
# | Function | Points |
# |---|---|
# | `compute_content_cost` | 15 |
# | `gram_matrix` | 15 |
# | `compute_layer_style_cost` | 20 |
# | `compute_style_cost` | 15 |
# | `total_cost` | 10 |
# | `train_step` | 25 |

# %% course="locked:find_keras_apps"
# FIRST_CELL

# %% course="locked:setup"
import numpy as np
import tensorflow as tf

# %% [markdown]
# ## 1. The content cost
# A network turns a picture into activations, layer by layer. `content_output` and `generated_output` are **lists** of
# the activations of C and of G, one array of shape (1, n_H, n_W, n_C) for each layer; the **last** of each list is the
# content layer. Its activations are $a^{(C)}$ and $a^{(G)}$, and
#
# $$J_{content}(C, G) = \frac{1}{4\, n_H\, n_W\, n_C} \sum \left( a^{(C)} - a^{(G)} \right)^2 .$$
#
# `keras_apps.style.content_cost` has the factor 1/2 in place of $1 / (4 n_H n_W n_C)$, as the paper; use the one above.


# %% course="solution:compute_content_cost"
def compute_content_cost(content_output, generated_output):
    """Compute the content cost, one number.

    Args:
        content_output: Activations of C, a list of (1, n_H, n_W, n_C); the last is the content layer.
        generated_output: Activations of G, in the same form.
    """
    a_C, a_G = content_output[-1], generated_output[-1]
    ### BEGIN SOLUTION
    _, n_H, n_W, n_C = a_G.shape
    return tf.reduce_sum(tf.square(a_C - a_G)) / (4.0 * n_H * n_W * n_C)
    ### END SOLUTION


# %% course="tests:compute_content_cost"
from keras_apps.course import grade

hidden = ()
### BEGIN HIDDEN TESTS
from keras_apps.course import Case

LISTS = """
import tensorflow as tf
C = tf.reshape(tf.range(16.), (1, 2, 4, 2))
G, H = C + 8. * tf.reshape(tf.one_hot(5, 16), C.shape), C - 2. * tf.reshape(tf.one_hot(2, 16), C.shape)
x, y, z = tf.zeros((1, 1, 1, 1)), tf.ones((1, 1, 1, 1)), tf.fill((1, 1, 1, 1), 2.)
"""
hidden = (
    # differences 8 and 2
    Case(
        "squares",
        "compute_content_cost([C], [G]) / compute_content_cost([C], [H])",
        16.0,
        LISTS,
        {"absolute": 4.0, "plain": -4.0, "root": 4.0},
    ),
    Case(
        "layer",
        "compute_content_cost([x, x, C], [y, z, G]) / compute_content_cost([x, x, C], [y, y, H])",
        16.0,
        LISTS,
        {"absolute": 4.0, "plain": -4.0, "first": 1.0},
    ),
    # 64 / (4 * 2 * 4 * 2)
    Case(
        "factor",
        "compute_content_cost([C], [G])",
        1.0,
        LISTS,
        {"no_factor": 64.0, "half": 32.0, "mean": 4.0, "quarter": 16.0, "squared_factor": 0.0625},
    ),
)
### END HIDDEN TESTS
grade("compute_content_cost", hidden)

# %% [markdown]
# ## 2. The Gram matrix
# Style is which channels fire together. Unroll a layer to a matrix A of shape (n_C, n_H n_W): one row a channel. Its
# Gram matrix holds the products of every two rows,
#
# $$G = A\, A^T, \qquad G_{kk'} = \sum_{p} A_{kp} A_{k'p}, \qquad \text{shape } (n_C, n_C),$$
#
# not divided by anything. (`keras_apps.style.gram_matrix` takes the layer itself, (h, w, c).)


# %% course="solution:gram_matrix"
def gram_matrix(A):
    """Compute the Gram matrix of A, (n_C, n_C).

    Args:
        A: A layer, unrolled to (n_C, n_H * n_W).
    """
    ### BEGIN SOLUTION
    return tf.matmul(A, tf.transpose(A))
    ### END SOLUTION


# %% course="tests:gram_matrix"
from keras_apps.course import grade

hidden = ()
### BEGIN HIDDEN TESTS
from keras_apps.course import Case

hidden = (
    Case(
        "values",
        "gram_matrix(tf.constant([[2., 1., 0., 1.], [0., 3., 1., 0.]]))",
        [[6.0, 3.0], [3.0, 10.0]],
        "import tensorflow as tf",
        {"positions": [[1.5, 0.75], [0.75, 2.5]], "size": [[0.75, 0.375], [0.375, 1.25]]},
    ),
    Case(
        "other sizes",
        "gram_matrix(tf.constant([[1., 1.], [0., 2.], [3., 0.], [-1., 1.]]))",
        [[2.0, 2.0, 3.0, 0.0], [2.0, 4.0, 0.0, 2.0], [3.0, 0.0, 9.0, -3.0], [0.0, 2.0, -3.0, 2.0]],
        "import tensorflow as tf",
        {"transposed": [[11.0, 0.0], [0.0, 6.0]]},
    ),
)
### END HIDDEN TESTS
grade("gram_matrix", hidden)

# %% [markdown]
# ## 3. The style cost of one layer
# `a_S` and `a_G` are the activations of S and G in one layer, (1, n_H, n_W, n_C). Unroll each to (n_C, n_H n_W), take
# the Gram matrices, and compare:
#
# $$J_{style}^{[l]}(S, G) = \frac{1}{4\, n_C^2\, (n_H n_W)^2} \sum_{k} \sum_{k'} \left( G^{(S)}_{kk'} - G^{(G)}_{kk'} \right)^2 .$$
#
# Take care: `tf.reshape` keeps the order of the numbers. The channels come last in the layer and first in A.


# %% course="solution:compute_layer_style_cost"
def compute_layer_style_cost(a_S, a_G):
    """Compute one layer's style cost, one number.

    Args:
        a_S: Activations of S, (1, n_H, n_W, n_C).
        a_G: Activations of G, of the same shape.
    """
    _, n_H, n_W, n_C = a_G.shape
    ### BEGIN SOLUTION
    S = tf.transpose(tf.reshape(a_S, [n_H * n_W, n_C]))
    G = tf.transpose(tf.reshape(a_G, [n_H * n_W, n_C]))
    difference = gram_matrix(S) - gram_matrix(G)
    return tf.reduce_sum(tf.square(difference)) / (4.0 * n_C**2 * (n_H * n_W) ** 2)
    ### END SOLUTION


# %% course="tests:compute_layer_style_cost"
from keras_apps.course import grade

hidden = ()
### BEGIN HIDDEN TESTS
from keras_apps.course import Case

# channels (1,0,2,1) and (0,1,1,3) of S: G_S = [[6,5],[5,11]]; (1,1,0,0) and (0,0,1,0) of G: [[2,0],[0,1]]:
# 16 + 25 + 25 + 100 = 166, and against zeros 36 + 25 + 25 + 121 = 207
LAYERS = """
import tensorflow as tf
def gram_matrix(A):
    return tf.einsum("ip,jp->ij", A, A)
S = tf.constant([[[[1., 0.], [0., 1.]], [[2., 1.], [1., 3.]]]])
G = tf.constant([[[[1., 0.], [1., 0.]], [[0., 1.], [0., 0.]]]])
"""
hidden = (
    # a plain reshape has the rows (1,0,0,1), (2,1,1,3) and (1,0,1,0), (0,1,0,0): [[2,5],[5,15]] less [[2,0],[0,1]], so
    # 0 + 25 + 25 + 196 = 246 over 4 + 25 + 25 + 225 = 279; the activations' squares 16 over 17
    Case(
        "unrolling",
        "compute_layer_style_cost(S, G) / compute_layer_style_cost(S, 0. * S)",
        0.8019324,
        LAYERS,
        {"mixed": 0.8817204, "activations": 0.9411765},
    ),
    # Gram matrices of ones: 4 everywhere, 9 * 16 / (4 * 9 * 16)
    Case(
        "factor",
        "compute_layer_style_cost(tf.ones((1, 2, 2, 3)), tf.zeros((1, 2, 2, 3)))",
        0.25,
        LAYERS,
        {"no_factor": 144.0, "no_square": 3.0, "only_channels": 4.0},
    ),
    # of twos: 4 * 2 = 8 everywhere, one channel, two places: 64 / (4 * 1 * 4)
    Case(
        "factor",
        "compute_layer_style_cost(tf.fill((1, 1, 2, 1), 2.), tf.zeros((1, 1, 2, 1)))",
        4.0,
        LAYERS,
        {"no_factor": 64.0, "no_square": 8.0, "only_channels": 16.0},
    ),
)
### END HIDDEN TESTS
grade("compute_layer_style_cost", hidden)

# %% [markdown]
# ## 4. The style cost
# Several layers see style at several sizes, from grain to strokes. Each has a weight $\lambda^{[l]}$:
#
# $$J_{style}(S, G) = \sum_l \lambda^{[l]}\, J_{style}^{[l]}(S, G).$$

# %% course="locked:style_layers"
STYLE_LAYERS = [
    ("block1_conv1", 0.2),
    ("block2_conv1", 0.2),
    ("block3_conv1", 0.2),
    ("block4_conv1", 0.2),
    ("block5_conv1", 0.2),
]

# %% [markdown]
# `style_image_output` and `generated_image_output` are lists of activations: first those of the style layers, in the
# order of `STYLE_LAYERS`, and **last the content layer**, which has no part in this cost. Call your
# `compute_layer_style_cost` for each style layer.


# %% course="solution:compute_style_cost"
def compute_style_cost(style_image_output, generated_image_output, STYLE_LAYERS=STYLE_LAYERS):
    """Compute the style cost over several layers, one number.

    Args:
        style_image_output: Activations of S; the last is the content layer.
        generated_image_output: Activations of G, in the same form.
        STYLE_LAYERS: (name, weight) of each style layer.
    """
    J_style = 0
    a_S, a_G = style_image_output[:-1], generated_image_output[:-1]
    ### BEGIN SOLUTION
    for i, (_, weight) in zip(range(len(a_S)), STYLE_LAYERS):
        J_style += weight * compute_layer_style_cost(a_S[i], a_G[i])
    ### END SOLUTION
    return J_style


# %% course="tests:compute_style_cost"
from keras_apps.course import grade

hidden = ()
### BEGIN HIDDEN TESTS
from keras_apps.course import Case

OUTPUTS = """
import tensorflow as tf
compute_layer_style_cost = lambda a_S, a_G: tf.reduce_sum(a_S - a_G)
one = lambda number: tf.fill((1, 1, 1, 1), number)
S, G = [one(2.), one(5.), one(9.), one(50.)], [one(1.), one(1.), one(1.), one(1.)]
names = ["block1_conv1", "block2_conv1", "block3_conv1"]
"""
hidden = (
    # 1 + 4 + 8
    Case(
        "sum",
        "compute_style_cost(S, G, [(name, 1.0) for name in names])",
        13.0,
        OUTPUTS,
        {"mean": 4.3333333, "only_last": 8.0, "only_first": 1.0, "all": 62.0, "shifted": 61.0, "opposite": -13.0},
    ),
    # (0.5 * 1 + 0.25 * 4 + 0.125 * 8) / 13
    Case(
        "weights",
        "compute_style_cost(S, G, list(zip(names, [0.5, 0.25, 0.125]))) / "
        "compute_style_cost(S, G, [(name, 1.0) for name in names])",
        0.1923077,
        OUTPUTS,
        {"unweighted": 1.0, "backwards": 0.3942308},
    ),
)
### END HIDDEN TESTS
grade("compute_style_cost", hidden)

# %% [markdown]
# ## 5. The total cost
# $$J(G) = \alpha\, J_{content}(C, G) + \beta\, J_{style}(S, G).$$


# %% course="solution:total_cost"
def total_cost(J_content, J_style, alpha=10, beta=40):
    """Compute the total cost, one number.

    Args:
        J_content: The content cost.
        J_style: The style cost.
        alpha: The weight of the content cost.
        beta: The weight of the style cost.
    """
    ### BEGIN SOLUTION
    return alpha * J_content + beta * J_style
    ### END SOLUTION


# %% course="tests:total_cost"
from keras_apps.course import grade

hidden = ()
### BEGIN HIDDEN TESTS
from keras_apps.course import Case

hidden = (
    Case(
        "formula",
        "total_cost(1.5, 0.25)",
        25.0,
        mistakes={
            "swapped": 62.5,
            "no_weights": 1.75,
            "defaults": 1.75,
            "product": 150.0,
            "one_weight": 15.25,
            "together": 87.5,
        },
    ),
    Case(
        "arguments",
        "total_cost(2.0, 2.0, alpha=1, beta=5)",
        12.0,
        mistakes={"fixed": 100.0, "no_weights": 4.0, "product": 20.0, "one_weight": 4.0},
    ),
)
### END HIDDEN TESTS
grade("total_cost", hidden)

# %% [markdown]
# ## 6. One step of painting
# The pixels of G are what is trained; the network stays as it is. These are ready: `vgg_model_outputs(picture)` gives
# the list of activations, `a_C` and `a_S` are those of the content and the style picture, `optimizer` changes the
# picture, and `clip_0_1` cuts its values to 0..1.

# %% course="locked:painting"
optimizer = tf.keras.optimizers.Adam(learning_rate=0.02)


def clip_0_1(picture):
    """Cut a picture's values to 0..1."""
    return tf.clip_by_value(picture, clip_value_min=0.0, clip_value_max=1.0)


def prepare(content, style, size=96):
    """Load VGG16 and both pictures; return (vgg_model_outputs, a_C, a_S, the picture to start with)."""
    from keras_apps import backbones, images

    layers = [*(name for name, _ in STYLE_LAYERS), "block4_conv2"]
    network = backbones.load("vgg16", layers)
    pictures = [images.resize(images.load_image(path), size)[:size, :size] for path in (content, style)]
    side = min(*pictures[0].shape[:2], *pictures[1].shape[:2])
    C, S = (tf.constant(np.float32(picture[None, :side, :side])) for picture in pictures)
    outputs = lambda picture: [network(picture)[layer] for layer in layers]  # noqa: E731
    return outputs, outputs(C), outputs(S), tf.Variable(C)


# %% [markdown]
# Write one step:
# 1. inside a `tf.GradientTape`, compute `a_G = vgg_model_outputs(generated_image)`, then
#    `compute_style_cost(a_S, a_G)`, `compute_content_cost(a_C, a_G)` and from both J with `total_cost`;
# 2. take the gradient of J with respect to `generated_image`, a `tf.Variable`;
# 3. apply it with `optimizer.apply_gradients([(grad, generated_image)])`;
# 4. cut the picture to 0..1 with `generated_image.assign(clip_0_1(generated_image))`;
# 5. return J.


# %% course="solution:train_step"
def train_step(generated_image):
    """Change the picture by one step, and return the cost J that it had before.

    Args:
        generated_image: A tf.Variable, (1, height, width, 3), values in 0..1.
    """
    ### BEGIN SOLUTION
    with tf.GradientTape() as tape:
        a_G = vgg_model_outputs(generated_image)
        J_style = compute_style_cost(a_S, a_G)
        J_content = compute_content_cost(a_C, a_G)
        J = total_cost(J_content, J_style)
    grad = tape.gradient(J, generated_image)
    optimizer.apply_gradients([(grad, generated_image)])
    generated_image.assign(clip_0_1(generated_image))
    return J
    ### END SOLUTION


# %% course="tests:train_step"
from keras_apps.course import grade

hidden = ()
### BEGIN HIDDEN TESTS
from keras_apps.course import Case
from keras_apps.course.catalogue.art_generation import row, step

# now c = (0, 1) and s = (1, 1) at x = (0.5, 0.5): J = 10 * 0.5 + 40 * 0.5 = 25, the gradient is
# (20 * 0.5 - 80 * 0.5, -20 * 0.5 - 80 * 0.5) = (-30, -50)
OTHER = "a_C, a_S = vgg_model_outputs(as_picture(0., 1.)), vgg_model_outputs(as_picture(1., 1.))\n"
OTHER += "picture.assign(as_picture(0.5, 0.5))\n"
hidden = (
    Case(
        "cost",
        "train_step(picture)",
        25.0,
        step(0.004) + OTHER,
        # x = (0.62, 0.7): 10 * (0.3844 + 0.09) + 40 * (0.1444 + 0.09)
        {"late": 14.12, "only_content": 0.5, "only_style": 0.5, "no_weights": 1.0, "picture": row(0.62, 0.7)},
    ),
    Case(
        "gradient",
        "after_step(picture)",
        row(0.62, 0.7),
        step(0.004) + OTHER,
        {
            "unchanged": row(0.5, 0.5),
            "only_content": row(0.46, 0.54),
            "only_style": row(0.66, 0.66),
            "ascent": row(0.38, 0.3),
            "swapped": row(0.38, 0.7),
            "no_weights": row(0.5, 0.508),
        },
    ),
    # from (0.1, 0.9) with c = s = (0, 0): the gradient is (10, 90), and 0.1 - 10 is below 0
    Case(
        "clip",
        "after_step(picture)",
        row(0.0, 0.0),
        step(1.0) + "a_C = a_S = vgg_model_outputs(as_picture(0., 0.))\npicture.assign(as_picture(0.1, 0.9))\n",
        {"no_clip": row(-9.9, -89.1), "unchanged": row(0.1, 0.9)},
    ),
)
### END HIDDEN TESTS
grade("train_step", hidden)

# %% [markdown]
# ## Try it on pictures
# Nothing here is marked. Twenty small steps; take more, other pictures, other weights.

# %%
import matplotlib.pyplot as plt

vgg_model_outputs, a_C, a_S, generated_image = prepare("bundled:cat", "bundled:mosaic")
try:
    for number in range(20):
        J = train_step(generated_image)
        if number % 5 == 0:
            print(f"step {number}: J = {float(J):.4g}")
    plt.imshow(generated_image[0].numpy())
    plt.axis("off")
    plt.show()
except NotImplementedError:
    print("write the functions above first")
