"""The names of a model's classes, from the first place that has them."""

from __future__ import annotations

import ast
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from edge_app.errors import ConfigError, DataError, EdgeAppError, InputError

logger = logging.getLogger(__name__)

MOST_CLASSES = 2000  # of a model that does not say how many it has
BUNDLED = "coco"  # what `labels:` may say instead of a file


@dataclass(frozen=True, slots=True)
class Labels:
    """The names of a model's classes, and in words where they come from."""

    names: tuple[str, ...]
    origin: str

    @property
    def of_all_classes(self) -> tuple[str, ...]:
        """The names, and numbers for what a model may still find whose outputs do not show how many classes it has."""
        return self.names + tuple(f"class_{i}" for i in range(len(self.names), MOST_CLASSES))


def find_labels(classes: int | None, file: Path | None, card: Sequence[str] | None, metadata: dict[str, str]) -> Labels:
    """The labels of a model of so many classes: the file's, the card's, the ONNX metadata's, COCO's, or numbers.

    Of a model whose outputs do not show how many classes it has (None) those that something names.

    Raises:
        InputError: The file cannot be read; the text names it.
        ConfigError: It names another number of classes.
        DataError: The card does.
    """
    if file is not None:
        return _checked(Labels(read_labels(file), str(file)), classes, ConfigError)
    if card is not None:
        return _checked(Labels(tuple(card), "the model card"), classes, DataError)
    names = metadata_labels(metadata) or ()
    if classes is None:
        if not names:
            logger.warning("nothing names the model's classes; give `labels:` a file with a name a line, or coco")
        return Labels(names, "metadata names" if names else "nothing names them")
    if names and len(names) == classes:
        return Labels(names, "metadata names")
    coco = coco_labels()
    if classes == len(coco):
        return Labels(coco, f"COCO because {classes} classes")
    return Labels(tuple(f"class_{i}" for i in range(classes)), "numbers, because nothing names them")


def coco_labels() -> tuple[str, ...]:
    """COCO's 80 classes, in the order that detectors use."""
    return tuple((resources.files(__package__) / "coco.txt").read_text(encoding="utf-8").split("\n"))[:80]


def read_labels(path: Path) -> tuple[str, ...]:
    """A text file with a name a line, blank lines at its end not counted; or COCO's, where `coco` is no file."""
    if path.name == BUNDLED and not path.exists():
        return coco_labels()
    try:
        lines = path.read_text(encoding="utf-8").rstrip().split("\n")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; want one with the name of a class a line, or {BUNDLED}") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text") from None
    return tuple(line.strip() for line in lines)


def metadata_labels(metadata: dict[str, str]) -> tuple[str, ...] | None:
    """Ultralytics' `names`, a dictionary printed by Python, or None."""
    try:
        names = ast.literal_eval(metadata.get("names", ""))
    except (ValueError, SyntaxError):
        return None
    if isinstance(names, dict):
        names = [names[key] for key in sorted(names)]
    return tuple(map(str, names)) if isinstance(names, list) else None


def _checked(labels: Labels, classes: int | None, mistake: type[EdgeAppError]) -> Labels:
    if classes not in (None, len(labels.names)):
        raise mistake(f"{labels.origin}: {len(labels.names)} labels for a model of {classes} classes")
    return labels
