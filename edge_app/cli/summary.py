"""Results in words, for people at a terminal."""

from __future__ import annotations

from collections import Counter

from edge_app.core.detections import Result
from edge_app.core.terminal import escaped


def object_counts(result: Result, labels: tuple[str, ...]) -> str:
    """`2 car, 3 person`, or `nothing`; on one line, whatever the labels hold."""
    counts = Counter(escaped(labels[c]) for c in result.detections.class_id)
    return ", ".join(f"{count} {label}" for label, count in sorted(counts.items())) or "nothing"
