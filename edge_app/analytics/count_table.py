"""What lines and zones have counted, as rows of a table: one for each period, place and label."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime, tzinfo
from itertools import groupby
from pathlib import Path
from typing import Any

from edge_app.analytics.count_periods import CountPeriod
from edge_app.analytics.counts import Counter, read_counts


def count_rows(
    path: Path, since_s: float, period: CountPeriod, zone: tzinfo | None, cameras: Container[str]
) -> list[dict[str, Any]]:
    """Rows with `from`, `camera`, `place`, `label` and what was counted: `in`, `out`, `entered`, `dwell_s`.

    Args:
        path: The file of the counts, which need not be there.
        since_s: From the minute of that time on [s since 1970].
        period: How long each of them is.
        zone: Where a day and an hour begin; None: as the system has it.
        cameras: Of which; those of another configuration may count into the same file.
    """
    return [
        {"from": moment.isoformat(), "camera": camera, "place": place, "label": label}
        | {counter.counted: round(value, 1) for _, counter, value in group}
        for (moment, camera, place, label), group in groupby(read_counts(path, since_s, period, zone), _place)
        if camera in cameras
    ]


def _place(row: tuple[datetime, Counter, float]) -> tuple[datetime, str, str, str]:
    moment, counter, _ = row
    return moment, counter.camera, counter.place, counter.label
