"""Who vouches for an INT8 model: its report, which is about this very file, preprocessing and decoder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge_app import model
from edge_app.core.errors import ConfigError, DataError
from edge_app.detector.golden import check, golden_path, read_golden, shortfall
from edge_app.engine.slot import Engine
from edge_app.postprocess import Decoder

ENOUGH_AGREEMENT = 0.95  # less was asked of it by hand


class Int8AccuracyError(DataError):
    """INT8 that was vouched for does not find on this machine what FP32 finds."""


@dataclass(frozen=True, slots=True)
class Int8Qualification:
    """That the model agrees with FP32 on its golden inputs, as its calibration found it.

    Attributes:
        report: Of the calibration.
        golden: The inputs, with FP32's detections.
        decoder: Of the model's family.
    """

    report: model.Report
    golden: Path
    decoder: Decoder

    @property
    def doubt(self) -> str | None:
        """Why it runs only where INT8 is asked for, in words that follow the name of the file; None where it may."""
        if self.report.min_agreement >= ENOUGH_AGREEMENT:
            return None
        return f"its calibration asked for an agreement of only {self.report.min_agreement:g}"

    def keep(self, engine: Engine) -> float:
        """Lets the engine answer the golden inputs, in the form that will run; returns its mAP50 against FP32.

        Raises:
            BrokenPromiseError: Its answers are not good enough.
        """
        found = check(engine, read_golden(self.golden), self.decoder, self.report.thresholds)
        if low := shortfall(found, self.report.min_agreement):
            text = f"{self.golden}: INT8 answers these inputs otherwise than FP32 on this machine: {low}"
            raise Int8AccuracyError(text)
        return found.map50


def verify(found: model.Model, path: Path, decoder: Decoder) -> Int8Qualification:
    """What the report beside a Q/DQ file promises.

    Args:
        found: The model, whose card says what it would be fed and for which FP32 file it stands.
        path: The ONNX file.
        decoder: What would read its outputs.

    Raises:
        ConfigError: Nothing vouches for the file.
    """
    beside = model.report_path(path)
    if not beside.is_file():
        raise ConfigError(f"{path}: no report beside it ({beside.name}); `edge-app calibrate` makes INT8 with one")
    report = model.read_report(beside)
    spec = found.card.input or decoder.preprocessing
    if reason := report.refuses(model.sha256(path), spec, decoder.family, found.digest("fp32")):
        raise ConfigError(f"{path}: {reason}")
    golden = golden_path(path)
    if not golden.is_file() or model.sha256(golden) != report.golden_sha256:
        raise ConfigError(f"{golden}: missing, or not what the report beside it is about")
    return Int8Qualification(report, golden, decoder)
