"""Slow, plain NumPy truths to compare with."""

from __future__ import annotations

import numpy as np


def content_cost(a_C, a_G):
    """1/2 of the sum over positions and channels of the squared difference, one by one."""
    total = 0.0
    for i in range(a_C.shape[0]):
        for j in range(a_C.shape[1]):
            for k in range(a_C.shape[2]):
                total += (float(a_C[i, j, k]) - float(a_G[i, j, k])) ** 2
    return total / 2


def gram_matrix(a):
    """G_kk' = sum over i, j of a_ijk a_ijk', one by one."""
    height, width, channels = a.shape
    gram = np.zeros((channels, channels))
    for k in range(channels):
        for other in range(channels):
            for i in range(height):
                for j in range(width):
                    gram[k, other] += float(a[i, j, k]) * float(a[i, j, other])
    return gram


def layer_style_cost(a_S, a_G):
    """Squared difference of the Gram matrices over 4 n_C^2 (n_H n_W)^2."""
    height, width, channels = a_G.shape
    difference = gram_matrix(a_S) - gram_matrix(a_G)
    return float((difference**2).sum()) / (4 * channels**2 * (height * width) ** 2)


def variation_cost(picture):
    """Sum of |difference| to the neighbour below and to the right, one by one."""
    height, width, channels = picture.shape
    total = 0.0
    for i in range(height):
        for j in range(width):
            for k in range(channels):
                if i + 1 < height:
                    total += abs(float(picture[i + 1, j, k]) - float(picture[i, j, k]))
                if j + 1 < width:
                    total += abs(float(picture[i, j + 1, k]) - float(picture[i, j, k]))
    return total


def finite_difference(function, x, step=1e-5):
    """The gradient of a scalar function by central differences, in float64."""
    x = np.array(x, np.float64)
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        kept = x[index]
        x[index] = kept + step
        above = function(x)
        x[index] = kept - step
        below = function(x)
        x[index] = kept
        gradient[index] = (above - below) / (2 * step)
    return gradient


def convolution(x, kernel, bias, stride=1, padding=0):
    """A 2-D convolution as sums over its window; x `(h, w, in)`, kernel `(kh, kw, in, out)`."""
    x = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    height = (x.shape[0] - kernel.shape[0]) // stride + 1
    width = (x.shape[1] - kernel.shape[1]) // stride + 1
    out = np.zeros((height, width, kernel.shape[3]))
    for i in range(height):
        for j in range(width):
            window = x[i * stride : i * stride + kernel.shape[0], j * stride : j * stride + kernel.shape[1]]
            out[i, j] = np.tensordot(window, kernel, 3) + bias
    return out


def nearest(probe, gallery):
    """Index and squared distance of the nearest row, one by one."""
    distances = [sum((float(p) - float(g)) ** 2 for p, g in zip(probe, row, strict=True)) for row in gallery]
    return int(np.argmin(distances)), min(distances)


def convolution_counted(inputs, kernel, stride=1, padding="valid", dilation=1, groups=1):
    """A convolution of any rank by scalar products, one by one; returns the output and how many products there were."""
    rank = inputs.ndim - 1
    sizes = inputs.shape[:rank]
    each = lambda value: (value,) * rank if isinstance(value, int) else tuple(value)  # noqa: E731
    stride, dilation = each(stride), each(dilation)
    reach = [(k - 1) * d + 1 for k, d in zip(kernel.shape, dilation, strict=False)]
    if padding == "same":
        before = [max((-(-n // s) - 1) * s + r - n, 0) // 2 for n, s, r in zip(sizes, stride, reach, strict=True)]
        out = [-(-n // s) for n, s in zip(sizes, stride, strict=True)]
    else:
        before = [0] * rank if padding == "valid" else list(each(padding))
        out = [(n + 2 * b - r) // s + 1 for n, b, r, s in zip(sizes, before, reach, stride, strict=True)]
    per_group, filters = kernel.shape[-2], kernel.shape[-1]
    output, products = np.zeros((*out, filters)), 0
    for place in np.ndindex(*out):
        for f in range(filters):
            for cell in np.ndindex(*kernel.shape[:rank]):
                at = [p * s + c * d - b for p, s, c, d, b in zip(place, stride, cell, dilation, before, strict=True)]
                inside = all(0 <= a < n for a, n in zip(at, sizes, strict=True))
                for c in range(per_group):
                    channel = f // (filters // groups) * per_group + c
                    value = float(inputs[(*at, channel)]) if inside else 0.0
                    output[(*place, f)] += value * float(kernel[(*cell, c, f)])
                    products += 1
    return output, products
