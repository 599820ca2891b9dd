"""The text of `/metrics`: what the table of metrics names, with the figures of this moment."""

from __future__ import annotations

import platform
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from edge_app.core.metrics import BOUNDS_S, Histogram, MetricsSnapshot
from edge_app.web.metric_table import TABLE, MetricRow
from edge_app.web.program_view import Document, ProgramView

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"  # what every Prometheus reads
WORKER = "worker"  # the label of what is of a camera, where worker processes read them
BOUNDS = (*map(floatToGoString, BOUNDS_S), "+Inf")


class Figure(NamedTuple):
    """A value of a metric, under the name that its source gives it."""

    name: str
    labels: Mapping[str, str]
    value: float | Histogram


class Exposition(Collector):
    """Asks the program when somebody asks for the metrics, and keeps nothing."""

    def __init__(self, program: ProgramView) -> None:
        self._program = program
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def text(self) -> bytes:
        """All metrics, as Prometheus reads them."""
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Metric]:
        """Nothing is asked when it is registered."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every metric of the table, those without a figure too."""
        by_name = defaultdict[str, list[Figure]](list)
        for figure in self._figures():
            by_name[figure.name].append(figure)
        for row in TABLE:
            yield self._family(row, [figure for name in row.sources or (row.name,) for figure in by_name[name]])

    def _family(self, row: MetricRow, figures: Sequence[Figure]) -> Metric:
        """A metric with its figures; those of cameras tell their worker, where there are several."""
        if "camera" in row.labels:
            workers = {
                camera: self._program.worker_of(camera) for camera in {each.labels["camera"] for each in figures}
            }
            if any(number is not None for number in workers.values()):
                row = replace(row, labels=(*row.labels, WORKER))
                figures = [_at(figure, workers[figure.labels["camera"]]) for figure in figures]
        return _family(row, figures)

    def _figures(self) -> Iterator[Figure]:
        health = self._program.health()
        yield from _counted(self._program.metrics().snapshot())
        yield from _of_cameras(health)
        yield from _of_sinks(health)
        yield from _of_program(health)
        yield from (Figure(reading.name, reading.labels, reading.value) for reading in self._program.readings())


def _at(figure: Figure, worker: int | None) -> Figure:
    return figure._replace(labels={**figure.labels, WORKER: "" if worker is None else str(worker)})


def _family(row: MetricRow, figures: Iterable[Figure]) -> Metric:
    if row.kind == "histogram":
        return _histogram(row, figures)
    kind = CounterMetricFamily if row.kind == "counter" else GaugeMetricFamily
    family = kind(row.shown_name, row.meaning, labels=row.labels)
    for figure in figures:
        if not isinstance(figure.value, Histogram):
            family.add_metric(_labels(row, figure), figure.value)
    return family


def _histogram(row: MetricRow, figures: Iterable[Figure]) -> Metric:
    family = HistogramMetricFamily(row.shown_name, row.meaning, labels=row.labels)
    for figure in figures:
        if isinstance(figure.value, Histogram):
            buckets = zip(BOUNDS, (*figure.value.buckets, figure.value.count), strict=True)
            family.add_metric(_labels(row, figure), list(buckets), figure.value.sum)
    return family


def _labels(row: MetricRow, figure: Figure) -> list[str]:
    shown = {**figure.labels, "stage": figure.name}
    return [shown.get(label, "") for label in row.labels]


def _counted(snapshot: MetricsSnapshot) -> Iterator[Figure]:
    for kind in (snapshot.counts, snapshot.gauges, snapshot.histograms):
        for (name, labels), value in kind.items():
            yield Figure(name, dict(labels), value)


def _of_cameras(health: Document) -> Iterator[Figure]:
    for name, camera in health["cameras"].items():
        if camera["state"] != "disabled":
            yield Figure("camera_up", {"camera": name}, camera["state"] == "up")
    for warning in health["warnings"]:
        yield Figure("camera_warning", {"camera": warning["camera"], "reason": warning["reason"]}, 1)


def _of_sinks(health: Document) -> Iterator[Figure]:
    for name, sink in health["sinks"].items():
        yield Figure("sink_up", {"sink": name}, sink["state"] == "up")
        yield Figure("sink_queued", {"sink": name}, sink["queued"])
        yield Figure("sink_oldest_seconds", {"sink": name}, sink["oldest_s"] or 0)
        yield Figure("spool_messages", {"sink": name}, sink["spooled"])


def _of_program(health: Document) -> Iterator[Figure]:
    engine = health["engine"]
    which = {"engine": engine["name"], **{key: engine[key] for key in ("model", "precision", "sha256")}}
    yield Figure("ready", {}, health["status"] != "down")
    yield Figure("engine_up", {}, engine["state"] == "up")
    yield Figure("engine_info", which, 1)
    if "evidence" in health:
        yield Figure("evidence_up", {}, health["evidence"]["state"] == "up")
    if "describe" in health:
        yield Figure("describe_up", {}, health["describe"]["state"] == "up")
    yield Figure("build_info", {"version": health["version"], "python": platform.python_version()}, 1)
