"""What a drawn object looks like in the light: it is drawn as labels, which are coloured all at once."""

from __future__ import annotations

import cv2
import numpy as np

from edge_app.synthetic.shapes import Floats, Model
from edge_app.synthetic.view import Bytes, Sun

# Of the discs that shade a round thing: brightness, and what contrast takes of it.
DISC_TONES, DISC_FALLS = (0.9, 0.95, 1.08), (0.32, 0.0, 0.0)
SINGLE_DISC = 0.93  # brightness of a round thing that is only one
BAND = 32  # rows of a sprite that are coloured at once: few, which the processor's cache holds


def palette(model: Model, seen: Floats, sun: Sun, *, single: bool) -> Bytes:
    """Colour in the light and alpha of each label, uint8 (256, 4); label 0 is empty."""
    bright = np.ones(len(model.colours) + 1)
    if len(model.faces):
        bright[model.face_labels] = _brightness(model, seen, sun)
    falls = [tone - fall * sun.contrast for tone, fall in zip(DISC_TONES, DISC_FALLS, strict=True)]
    bright[model.disc_labels] = SINGLE_DISC if single else falls
    lit = model.colours * sun.tint * bright[1:, None]
    table = np.zeros((256, 4), dtype=np.uint8)
    table[1 : len(bright), :3] = np.minimum(255, np.rint(np.where(model.glows, model.colours, lit)))
    table[1 : len(bright), 3] = 255
    return table


def _brightness(model: Model, seen: Floats, sun: Sun) -> Floats:
    """Of each face (f,): lit by the sky above and by the sun opposite to the shadows."""
    first = model.starts[model.faces]
    second = model.following[first]
    corners = seen[:, (first, second, model.following[second])]
    a, b = np.moveaxis(corners[:, 1:] - corners[:, :-1], 1, 0)
    x = a[1] * b[2] - a[2] * b[1]
    y = a[2] * b[0] - a[0] * b[2]
    z = a[0] * b[1] - a[1] * b[0]
    size = np.maximum(1e-9, np.sqrt(x * x + y * y + z * z))
    sunny = x * (1 if sun.throw[0] > 0 else -1)
    facing = (np.abs(y) * 0.75 + np.maximum(0, sunny) * 0.5) / size
    return np.asarray((1.05 + sun.contrast * (facing - 0.75)).round(2))


def coloured(labels: Bytes, table: Bytes, fine: int) -> Bytes:
    """Labels in the colours of a palette, made smaller by a whole number; uint8 (height, width, 4)."""
    height, width = labels.shape[0] // fine, labels.shape[1] // fine
    colours = table.view(np.int32)  # a pixel is looked up as one number of four bytes
    body = np.empty((height, width, 4), dtype=np.uint8)
    for top in range(0, height, BAND):
        band = body[top : top + BAND]
        pixels = np.asarray(cv2.LUT(labels[top * fine : (top + BAND) * fine], colours)).view(np.uint8)
        cv2.resize(pixels.reshape(-1, width * fine, 4), band.shape[1::-1], band, interpolation=cv2.INTER_AREA)
    return body
