"""The names of a model's classes, from the first place that has them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from edge_app.config.plain import MOST_BYTES
from edge_app.core.errors import ConfigError, DataError, EdgeAppError, InputError
from edge_app.model.metadata import literal

logger = logging.getLogger(__name__)

MOST_CLASSES = 100_000  # that a file may declare; vocabularies of open-set detectors have some thousands
MAX_CLASSES = 2000  # for a model that does not say how many it has
BUNDLED = "coco"  # what `labels:` may say instead of a file
COCO_NUMBERS = 91  # COCO itself numbers its 80 classes from 1 to 90 and skips these numbers:
UNUSED = frozenset((0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83))


@dataclass(frozen=True, slots=True)
class Labels:
    """The names of a model's classes, and a text that says where they come from."""

    names: tuple[str, ...]
    origin: str

    @property
    def of_all_classes(self) -> tuple[str, ...]:
        """The names, then numbers: a model whose outputs do not show how many classes it has may find more."""
        return self.names + tuple(f"class_{i}" for i in range(len(self.names), MAX_CLASSES))


def find_labels(
    classes: int | None,
    file: Path | None,
    card: Sequence[str] | None,
    metadata: dict[str, str],
    *,
    from_one: bool = False,
    beside: Labels | None = None,
) -> Labels:
    """The labels of a model: the file's, the card's, the ONNX metadata's, those beside it, COCO's, or numbers.

    Args:
        classes: How many it has; None if its outputs do not show it: then as many as the first source names.
        file: A text file with one name per line, or `coco`.
        card: The card's labels.
        metadata: The ONNX file's metadata.
        from_one: Whether class 0 is the background, so that COCO's names stand at COCO's own numbers.
        beside: The names in a file that the exporter wrote beside the ONNX file.

    Raises:
        InputError: The file cannot be read; the text names it.
        ConfigError: The file names another number of classes.
        DataError: The card names another number of classes.
    """
    numbered = from_one or (file is not None and classes == COCO_NUMBERS)  # `coco` for that many means these
    coco = coco_numbers() if numbered else coco_labels()
    if file is not None:
        return _checked(Labels(read_labels(file, coco), str(file)), classes, ConfigError)
    if card is not None:
        return _checked(Labels(tuple(card), "the model card"), classes, DataError)
    own = _own(metadata, beside)
    if classes is None:
        if not own.names:
            logger.warning("nothing names the model's classes; give `labels:` a file with a name a line, or coco")
        return own
    if len(own.names) == classes:
        return own
    if own.names:
        text = "%s: not used, because they name %d classes, and the model has %d"
        logger.warning(text, own.origin, len(own.names), classes)
    if classes == len(coco):
        return Labels(coco, f"COCO because {classes} classes")
    return _numbers(classes)


def _numbers(classes: int) -> Labels:
    if classes > MOST_CLASSES:
        raise DataError(f"its output declares {classes} classes; want {MOST_CLASSES} at most")
    return Labels(tuple(f"class_{i}" for i in range(classes)), "numbers, because nothing names them")


def _own(metadata: dict[str, str], beside: Labels | None) -> Labels:
    """The names in the ONNX file, or else beside it; empty if there are none."""
    if names := metadata_labels(metadata):
        return Labels(names, "metadata names")
    return beside if beside and beside.names else Labels((), "nothing names them")


def coco_labels() -> tuple[str, ...]:
    """COCO's 80 classes in the order that detectors use."""
    return tuple((resources.files(__package__) / "coco.txt").read_text(encoding="utf-8").split("\n"))[:80]


def coco_numbers() -> tuple[str, ...]:
    """COCO's classes at COCO's own numbers, as in RF-DETR and in TensorFlow's SSD and others."""
    names = iter(coco_labels())
    return tuple(f"class_{i}" if i in UNUSED else next(names) for i in range(COCO_NUMBERS))


def read_labels(path: Path, coco: tuple[str, ...]) -> tuple[str, ...]:
    """The names in a text file, one per line without trailing blank lines; or `coco`, unless that is a file."""
    if path.name == BUNDLED and not path.exists():
        return coco
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path}: not a file; want one with the name of a class a line")  # a pipe may never end
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        lines = content.decode().rstrip().split("\n")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; want one with the name of a class a line, or {BUNDLED}") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text") from None
    if len(content) > MOST_BYTES:
        raise InputError(f"{path}: larger than {MOST_BYTES >> 20} MB; want the name of a class a line")
    return tuple(line.strip() for line in lines)


def metadata_labels(metadata: dict[str, str]) -> tuple[str, ...] | None:
    """Ultralytics' `names`, a dictionary by number or a list, or None; a missing number becomes `class_<i>`."""
    names = literal(metadata, "names")
    if isinstance(names, list):
        return tuple(map(str, names))
    try:
        numbered = {int(str(number)): str(name) for number, name in names.items()}
    except (AttributeError, ValueError):
        return None
    if not numbered or min(numbered) < 0 or max(numbered) >= MAX_CLASSES + len(numbered):
        return None
    return tuple(numbered.get(i, f"class_{i}") for i in range(max(numbered) + 1))


def _checked(labels: Labels, classes: int | None, error: type[EdgeAppError]) -> Labels:
    if classes not in (None, len(labels.names)):
        raise error(f"{labels.origin}: {len(labels.names)} labels for a model of {classes} classes")
    return labels
