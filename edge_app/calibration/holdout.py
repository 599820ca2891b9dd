"""Which pictures are held out of the calibration to judge it by, where the user names none."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from edge_app.core.errors import DataError

BLOCKS = 4  # of a source, spread over its time, so that more than one light and scene is judged
SHARE = 0.25  # of a source that is held out
GAP = 0.05  # of a block's period, left out on either side: its neighbours look like it
LEAST = 8  # pictures of a source, to take a block and its gaps from


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


def apart(calibration: Sequence[str], holdout: Collection[str]) -> list[int]:
    """Indices of the calibration's pictures that are not in the holdout too, by the digests of their pixels.

    Raises:
        DataError: There is none.
    """
    judged_by = set(holdout)
    kept = [index for index, digest in enumerate(calibration) if digest not in judged_by]
    if not kept:
        raise DataError("every picture for the calibration is in the holdout too: the two must differ")
    return kept
