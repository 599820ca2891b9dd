"""Whether an INT8 model may run: its report is about this very file, preprocessing and decoder, and it answers well."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge_app import model
from edge_app.core.errors import ConfigError, DataError
from edge_app.detector.golden import compare, golden_path, read_golden, shortfall
from edge_app.engine.slot import Engine
from edge_app.postprocess import OutputDecoder

ENOUGH_AGREEMENT = 0.95  # a lower bar was set with --min-agreement


class Int8AccuracyError(DataError):
    """INT8 that has a good report does not find on this machine what FP32 finds."""


@dataclass(frozen=True, slots=True)
class Int8Qualification:
    """What a report says: that the model agrees with FP32 on its golden inputs.

    Attributes:
        path: The INT8 file.
        report: Of its calibration.
        golden: The inputs, with FP32's detections.
        decoder: Of the model's family.
    """

    path: Path
    report: model.CalibrationReport
    golden: Path
    decoder: OutputDecoder

    @property
    def reason(self) -> str | None:
        """Why `auto` does not take it, in words that follow the name of the file; None if it does."""
        if self.report.min_agreement >= ENOUGH_AGREEMENT:
            return None
        return f"its calibration asked for an agreement of only {self.report.min_agreement:g}"

    def check(self, engine: Engine) -> float:
        """Lets the engine answer the golden inputs, in the form that will run; returns its mAP50 against FP32.

        Raises:
            Int8AccuracyError: Its answers are not good enough.
        """
        found = compare(engine, read_golden(self.golden), self.decoder, self.report.thresholds)
        if low := shortfall(found, self.report.min_agreement):
            text = f"{self.golden}: INT8 answers these inputs otherwise than FP32 on this machine: {low}"
            raise Int8AccuracyError(text)
        return found.map50


def verify(found: model.Model, path: Path, sha256: str, decoder: OutputDecoder) -> Int8Qualification:
    """The qualification of a Q/DQ file, by the report beside it.

    Args:
        found: The model, whose card says what it would be fed and for which FP32 file it stands.
        path: The ONNX file.
        sha256: Of it, in hexadecimal.
        decoder: What would read its outputs.

    Raises:
        ConfigError: There is none, or it is about something else.
    """
    beside = model.report_path(path)
    if not beside.is_file():
        raise ConfigError(f"{path}: no report beside it ({beside.name}); `edge-app calibrate` makes INT8 with one")
    report = model.read_report(beside)
    spec = found.card.input or decoder.preprocessing
    if reason := report.refuses(sha256, spec, decoder.family, found.digest("fp32")):
        raise ConfigError(f"{path}: {reason}")
    golden = golden_path(path)
    if not golden.is_file() or model.sha256(golden) != report.golden_sha256:
        raise ConfigError(f"{golden}: missing, or not what the report beside it is about")
    return Int8Qualification(path, report, golden, decoder)
