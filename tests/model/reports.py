"""The report of a calibration that never was, for tests of what reads reports."""

from __future__ import annotations

from edge_app.model import CalibrationReport, InputSpec, Thresholds
from edge_app.model.agreement import Agreement, Judged
from edge_app.model.report import Figures

FILE, OTHER = "a" * 64, "b" * 64
INPUT = InputSpec(width=64, height=32, color="bgr", scale=1 / 255, letterbox="top_left")


def report(**changes):
    measured = Agreement(0.99, 0.9, 0.98, 0.97, -0.01, {0: Judged(120, 0.99)}, {1: 3}, 90)
    keys = {
        "model_sha256": OTHER, "int8_sha256": FILE, "golden_sha256": OTHER, "preprocessing": INPUT, "decoder": "yolox",
        "thresholds": Thresholds(), "images": 300, "method": "entropy", "min_agreement": 0.95, "passed": True,
        "reason": "mAP50, recall and precision are at least 0.95", "agreement": Figures.of(measured),
        "ground_truth": None, "judged": ({"label": "car", "boxes": 120, "ap50": 0.99},),
        "not_judged": ({"label": "cat", "boxes": 3},), "thin_evidence": False, "excluded": ("head.0",),
        "fallbacks": ({"layer": "dark2", "gain": 0.1},), "layers": ({"name": "stem", "sqnr_db": 31.5},),
        "calibration_pictures": (FILE,), "holdout_pictures": (OTHER,),
    }  # fmt: skip
    return CalibrationReport(**(keys | changes))
