"""What each family's model is fed: its authors' preprocessing, channel by channel, from their published code."""

from __future__ import annotations

import numpy as np
import pytest

from edge_app.core.frames import Picture
from edge_app.detector.ask import OnnxFileNetwork
from edge_app.model import read_signature
from edge_app.postprocess import recognise
from edge_app.preprocess import Letterboxer
from tests.postprocess.layouts import LAYOUTS
from tests.postprocess.models import planted
from tests.postprocess.test_program import MODEL_WH, outputs

SIDE = 64
RED, GREEN, BLUE = 200, 100, 10
WIDTH, HEIGHT = 45, 26  # 64 / 45 times the height is 36.98: 37 rows where they are rounded, 36 where they are cut


def border(top, bottom, inner, colour=114.0):
    """Rows of that colour above and below the picture's."""
    rows = [np.full((height, SIDE, 3), colour) for height in (top, bottom)]
    return np.concatenate([rows[0], inner, rows[1]])


def plain(rows, *colour):
    return np.broadcast_to(np.array(colour, float), (rows, SIDE, 3))


def ultralytics():
    """LetterBox: shape rounded, (64 - 37) / 2 = 13.5 above and below, -0.1 and +0.1 rounded; then RGB and / 255."""
    ratio = min(SIDE / HEIGHT, SIDE / WIDTH)
    rows = round(HEIGHT * ratio)
    half = (SIDE - rows) / 2
    return border(round(half - 0.1), round(half + 0.1), plain(rows, RED, GREEN, BLUE))


def yolox():
    """Its preproc: `int(img.shape[0] * r)` rows at the top of a picture of 114, BGR, as they are."""
    rows = int(HEIGHT * min(SIDE / HEIGHT, SIDE / WIDTH))
    return border(0, SIDE - rows, plain(rows, BLUE, GREEN, RED))


def stretched():
    """Resize([size, size]) of an RGB picture."""
    return plain(SIDE, RED, GREEN, BLUE)


def bgr_stretched():
    """NanoDet's ShapeTransform without keep_ratio, of OpenCV's BGR."""
    return plain(SIDE, BLUE, GREEN, RED)


def bgr_on_black():
    """NanoDet's ShapeTransform with keep_ratio, whose picture lies half a pixel lower: it is warped."""
    rows = round(HEIGHT * min(SIDE / HEIGHT, SIDE / WIDTH))
    return border((SIDE - rows) // 2, (SIDE - rows + 1) // 2, plain(rows, BLUE, GREEN, RED), 0.0)


def openmmlab():
    """MMDetection's Resize with keep_ratio, sides rounded, and Pad to the right and below."""
    rows = int(HEIGHT * min(SIDE / HEIGHT, SIDE / WIDTH) + 0.5)
    return border(0, SIDE - rows, plain(rows, BLUE, GREEN, RED))


# torchvision's Normalize, in the order of RGB; DetDataPreprocessor and NanoDet's, in the order of BGR.
SCALES = {
    "bytes": lambda pixels: pixels,
    "unit": lambda pixels: pixels / 255,
    "imagenet": lambda pixels: (pixels / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225],
    "bgr_imagenet": lambda pixels: (pixels - [103.53, 116.28, 123.675]) / [57.375, 57.12, 58.395],
}
SHAPES = {"centre": ultralytics, "top_left": yolox, "stretch": stretched}
FAMILIES = {"rtmdet": openmmlab, "nanodet": bgr_stretched, "nanodet_first": bgr_on_black, "detectron2": bgr_stretched}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_picture_becomes_what_the_authors_feed(tmp_path, name):
    layout = LAYOUTS[name]
    signature = read_signature(planted(tmp_path / "m.onnx", layout, outputs(layout), MODEL_WH))
    fed = np.zeros((3, SIDE, SIDE), layout.dtype)
    picture = np.full((HEIGHT, WIDTH, 3), (BLUE, GREEN, RED), np.uint8)
    Letterboxer(recognise(signature, None, OnnxFileNetwork(signature.path)).preprocessing, fed).fill(
        Picture.from_bgr(picture)
    )
    expected = SCALES[layout.pixels](FAMILIES.get(layout.family, SHAPES[layout.letterbox])())
    np.testing.assert_allclose(fed.transpose(1, 2, 0), expected, rtol=1e-3 if layout.dtype == "float16" else 1e-5)
