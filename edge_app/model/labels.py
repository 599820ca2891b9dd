"""The names of a model's classes, from the first place that has them."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from edge_app.errors import InputError


def choose_labels(
    classes: int, file: Path | None, card: Sequence[str] | None, metadata: dict[str, str]
) -> tuple[str, ...]:
    """The labels of a model of so many classes: the file's, the card's, the ONNX metadata's, COCO's, or numbers.

    Raises:
        InputError: The file or the card names another number of classes; the text names it.
    """
    if file is not None:
        return _checked(read_labels(file), classes, str(file))
    if card is not None:
        return _checked(tuple(card), classes, "the model card")
    if (names := metadata_labels(metadata)) and len(names) == classes:
        return names
    coco = tuple((resources.files(__package__) / "coco.txt").read_text(encoding="utf-8").split("\n"))[:80]
    return coco if classes == len(coco) else tuple(f"class_{i}" for i in range(classes))


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


def _checked(labels: tuple[str, ...], classes: int, where: str) -> tuple[str, ...]:
    if len(labels) != classes:
        raise InputError(f"{where}: {len(labels)} labels for a model of {classes} classes")
    return labels
