"""The standard output, for people."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable

from edge_app.core.detections import Result, label_of
from edge_app.core.terminal import escaped


def write_lines(lines: Iterable[str]) -> None:
    """Writes each as one line, whatever labels, metadata and file names contain."""
    sys.stdout.writelines(f"{escaped(line)}\n" for line in lines)


def object_counts(result: Result, labels: tuple[str, ...]) -> str:
    """`2 car, 3 person`, or `nothing`; on one line, whatever the labels contain."""
    counts = Counter(escaped(label_of(labels, c)) for c in result.detections.class_id)
    return ", ".join(f"{count} {label}" for label, count in sorted(counts.items())) or "nothing"
