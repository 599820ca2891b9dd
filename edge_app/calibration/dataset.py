"""Which pictures calibrate and which judge, their ground truth, and their way into the caches."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_app.calibration.cache import CalibrationCache, spaced
from edge_app.calibration.context import CalibrationProgress
from edge_app.calibration.series import Series, names
from edge_app.core.detections import Detections
from edge_app.core.errors import DataError, InputError

logger = logging.getLogger(__name__)

HOLDOUT = 200  # pictures at most
STEP = "reading pictures"
BLOCKS = 4  # of a source, spread over its time, so that more than one light and scene is judged
SHARE = 0.25  # of a source that is held out
GAP = 0.05  # of a block's period, left out on either side: its neighbours look like it
LEAST = 8  # pictures of a source, to take a block and its gaps from
FOLDER = "labels"  # beside the pictures' own folder

Places = list[set[int]]  # of each series


def gather(
    data: Sequence[Series],
    holdout: Sequence[Series],
    images: int,
    caches: tuple[CalibrationCache, CalibrationCache],
    progress: CalibrationProgress,
) -> None:
    """Reads pictures, evenly spaced in time, into the cache of the calibration and that of the holdout.

    Args:
        data: To calibrate with; if `holdout` is empty, blocks of time of each are held out.
        holdout: To judge by.
        images: For the calibration at most.
        caches: Of the calibration and of the holdout.
        progress: Is told how many are read.

    Raises:
        DataError: There are too few, or the two are the same pictures.
        InputError, StreamError: Reading failed.
    """
    calibrating, judging = caches
    used: Sequence[Sequence[int]]
    held: Sequence[Sequence[int]]
    if holdout:
        used, held = [range(series.count) for series in data], [range(series.count) for series in holdout]
    else:
        used, held = map(list, zip(*map(_blocks, data), strict=True))
    kept = _spread(held, HOLDOUT)
    wanted = _spread(used, images + sum(map(len, kept)))  # for as many may be in the holdout too
    total = sum(map(len, (*wanted, *kept)))

    def read(series: Series, places: set[int], to: dict[int, CalibrationCache]) -> None:
        for one in series.read(places):
            to[one.index].add(one.picture, one.name, one.file)
            progress(STEP, len(calibrating) + len(judging), total)

    if holdout:
        for each, places in zip(holdout, kept, strict=True):
            read(each, places, dict.fromkeys(places, judging))
        kept = [set()] * len(data)
    for each, places, apart_places in zip(data, wanted, kept, strict=True):
        to = dict.fromkeys(places, calibrating) | dict.fromkeys(apart_places, judging)
        read(each, set(to), to)
    _part((calibrating, data), (judging, holdout or data))
    calibrating.keep(calibrating.spread(images))


def _blocks(series: Series) -> tuple[list[int], list[int]]:
    with _blaming([series]):
        return held_out(series.count)


@contextmanager
def _blaming(series: Sequence[Series]) -> Iterator[None]:
    """Lets an error name the series."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{names(series)}: {error}") from error


def _spread(every: Sequence[Sequence[int]], count: int) -> Places:
    """At most that many of all places, evenly spaced."""
    flat = [(number, place) for number, places in enumerate(every) for place in places]
    chosen: Places = [set() for _ in every]
    for index in spaced(len(flat), count):
        number, place = flat[index]
        chosen[number].add(place)
    return chosen


def _part(used: tuple[CalibrationCache, Sequence[Series]], held: tuple[CalibrationCache, Sequence[Series]]) -> None:
    """Leaves out of the calibration what is in the holdout too; each cache comes with the series that filled it."""
    for cache, series in (used, held):
        if not len(cache):
            raise DataError(f"{names(series)}: none of these pictures can be read")
    (calibrating, data), (judging, _) = used, held
    with _blaming(data):
        kept = not_held_out([item.sha256 for item in calibrating.items], {item.sha256 for item in judging.items})
    if left := len(calibrating) - len(kept):
        logger.warning("%d pictures are in the holdout too and do not calibrate", left)
        calibrating.keep(kept)


def held_out(count: int) -> tuple[list[int], list[int]]:
    """Splits one source's pictures into contiguous blocks of time.

    Args:
        count: How many there are, in the order of time.

    Returns:
        Indices for calibration and of the holdout, each ascending; at least one picture between the two is in neither.

    Raises:
        DataError: There are too few.
    """
    if count < LEAST:
        raise DataError(f"{count} pictures are too few to hold some out; want {LEAST}, or a holdout of its own")
    blocks = max(1, min(BLOCKS, count // LEAST))
    holdout: set[int] = set()
    near: set[int] = set()
    for block in range(blocks):
        begin, end = block * count // blocks, (block + 1) * count // blocks
        period = end - begin
        length, gap = max(1, round(period * SHARE)), max(1, round(period * GAP))
        first = begin + (period - length) // 2
        holdout.update(range(first, first + length))
        near.update(range(first - gap, first + length + gap))
    return sorted(set(range(count)) - near), sorted(holdout)


def not_held_out(calibration: Sequence[str], holdout: Collection[str]) -> list[int]:
    """Indices of the calibration's pictures that are not in the holdout too, by the digests of their pixels.

    Raises:
        DataError: There is none.
    """
    judged_by = set(holdout)
    kept = [index for index, digest in enumerate(calibration) if digest not in judged_by]
    if not kept:
        raise DataError("every picture for the calibration is in the holdout too: the two must differ")
    return kept


def truth_path(picture: Path) -> Path | None:
    """The file of what is in the picture: NAME.txt beside it, or in a folder `labels` beside its folder."""
    name = f"{picture.stem}.txt"
    places = (picture.parent / name, picture.absolute().parent.parent / FOLDER / name)
    return next((path for path in places if path.is_file()), None)


def read_truth(path: Path, wh: tuple[int, int], classes: int | None) -> Detections:
    """The boxes of one picture [source px], score 1; an empty file says that there are none.

    Args:
        path: One line per box: class, centre x, centre y, width and height, as parts of the picture's.
        wh: The picture's width and height [px].
        classes: How many the model tells apart, or None if that is not known.

    Raises:
        InputError: It cannot be read, or a line has another form; the text names the file and the line.
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
