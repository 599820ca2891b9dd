"""Writes docs/metrics.md from the table of metrics: python tools/metrics_reference.py."""

from __future__ import annotations

from pathlib import Path

from edge_app.core.metrics import BOUNDS_S
from edge_app.web.metric_table import TABLE, MetricRow

PAGE = Path(__file__).parents[1] / "docs/metrics.md"
HEAD = f"""# Metrics

<!-- Written by tools/metrics_reference.py from edge_app/web/metric_table.py; edit the table there instead. -->

What [`/metrics`](http.md#metrics) has, counted and measured since the program was started. A histogram has the series
`_bucket`, `_sum` and `_count`; its bounds are {", ".join(f"{bound:g}" for bound in BOUNDS_S)} s.
What a program has no figure for, such as a GPU where there is none, has no series. The `process_…` metrics are those of
every Prometheus client: `process_resident_memory_bytes`, `process_cpu_seconds_total`, `process_open_fds`,
`process_start_time_seconds` and others.

The last column says under which key [`edge_app/stats`](messages.md#mqtt-topics) has it too.

| metric | kind | labels | | in `stats` |
| --- | --- | --- | --- | --- |
"""


def _row(row: MetricRow) -> str:
    labels = ", ".join(f"`{label}`" for label in row.labels)
    return f"| `{row.shown_name}` | {row.kind} | {labels} | {row.meaning} | {f'`{row.stats}`' if row.stats else ''} |"


def reference() -> str:
    """The page as the table has it now."""
    return HEAD + "\n".join(map(_row, TABLE)) + "\n"


if __name__ == "__main__":
    PAGE.write_text(reference())
