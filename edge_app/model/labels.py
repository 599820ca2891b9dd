"""The names of a model's classes, from the first place that has them."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from edge_app.errors import InputError


@dataclass(frozen=True, slots=True)
class Labels:
    """The names of a model's classes, and in words where they come from."""

    names: tuple[str, ...]
    origin: str


def find_labels(classes: int, file: Path | None, card: Sequence[str] | None, metadata: dict[str, str]) -> Labels:
    """The labels of a model of so many classes: the file's, the card's, the ONNX metadata's, COCO's, or numbers.

    Raises:
        InputError: The file or the card names another number of classes; the text names it.
    """
    if file is not None:
        return _checked(Labels(read_labels(file), str(file)), classes)
    if card is not None:
        return _checked(Labels(tuple(card), "the model card"), classes)
    if (names := metadata_labels(metadata)) and len(names) == classes:
        return Labels(names, "metadata names")
    coco = coco_labels()
    if classes == len(coco):
        return Labels(coco, f"COCO because {classes} classes")
    return Labels(tuple(f"class_{i}" for i in range(classes)), "numbers, because nothing names them")


def choose_labels(
    classes: int, file: Path | None, card: Sequence[str] | None, metadata: dict[str, str]
) -> tuple[str, ...]:
    """The names that `find_labels` finds."""
    return find_labels(classes, file, card, metadata).names


def coco_labels() -> tuple[str, ...]:
    """COCO's 80 classes, in the order that detectors use."""
    return tuple((resources.files(__package__) / "coco.txt").read_text(encoding="utf-8").split("\n"))[:80]


def read_labels(path: Path) -> tuple[str, ...]:
    """A text file with a name a line; blank lines at its end do not count."""
    try:
        lines = path.read_text(encoding="utf-8").rstrip().split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot read the labels ({error})") from error
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


def _checked(labels: Labels, classes: int) -> Labels:
    if len(labels.names) != classes:
        raise InputError(f"{labels.origin}: {len(labels.names)} labels for a model of {classes} classes")
    return labels
