"""What is in a picture, where somebody wrote it down as YOLO's tools do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_app.core.detections import Detections
from edge_app.core.errors import InputError

FOLDER = "labels"  # beside the pictures' own folder


def truth_path(picture: Path) -> Path | None:
    """The file of what is in the picture: NAME.txt beside it, or in a folder `labels` beside its folder."""
    name = f"{picture.stem}.txt"
    places = (picture.parent / name, picture.absolute().parent.parent / FOLDER / name)
    return next((path for path in places if path.is_file()), None)


def read_truth(path: Path, wh: tuple[int, int], classes: int | None) -> Detections:
    """The boxes of one picture [source px], score 1; an empty file says that there is none.

    Args:
        path: A line a box: class, centre x, centre y, width and height, as parts of the picture's.
        wh: The picture's width and height [px].
        classes: How many the model tells apart, or None where that is not known.

    Raises:
        InputError: It cannot be read, or a line is another; the text names the file and the line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot read this truth ({error})") from error
    rows = [_row(line, f"{path}:{number}", classes) for number, line in enumerate(lines, 1) if line.strip()]
    table = np.array(rows, np.float64).reshape(-1, 5)
    centre, half = table[:, 1:3] * wh, table[:, 3:5] * wh / 2
    xyxy: NDArray[np.float32] = np.hstack([centre - half, centre + half]).astype(np.float32)
    return Detections(xyxy, np.ones(len(table), np.float32), table[:, 0].astype(np.int32))


def _row(line: str, place: str, classes: int | None) -> list[float]:
    """Class, centre x, centre y, width, height."""
    try:
        row = [float(word) for word in line.split()]
    except ValueError:
        row = []
    if len(row) != 5 or not row[0].is_integer() or not all(0 <= part <= 1 for part in row[1:]) or row[0] < 0:
        raise InputError(f"{place}: want class, centre x, centre y, width and height, the last four from 0 to 1")
    if classes is not None and row[0] >= classes:
        raise InputError(f"{place}: class {int(row[0])}, but the model has 0 to {classes - 1}")
    return row
