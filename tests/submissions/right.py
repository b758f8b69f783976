# ruff: noqa: E501
"""Right answers, written in different ways. Each is a function's source in place of the model answer's; all earn all."""

RIGHT = {
    ("triplet_loss", "the model answer with NumPy"): """
def triplet_loss(y_true, y_pred, alpha=0.2):
    a, p, n = [np.asarray(e) for e in y_pred]
    return np.maximum(((a - p) ** 2).sum(-1) - ((a - n) ** 2).sum(-1) + alpha, 0).sum()
""",
    ("triplet_loss", "differences of arrays, and their shape"): """
def triplet_loss(y_true, y_pred, alpha=0.2):
    anchor, positive, negative = y_pred
    m = anchor.shape[0]
    d_ap = tf.reduce_sum((anchor - positive) ** 2, axis=-1)
    d_an = tf.reduce_sum((anchor - negative) ** 2, axis=-1)
    return m * tf.reduce_mean(tf.maximum(d_ap - d_an + alpha, 0.0))
""",
    ("triplet_loss", "a loop over triplets"): """
def triplet_loss(y_true, y_pred, alpha=0.2):
    total = 0.0
    for a, p, n in zip(*y_pred):
        loss = float(tf.norm(a - tf.constant(p))) ** 2 - float(tf.norm(a - tf.constant(n))) ** 2 + alpha
        if loss > 0:
            total += loss
    return total
""",
    ("triplet_loss", "Keras operations"): """
import keras
def triplet_loss(y_true, y_pred, alpha=0.2):
    anchor, positive, negative = y_pred
    pos = keras.ops.sum(keras.ops.square(keras.ops.subtract(anchor, positive)), axis=1)
    neg = keras.ops.sum(keras.ops.square(keras.ops.subtract(anchor, negative)), axis=1)
    return keras.ops.sum(keras.ops.relu(pos - neg + alpha))
""",
    ("triplet_loss", "an array of one number"): """
def triplet_loss(y_true, y_pred, alpha=0.2):
    anchor, positive, negative = y_pred
    basic = tf.add(tf.subtract(tf.reduce_sum(tf.square(tf.subtract(anchor, positive)), -1),
                               tf.reduce_sum(tf.square(tf.subtract(anchor, negative)), -1)), alpha)
    return tf.reshape(tf.reduce_sum(tf.maximum(basic, 0.0)), (1,))
""",
    ("triplet_loss", "a tf.function, with a helper in the cell"): """
def squared(x, y):
    return tf.einsum("nd,nd->n", x - y, x - y)

@tf.function
def triplet_loss(y_true, y_pred, alpha=0.2):
    a, p, n = [tf.convert_to_tensor(e) for e in y_pred]
    return tf.reduce_sum(tf.nn.relu(squared(a, p) - squared(a, n) + alpha))
""",
    ("semi_hard_triplets", "arrays and no loop"): """
def semi_hard_triplets(distances, labels, alpha=0.2):
    d, who = np.asarray(distances), np.asarray(labels)
    same = who[:, None] == who[None]
    pairs = same & ~np.eye(len(who), dtype=bool)
    near, far = d[:, :, None], d[:, None, :]
    return np.argwhere(pairs[:, :, None] & ~same[:, None, :] & (near < far) & (far < near + alpha))
""",
    ("semi_hard_triplets", "labels compared as an array"): """
def semi_hard_triplets(distances, labels, alpha=0.2):
    same = labels[:, None] == labels[None]
    triplets = []
    for a, p in np.argwhere(same & ~np.eye(labels.shape[0], dtype=bool)):
        row = distances[a]
        for n in np.where(~same[a] & (row > row[p]) & (row < row[p] + alpha))[0]:
            triplets.append((a, p, n))
    return triplets
""",
    ("semi_hard_triplets", "a set comprehension"): """
import itertools
def semi_hard_triplets(distances, labels, alpha=0.2):
    d, r = distances, range(len(labels))
    return {(a, p, n) for a, p, n in itertools.product(r, r, r)
            if a != p and labels[a] == labels[p] != labels[n] and 0 < d[a][n] - d[a][p] < alpha}
""",
    ("choose_tau", "a loop that keeps the best"): """
def choose_tau(distances, same, candidates):
    best, fewest = None, float("inf")
    for tau in sorted(candidates):
        wrong = sum((d <= tau) != bool(s) for d, s in zip(distances, same))
        if wrong < fewest:
            best, fewest = tau, wrong
    return best
""",
    ("choose_tau", "argmin over an array"): """
def choose_tau(distances, same, candidates):
    taus = np.sort(np.array(candidates))
    accepted = np.array(distances)[None] <= taus[:, None]
    return taus[np.argmin((accepted ^ np.array(same, bool)).sum(1))]
""",
    ("choose_tau", "booleans that choose"): """
def choose_tau(distances, same, candidates):
    d, s = np.array(distances), np.array(same)
    wrong = lambda tau: np.sum(d[s] > tau) + np.sum(d[~s] <= tau)
    return min(sorted(candidates), key=wrong)
""",
    ("verify", "as the course prints it"): """
def verify(image_path, identity, database, model):
    encoding = img_to_encoding(image_path, model)
    dist = np.linalg.norm(tf.subtract(database[identity], encoding))
    if dist < 0.7:
        print("It's " + str(identity) + ", welcome in!")
        door_open = True
    else:
        print("It's not " + str(identity) + ", please go away")
        door_open = False
    return dist, door_open
""",
    ("verify", "TensorFlow, and a tensor as the answer"): """
def verify(image_path, identity, database, model):
    dist = tf.sqrt(tf.reduce_sum(tf.square(img_to_encoding(image_path, model) - database[identity])))
    return [dist, tf.less(dist, tf.constant(0.7, dist.dtype))]
""",
    ("who_is_it", "a dictionary of distances"): """
def who_is_it(image_path, database, model):
    encoding = img_to_encoding(image_path, model)
    distances = {name: np.sqrt(((encoding - e) ** 2).sum()) for name, e in database.items()}
    name = min(distances, key=distances.get)
    return distances[name], name if distances[name] <= 0.7 else None
""",
    ("who_is_it", "as the course, with None for strangers"): """
def who_is_it(image_path, database, model):
    encoding = img_to_encoding(image_path, model)
    min_dist = 100
    for (name, db_enc) in database.items():
        dist = np.linalg.norm(tf.subtract(db_enc, encoding))
        if dist < min_dist:
            min_dist = dist
            identity = name
    if min_dist > 0.7:
        print("Not in the database.")
        identity = None
    else:
        print("it's " + str(identity) + ", the distance is " + str(min_dist))
    return min_dist, identity
""",
    ("compute_content_cost", "unrolled, as the course"): """
def compute_content_cost(content_output, generated_output):
    a_C = content_output[-1]
    a_G = generated_output[-1]
    m, n_H, n_W, n_C = a_G.get_shape().as_list()
    a_C_unrolled = tf.reshape(a_C, shape=[m, n_H * n_W, n_C])
    a_G_unrolled = tf.reshape(a_G, shape=[m, n_H * n_W, n_C])
    return (1 / (4 * n_H * n_W * n_C)) * tf.reduce_sum(tf.square(tf.subtract(a_C_unrolled, a_G_unrolled)))
""",
    ("compute_content_cost", "a quarter of a mean"): """
def compute_content_cost(content_output, generated_output):
    return tf.reduce_mean((content_output[-1] - generated_output[-1]) ** 2) / 4
""",
    ("gram_matrix", "transpose_b"): """
def gram_matrix(A):
    return tf.linalg.matmul(A, A, transpose_b=True)
""",
    ("gram_matrix", "loops over channels"): """
def gram_matrix(A):
    n = A.shape[0]
    return np.array([[float(tf.reduce_sum(A[i] * A[j])) for j in range(n)] for i in range(n)])
""",
    ("compute_layer_style_cost", "transposed first, as the course"): """
def compute_layer_style_cost(a_S, a_G):
    m, n_H, n_W, n_C = a_G.shape
    a_S = tf.reshape(tf.transpose(a_S, perm=[0, 3, 1, 2]), [n_C, n_H * n_W])
    a_G = tf.reshape(tf.transpose(a_G, perm=[0, 3, 1, 2]), [n_C, n_H * n_W])
    GS, GG = gram_matrix(a_S), gram_matrix(a_G)
    return tf.reduce_sum(tf.square(GS - GG)) / (4 * n_C ** 2 * (n_H * n_W) ** 2)
""",
    ("compute_layer_style_cost", "without gram_matrix"): """
def compute_layer_style_cost(a_S, a_G):
    places = a_G.shape[1] * a_G.shape[2]
    S, G = (tf.einsum("bijc,bijd->cd", a, a) / places for a in (a_S, a_G))
    return tf.reduce_mean((S - G) ** 2) / 4
""",
    ("compute_style_cost", "a sum over zip"): """
def compute_style_cost(style_image_output, generated_image_output, STYLE_LAYERS=STYLE_LAYERS):
    triples = zip(style_image_output, generated_image_output, STYLE_LAYERS)
    return sum(weight * compute_layer_style_cost(s, g) for s, g, (name, weight) in triples)
""",
    ("total_cost", "tf.add"): """
def total_cost(J_content, J_style, alpha=10, beta=40):
    return tf.add(tf.multiply(float(alpha), J_content), tf.multiply(float(beta), J_style))
""",
    ("train_step", "a tf.function, as the course"): """
@tf.function()
def train_step(generated_image):
    with tf.GradientTape() as tape:
        a_G = vgg_model_outputs(generated_image)
        J_style = compute_style_cost(a_S, a_G)
        J_content = compute_content_cost(a_C, a_G)
        J = total_cost(J_content, J_style, alpha=10, beta=40)
    grad = tape.gradient(J, generated_image)
    optimizer.apply_gradients([(grad, generated_image)])
    generated_image.assign(clip_0_1(generated_image))
    return J
""",
    ("train_step", "weights written out, clipped by TensorFlow"): """
def train_step(generated_image):
    with tf.GradientTape() as tape:
        tape.watch(generated_image)
        out = vgg_model_outputs(generated_image)
        J = 10 * compute_content_cost(a_C, out) + 40 * compute_style_cost(a_S, out, STYLE_LAYERS)
    optimizer.apply_gradients(zip(tape.gradient(J, [generated_image]), [generated_image]))
    generated_image.assign(tf.clip_by_value(generated_image, 0.0, 1.0))
    return float(J)
""",
    ("output_shape", "math.floor and math.ceil"): """
import math
def output_shape(input_shape, filters, kernel_size, stride=1, padding="valid"):
    shape = []
    for n in input_shape[:-1]:
        if padding == "valid":
            shape.append(math.floor((n - kernel_size) / stride) + 1)
        else:
            shape.append(math.ceil(n / stride))
    return tuple(shape + [filters])
""",
    ("output_shape", "a list of NumPy's integers"): """
def output_shape(input_shape, filters, kernel_size, stride=1, padding="valid"):
    n = np.array(input_shape[:-1])
    places = (n + stride - 1) // stride if padding == "same" else (n - kernel_size) // stride + 1
    return list(places) + [filters]
""",
    ("conv1d", "loops over everything"): """
def conv1d(x, w, b, stride=1):
    f, channels, filters = w.shape
    y = np.zeros(((x.shape[0] - f) // stride + 1, filters))
    for i in range(y.shape[0]):
        for k in range(filters):
            y[i, k] = b[k]
            for j in range(f):
                for c in range(channels):
                    y[i, k] += x[i * stride + j, c] * w[j, c, k]
    return y
""",
    ("conv1d", "a sliding window and einsum"): """
def conv1d(x, w, b, stride=1):
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[0], axis=0)[::stride]
    return np.einsum("icj,jck->ik", windows, w) + b
""",
    ("conv3d", "a sum of shifted volumes"): """
def conv3d(x, w, b, stride=1):
    f = w.shape[0]
    d, h, v = [n - f + 1 for n in x.shape[:3]]
    y = sum(x[i:i + d, j:j + h, k:k + v] @ w[i, j, k] for i in range(f) for j in range(f) for k in range(f))
    return y[::stride, ::stride, ::stride] + b
""",
    ("inflate", "np.stack"): """
def inflate(kernel, depth):
    return np.stack([kernel / depth for _ in range(depth)])
""",
    ("inflate", "np.tile"): """
def inflate(kernel, depth):
    return np.tile(kernel, (depth, 1, 1, 1, 1)) * (1 / depth)
""",
}
