"""Shades a rasterised mesh: it is drawn as labels, and all labels are coloured in one lookup."""

from __future__ import annotations

import cv2
import numpy as np

from edge_app.synthetic.arrays import ByteImage, Floats
from edge_app.synthetic.shapes import Mesh
from edge_app.synthetic.view import Sun

# The discs that shade a ball: their brightness, and how much of it full contrast takes away.
DISC_BRIGHTNESS, DISC_CONTRAST = (0.9, 0.95, 1.08), (0.32, 0.0, 0.0)
SINGLE_DISC = 0.93  # brightness of a ball that is drawn as one disc
BAND_ROWS = 32  # rows of a sprite that are coloured at a time: few enough for the CPU's cache


def label_colours(mesh: Mesh, points: Floats, sun: Sun, *, single: bool) -> ByteImage:
    """The shaded colour and alpha of each label, uint8 (256, 4); label 0 is transparent.

    `single`: balls are drawn as one disc.
    """
    brightness = np.ones(len(mesh.colours) + 1)
    if len(mesh.faces):
        brightness[mesh.face_labels] = _brightness(mesh, points, sun)
    disc_brightness = [base - loss * sun.contrast for base, loss in zip(DISC_BRIGHTNESS, DISC_CONTRAST, strict=True)]
    brightness[mesh.disc_labels] = SINGLE_DISC if single else disc_brightness
    lit = mesh.colours * sun.tint * brightness[1:, None]
    table = np.zeros((256, 4), dtype=np.uint8)
    table[1 : len(brightness), :3] = np.minimum(255, np.rint(np.where(mesh.emissive, mesh.colours, lit)))
    table[1 : len(brightness), 3] = 255
    return table


def _brightness(mesh: Mesh, points: Floats, sun: Sun) -> Floats:
    """Brightness of each face (f,), lit by the sky above and by the sun opposite to the shadows."""
    first = mesh.starts[mesh.faces]
    second = mesh.next_point[first]
    corners = points[:, (first, second, mesh.next_point[second])]
    a, b = np.moveaxis(corners[:, 1:] - corners[:, :-1], 1, 0)
    x = a[1] * b[2] - a[2] * b[1]
    y = a[2] * b[0] - a[0] * b[2]
    z = a[0] * b[1] - a[1] * b[0]
    size = np.maximum(1e-9, np.sqrt(x * x + y * y + z * z))
    to_sun = x * (1 if sun.shadow_offset[0] > 0 else -1)
    facing = (np.abs(y) * 0.75 + np.maximum(0, to_sun) * 0.5) / size
    return np.asarray((1.05 + sun.contrast * (facing - 0.75)).round(2))


def colourise(labels: ByteImage, table: ByteImage, supersampling: int) -> ByteImage:
    """Labels in the colours of `table`, downscaled by `supersampling`; uint8 (height, width, 4)."""
    height, width = labels.shape[0] // supersampling, labels.shape[1] // supersampling
    colours = table.view(np.int32)  # a pixel's four bytes are looked up as one number
    body = np.empty((height, width, 4), dtype=np.uint8)
    for top in range(0, height, BAND_ROWS):
        band = body[top : top + BAND_ROWS]
        rows = labels[top * supersampling : (top + BAND_ROWS) * supersampling]
        pixels = np.asarray(cv2.LUT(rows, colours)).view(np.uint8)
        cv2.resize(pixels.reshape(-1, width * supersampling, 4), band.shape[1::-1], band, interpolation=cv2.INTER_AREA)
    return body
