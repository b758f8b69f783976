"""Measure how a stylised film flickers: frame by frame, and each frame painted on from the last.

    python benchmarks/film.py [--frames 8] [--size 128] [--steps 40] [--weights 0 10000] [--sheet film.png]

The film: a cat's head goes across a still table, with a camera's faint noise. Frame by frame, every frame is a transfer
of its own, from the content. Flicker is the mean |G_t - G_(t-1)|, in 255ths, where the film
stands still. Ghost is what is left of the last frame where the head has just gone away: the slope of G_t - B over
G_(t-1) - B, with B the painting of the bare table; 0 where nothing is left.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import time

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

from keras_apps.images import load_image, resize, save_image


def film(count: int, size: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Make `count` frames, float32 `(h, w, 3)` in 0..1, and the head's opacity in each, `(h, w)`."""
    rng = np.random.default_rng(0)
    table = resize(load_image("bundled:coffee"), size)
    cat = load_image("bundled:cat")
    side = min(cat.shape[:2])
    head = resize(cat[:side, (cat.shape[1] - side) // 2 :][:, :side], round(0.36 * size))
    y, x = np.mgrid[: head.shape[0], : head.shape[1]] / (head.shape[0] / 2) - 1
    opacity = np.clip((1 - np.hypot(x, y)) * 8, 0, 1).astype(np.float32)
    frames, opacities = [], []
    for place in np.linspace(0, table.shape[1] - head.shape[1], count).round().astype(int):
        top = (table.shape[0] - head.shape[0]) // 2
        region = slice(top, top + head.shape[0]), slice(place, place + head.shape[1])
        frame, mask = table.copy(), np.zeros(table.shape[:2], np.float32)
        frame[region] = opacity[..., None] * head + (1 - opacity[..., None]) * frame[region]
        mask[region] = opacity
        noisy = frame + rng.normal(0, 0.004, frame.shape)
        frames.append(np.clip(noisy, 0, 1).astype(np.float32))
        opacities.append(mask)
    return frames, opacities


def ghost(painted: list[np.ndarray], opacities: list[np.ndarray], bare: np.ndarray) -> float:
    """The slope of G_t - B over G_(t-1) - B where the head was a frame ago and is no more."""
    above = below = 0.0
    for t in range(1, len(painted)):
        left = (opacities[t - 1] == 1) & (opacities[t] == 0)
        now, before = ((picture - bare)[left] for picture in (painted[t], painted[t - 1]))
        above, below = above + float((now * before).sum()), below + float((before**2).sum())
    return above / below


def frame_by_frame(frames: list[np.ndarray], style: np.ndarray, recipe, compiled: bool) -> list[np.ndarray]:
    """Paint every frame by itself."""
    from keras_apps.style.run import transfer

    return [transfer(frame, style, recipe, compiled=compiled).image for frame in frames]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--next-steps", type=int, default=None)
    parser.add_argument("--weights", type=float, nargs="+", default=[0.0, 10_000.0], help="temporal weights to compare")
    parser.add_argument("--style", default="bundled:vortices")
    parser.add_argument(
        "--starts", nargs="*", default=["content"], help="of frame by frame; from noise 40 steps give no picture yet"
    )
    parser.add_argument(
        "--compiled", action="store_true", help="with XLA, which compiles anew for every frame by itself"
    )
    parser.add_argument("--sheet", help="a picture of all frames")
    parser.add_argument("--gif", help="an animation of all of them, one above the other")
    arguments = parser.parse_args()

    from keras_apps.style.film.film import stylize_frames
    from keras_apps.style.film.motion import flicker
    from keras_apps.style.output.gif import save_gif
    from keras_apps.style.recipes.recipe import Recipe
    from keras_apps.style.run import transfer

    frames, opacities = film(arguments.frames, arguments.size)
    style = resize(load_image(arguments.style), round(1.25 * arguments.size))
    recipe = Recipe(backbone="vgg16", size=arguments.size, steps=arguments.steps, optimizer="adam")
    compiled = arguments.compiled
    bare = transfer("bundled:coffee", style, recipe, compiled=compiled).image
    sides = {}
    for start in arguments.starts:
        own = dataclasses.replace(recipe, start=start)
        sides[f"frame by frame, from {start}"] = lambda own=own: frame_by_frame(frames, style, own, compiled)
    for weight in arguments.weights:
        sides[f"from the last frame, weight {weight:g}"] = lambda weight=weight: [
            frame.image
            for frame in stylize_frames(
                frames, style, recipe, temporal_weight=weight, next_steps=arguments.next_steps, compiled=compiled
            )
        ]
    rows = [frames]
    height, width = frames[0].shape[:2]
    print(f"{arguments.frames} frames of {width} x {height}, {recipe.steps} steps for a whole one")
    print(f"{'':34} flicker/255  ghost  seconds")
    for name, paint in sides.items():
        began = time.perf_counter()
        rows.append(paint())
        seconds = time.perf_counter() - began
        found = 255 * flicker(rows[-1], frames)
        print(f"{name:34} {found:11.2f} {ghost(rows[-1], opacities, bare):6.2f} {seconds:8.0f}", flush=True)
    if arguments.sheet:
        save_image(np.concatenate([np.concatenate(row, axis=1) for row in rows]), arguments.sheet)
    if arguments.gif:
        save_gif([np.concatenate(at_once) for at_once in zip(*rows, strict=True)], arguments.gif, frames_per_second=6)


if __name__ == "__main__":
    main()
