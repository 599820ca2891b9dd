"""The names of a model's classes, from the first place that has them."""

from __future__ import annotations

import ast
import logging
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from edge_app.errors import InputError

logger = logging.getLogger(__name__)

MOST_CLASSES = 2000  # of a model that does not say how many it has
BUNDLED = "coco"  # what `labels:` may say instead of a file


def choose_labels(
    classes: int | None, file: Path | None, card: Sequence[str] | None, metadata: dict[str, str]
) -> tuple[str, ...]:
    """The labels of a model of so many classes: the file's, the card's, the ONNX metadata's, COCO's, or numbers.

    A model whose outputs do not show how many classes it has gets numbers for those that nothing names.

    Raises:
        InputError: The file or the card names another number of classes; the text names it.
    """
    if classes is None:
        known = tuple(read_labels(file) if file is not None else card or metadata_labels(metadata) or ())
        if not known:
            logger.warning("nothing names the model's classes; give `labels:` a file with a name a line, or coco")
        return known + tuple(f"class_{i}" for i in range(len(known), MOST_CLASSES))
    if file is not None:
        return _checked(read_labels(file), classes, str(file))
    if card is not None:
        return _checked(tuple(card), classes, "the model card")
    if (names := metadata_labels(metadata)) and len(names) == classes:
        return names
    coco = coco_labels()
    return coco if classes == len(coco) else tuple(f"class_{i}" for i in range(classes))


def coco_labels() -> tuple[str, ...]:
    """COCO's 80 classes, in the order that detectors use."""
    return tuple((resources.files(__package__) / "coco.txt").read_text(encoding="utf-8").split("\n"))[:80]


def read_labels(path: Path) -> tuple[str, ...]:
    """A text file with a name a line, blank lines at its end not counted; or COCO's, where `coco` is no file."""
    if path.name == BUNDLED and not path.exists():
        return coco_labels()
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
