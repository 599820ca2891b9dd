"""Which pictures calibrate and which judge, and their way into the albums."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from edge_app.calibration.cache import CalibrationCache, spaced
from edge_app.calibration.context import Progress
from edge_app.calibration.holdout import apart, held_out
from edge_app.calibration.pictures import Series, names
from edge_app.core.errors import DataError

logger = logging.getLogger(__name__)

HOLDOUT = 200  # pictures at most
STEP = "reading pictures"

Places = list[set[int]]  # of each series


def gather(
    data: Sequence[Series],
    holdout: Sequence[Series],
    images: int,
    albums: tuple[CalibrationCache, CalibrationCache],
    progress: Progress,
) -> None:
    """Reads pictures, evenly spaced in time, into the album of the calibration and that of the holdout.

    Args:
        data: To calibrate with; where `holdout` is empty, blocks of time of each are held out.
        holdout: To judge by.
        images: For the calibration at most.
        albums: Of the calibration and of the holdout.
        progress: Is told how many are read.

    Raises:
        DataError: There are too few, or the two are the same pictures.
        InputError, StreamError: Reading failed.
    """
    calibrating, judging = albums
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
        for shown in series.read(places):
            to[shown.index].add(shown.picture, shown.name, shown.file)
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
    """Lets an error name them."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{names(series)}: {error}") from error


def _spread(every: Sequence[Sequence[int]], count: int) -> Places:
    """At most so many of all places, evenly spaced."""
    flat = [(number, place) for number, places in enumerate(every) for place in places]
    chosen: Places = [set() for _ in every]
    for index in spaced(len(flat), count):
        number, place = flat[index]
        chosen[number].add(place)
    return chosen


def _part(used: tuple[CalibrationCache, Sequence[Series]], held: tuple[CalibrationCache, Sequence[Series]]) -> None:
    """Leaves out of the calibration what is in the holdout too; each album comes with what it was read from."""
    for album, series in (used, held):
        if not len(album):
            raise DataError(f"{names(series)}: none of these pictures can be read")
    (calibrating, data), (judging, _) = used, held
    with _blaming(data):
        kept = apart([item.sha256 for item in calibrating.items], {item.sha256 for item in judging.items})
    if left := len(calibrating) - len(kept):
        logger.warning("%d pictures are in the holdout too and do not calibrate", left)
        calibrating.keep(kept)
