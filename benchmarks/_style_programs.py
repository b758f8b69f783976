"""Two well-known programs for style transfer, as their pages write them, over a VGG16 with the bundled weights.

The pages use VGG19, whose weights do not travel with this package. Those of VGG16 here were trained on inputs of unit
variance; a network for inputs in 0..255, as the pages have, is the same one with all activations `SCALE` times larger
(a ReLU network whose first kernel and biases are scaled). So the pages' weights of the terms keep their meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import keras
import numpy as np
import tensorflow as tf

from keras_apps import backbones

SCALE = 255 * float(np.mean(backbones.IMAGENET_DEVIATION))
CONTENT_LAYER = "block5_conv2"
STYLE_LAYERS = [f"block{b}_conv1" for b in range(1, 6)]
CAFFE_MEAN = np.array(backbones.CAFFE_MEAN_RGB[::-1], np.float32)  # blue, green, red

Steps = Iterator[tuple[Callable[[], np.ndarray], Callable[[], float]]]


def caffe_vgg16() -> keras.Model:
    """VGG16 for blue-green-red pictures in 0..255 minus the mean, whose outputs are all layers up to `block5_conv3`."""
    source = backbones.load("vgg16", [*STYLE_LAYERS, "block5_conv3"])
    x = pictures = keras.Input((None, None, 3))
    mean, deviation = (np.array(v)[::-1] for v in (backbones.IMAGENET_MEAN, backbones.IMAGENET_DEVIATION))
    scale, offset = 1 / (255 * deviation), (CAFFE_MEAN / 255 - mean) / deviation
    x = keras.layers.Rescaling(scale.tolist(), offset.tolist(), name="unit_variance")(x)
    outputs = {}
    for layer in source.layers[2:]:
        if layer.name.endswith("pool"):
            x = keras.layers.MaxPooling2D(2, name=layer.name)(x)
        else:
            convolution = keras.layers.Conv2D(layer.filters, 3, padding="same", activation="relu", name=layer.name)
            x = convolution(x)
            kernel, bias = (v.numpy() for v in layer.weights)
            first = layer.name == "block1_conv1"
            convolution.set_weights([kernel[:, :, ::-1] * SCALE if first else kernel, bias * SCALE])
        outputs[layer.name] = x
    model = keras.Model(pictures, outputs)
    model.trainable = False
    return model


def keras_io(content: np.ndarray, painting: np.ndarray, steps: int) -> Steps:
    """Run keras.io's example "Neural style transfer" from the content picture.

    Args:
        content: Floats `(h, w, 3)` in 0..1.
        painting: Floats of the same shape.
        steps: 4000 on its page.

    Yields:
        Before the first step and after each, a function that returns the picture (0..1 is what can be shown, but it is
        not kept there) and one that computes its loss.
    """
    total_variation_weight, style_weight, content_weight = 1e-6, 1e-6, 2.5e-8
    img_nrows, img_ncols = content.shape[:2]

    def preprocess_image(picture):
        return tf.convert_to_tensor(picture[None, ..., ::-1] * 255 - CAFFE_MEAN, tf.float32)

    def deprocess_image(x):
        return ((x[0] + CAFFE_MEAN) / 255)[..., ::-1]

    def gram_matrix(x):
        x = tf.transpose(x, (2, 0, 1))
        features = tf.reshape(x, (tf.shape(x)[0], -1))
        return tf.matmul(features, tf.transpose(features))

    def style_loss(style, combination):
        S, C = gram_matrix(style), gram_matrix(combination)
        channels, size = 3, img_nrows * img_ncols
        return tf.reduce_sum(tf.square(S - C)) / (4.0 * (channels**2) * (size**2))

    def content_loss(base, combination):
        return tf.reduce_sum(tf.square(combination - base))

    def total_variation_loss(x):
        a = tf.square(x[:, : img_nrows - 1, : img_ncols - 1, :] - x[:, 1:, : img_ncols - 1, :])
        b = tf.square(x[:, : img_nrows - 1, : img_ncols - 1, :] - x[:, : img_nrows - 1, 1:, :])
        return tf.reduce_sum(tf.pow(a + b, 1.25))

    feature_extractor = caffe_vgg16()

    def compute_loss(combination_image, base_image, style_reference_image):
        input_tensor = tf.concat([base_image, style_reference_image, combination_image], axis=0)
        features = feature_extractor(input_tensor)
        loss = tf.zeros(shape=())
        layer_features = features[CONTENT_LAYER]
        loss = loss + content_weight * content_loss(layer_features[0, :, :, :], layer_features[2, :, :, :])
        for layer_name in STYLE_LAYERS:
            layer_features = features[layer_name]
            sl = style_loss(layer_features[1, :, :, :], layer_features[2, :, :, :])
            loss += (style_weight / len(STYLE_LAYERS)) * sl
        return loss + total_variation_weight * total_variation_loss(combination_image)

    @tf.function
    def compute_loss_and_grads(combination_image, base_image, style_reference_image):
        with tf.GradientTape() as tape:
            loss = compute_loss(combination_image, base_image, style_reference_image)
        grads = tape.gradient(loss, combination_image)
        return loss, grads

    schedule = keras.optimizers.schedules.ExponentialDecay(
        initial_learning_rate=100.0, decay_steps=100, decay_rate=0.96
    )
    optimizer = keras.optimizers.SGD(schedule)
    base_image, style_reference_image = preprocess_image(content), preprocess_image(painting)
    combination_image = tf.Variable(preprocess_image(content))

    def loss_now() -> float:
        return float(compute_loss(combination_image, base_image, style_reference_image))

    def picture_now() -> np.ndarray:
        return deprocess_image(combination_image.numpy())

    yield picture_now, loss_now
    for _ in range(steps):
        _, grads = compute_loss_and_grads(combination_image, base_image, style_reference_image)
        optimizer.apply_gradients([(grads, combination_image)])
        yield picture_now, loss_now


def tensorflow(content: np.ndarray, painting: np.ndarray, steps: int) -> Steps:
    """Run TensorFlow's tutorial "Neural style transfer", with its total variation, from the content picture.

    Args:
        content: Floats `(h, w, 3)` in 0..1.
        painting: Floats `(h', w', 3)` in 0..1.
        steps: 1000 on its page, 10 epochs of 100.

    Yields:
        Before the first step and after each, a function that returns the picture, in 0..1, and one that computes its
        loss.
    """
    style_weight, content_weight, total_variation_weight = 1e-2, 1e4, 30
    vgg = caffe_vgg16()
    layers = [*STYLE_LAYERS, CONTENT_LAYER]
    vgg = keras.Model(vgg.input, [vgg.get_layer(name).output for name in layers])

    def gram_matrix(input_tensor):
        result = tf.linalg.einsum("bijc,bijd->bcd", input_tensor, input_tensor)
        input_shape = tf.shape(input_tensor)
        return result / tf.cast(input_shape[1] * input_shape[2], tf.float32)

    def extractor(inputs):
        outputs = vgg((inputs * 255.0)[..., ::-1] - CAFFE_MEAN)
        style = {name: gram_matrix(output) for name, output in zip(STYLE_LAYERS, outputs[:-1], strict=True)}
        return {"content": {CONTENT_LAYER: outputs[-1]}, "style": style}

    content_image, style_image = tf.constant(content[None]), tf.constant(painting[None])
    style_targets = extractor(style_image)["style"]
    content_targets = extractor(content_image)["content"]

    def style_content_loss(outputs):
        style, content = outputs["style"], outputs["content"]
        style_loss = tf.add_n([tf.reduce_mean((style[name] - style_targets[name]) ** 2) for name in style])
        content_loss = tf.add_n([tf.reduce_mean((content[name] - content_targets[name]) ** 2) for name in content])
        return style_loss * style_weight / len(style) + content_loss * content_weight / len(content)

    optimizer = keras.optimizers.Adam(learning_rate=0.02, beta_1=0.99, epsilon=1e-1)
    image = tf.Variable(content_image)

    @tf.function()
    def train_step(image):
        with tf.GradientTape() as tape:
            outputs = extractor(image)
            loss = style_content_loss(outputs)
            loss += total_variation_weight * tf.image.total_variation(image)
        grad = tape.gradient(loss, image)
        optimizer.apply_gradients([(grad, image)])
        image.assign(tf.clip_by_value(image, clip_value_min=0.0, clip_value_max=1.0))

    def loss_now() -> float:
        variation = total_variation_weight * tf.image.total_variation(image)
        return float((style_content_loss(extractor(image)) + variation)[0])

    def picture_now() -> np.ndarray:
        return image[0].numpy()

    yield picture_now, loss_now
    for _ in range(steps):
        train_step(image)
        yield picture_now, loss_now
