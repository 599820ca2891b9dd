"""The report beside an INT8 model: what its calibration measured, and for which file, preprocessing and decoder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_app.core import files
from edge_app.core.errors import ConfigError
from edge_app.model.agreement import Agreement
from edge_app.model.card import Fraction, InputSpec, Thresholds

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Method = Literal["entropy", "max", "percentile", "mse"]
Schema = Literal["edge_app.calibration/1"]


class ReportSection(BaseModel):
    """A section of the report: frozen; keys that a later version adds are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, validate_by_name=True)


class Figures(ReportSection):
    """INT8 against FP32 on the holdout; see `edge_app.model.agreement.Agreement`."""

    map50: Fraction
    map50_95: Fraction
    recall: Fraction
    precision: Fraction
    score_drift: float

    @classmethod
    def of(cls, agreement: Agreement) -> Figures:
        return cls(**{name: getattr(agreement, name) for name in cls.model_fields})


class GroundTruth(ReportSection):
    """Both models against ground truth, mAP at IoU 0.5."""

    fp32_map50: Fraction
    int8_map50: Fraction


class JudgedLabel(ReportSection):
    """A class with enough ground-truth boxes in the holdout."""

    label: str
    boxes: int
    ap50: Fraction


class NotJudgedLabel(ReportSection):
    """A class with some, but too few ground-truth boxes in the holdout."""

    label: str
    boxes: int


class Fallback(ReportSection):
    """A layer that was put back to float because the agreement was too low."""

    layer: str
    gain: float  # in mAP50
    cost: Fraction | None = None  # share of the model's multiplications that INT8 lost


class Layer(ReportSection):
    """A quantized layer and how well its output survives [dB]; None if it does not change at all."""

    name: str
    sqnr_db: float | None


class CalibrationReport(ReportSection):
    """`FILE.report.json`."""

    schema_: Schema = Field(default="edge_app.calibration/1", alias="schema")
    model_sha256: Sha256  # of the FP32 file
    int8_sha256: Sha256
    golden_sha256: Sha256 | None  # of FILE.golden.npz; None if the model did not pass
    preprocessing: InputSpec
    decoder: str  # the family
    thresholds: Thresholds  # where recall and precision were measured
    images: int  # used for calibration
    method: Method
    min_agreement: Fraction
    passed: bool
    reason: str  # the verdict as a text
    agreement: Figures
    ground_truth: GroundTruth | None
    judged: tuple[JudgedLabel, ...]
    not_judged: tuple[NotJudgedLabel, ...]
    thin_evidence: bool  # whether too few ground-truth boxes were accepted
    excluded: tuple[str, ...]  # layers in float from the start, not because of their agreement
    fallbacks: tuple[Fallback, ...]
    layers: tuple[Layer, ...]
    calibration_pictures: tuple[Sha256, ...]
    holdout_pictures: tuple[Sha256, ...]

    def refuses(
        self, int8_sha256: str, preprocessing: InputSpec, decoder: str, model_sha256: str | None = None
    ) -> str | None:
        """Why this report does not cover such a model, as a text to put after the name of the file; None if it does.

        Args:
            int8_sha256: SHA-256 of the file to run.
            preprocessing: The preprocessing it would get.
            decoder: The family that would decode its outputs.
            model_sha256: SHA-256 of the FP32 file that it stands for, if known.
        """
        if int8_sha256 != self.int8_sha256:
            return "its report is about another file"
        if model_sha256 not in (None, self.model_sha256):
            return "its report is about INT8 of another FP32 model; calibrate this one"
        if not self.passed:
            return f"its report says that it did not pass: {self.reason}"
        made, wanted = self.preprocessing.model_dump(), preprocessing.model_dump()
        if other := [f"{key} {made[key]}, not {wanted[key]}" for key in made if made[key] != wanted[key]]:
            return f"its report is about other preprocessing: {'; '.join(other)}"
        if decoder != self.decoder:
            return f"its report is about decoder {self.decoder}, not {decoder}"
        return None


def report_path(onnx: Path) -> Path:
    """The path of that model's report.

    >>> report_path(Path("models/street.int8.onnx")).name
    'street.int8.report.json'
    """
    return onnx.with_suffix(".report.json")


def read_report(path: Path) -> CalibrationReport:
    """The report at `path`; raises ConfigError that names the file, and the key if there is one."""
    try:
        return CalibrationReport.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such report") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot read this report ({error.strerror})") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = "".join(f"{part}: " for part in first["loc"])
        raise ConfigError(f"{path}: not a calibration report: {key}{first['msg']}") from error


def write_report(report: CalibrationReport, path: Path) -> None:
    """Writes it to `path`, completely or not at all; raises OSError if the operating system refuses."""
    files.write(path, report.model_dump_json(by_alias=True, indent=1) + "\n")
