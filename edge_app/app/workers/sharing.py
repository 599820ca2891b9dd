"""Which worker reads a camera: the one that is named, else the one that has the least to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def least_loaded(numbers: Sequence[int], workers_of: Mapping[str, int], rates: Mapping[str, float]) -> int:
    """The number of the worker that a camera is to go to.

    Args:
        numbers: Of the workers that it may go to.
        workers_of: Where the other cameras are.
        rates: Frames a second that are analysed of them, as measured; one that is not there counts as the others do on
            average.
    """
    measured = [rate for rate in rates.values() if rate > 0]
    usual = sum(measured) / len(measured) if measured else 1.0
    load = dict.fromkeys([*numbers, *workers_of.values()], 0.0)
    for camera, number in workers_of.items():
        load[number] += rates.get(camera) or usual
    return min(numbers, key=lambda number: (load[number], number))
