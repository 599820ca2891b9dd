"""What computes, and why that and in this precision, as a document for people."""

from __future__ import annotations

from typing import Any

from edge_app.detector import Detector


def engine_document(detector: Detector) -> dict[str, Any]:
    """The backend, the precision and the reasons for both; of INT8 what its calibration found."""
    qualification = detector.qualification
    return {
        "model": detector.name,
        "precision": detector.precision,
        "because": detector.backend.because,
        "precision_because": detector.precision_because,
        "int8": None
        if qualification is None
        else qualification.report.model_dump(
            mode="json", include={"images", "method", "agreement", "ground_truth", "min_agreement", "fallbacks"}
        ),
    }
