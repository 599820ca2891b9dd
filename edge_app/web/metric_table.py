"""Every metric that `/metrics` has, in one table; docs/metrics.md is written from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge_app.machine import MEANINGS

PREFIX = "edge_app_"

MetricKind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class MetricRow:
    """A metric as Prometheus sees it, and where its figures come from.

    Attributes:
        name: Without the prefix, and without `_total`; with its unit.
        kind: What it does.
        labels: What tells its series apart.
        meaning: What it says, and in which unit.
        stats: The key under which `edge_app.stats/1` has it, if it does.
        sources: What `Metrics`, the health or the machine calls it where that differs; of several, a label `stage`
            names the one that a series is from.
    """

    name: str
    kind: MetricKind
    labels: tuple[str, ...]
    meaning: str
    stats: str = ""
    sources: tuple[str, ...] = ()

    @property
    def shown_name(self) -> str:
        """Of its series, but for what a histogram adds."""
        return f"{PREFIX}{self.name}{'_total' if self.kind == 'counter' else ''}"


def _counter(name: str, labels: str, meaning: str, stats: str = "") -> MetricRow:
    return MetricRow(name, "counter", tuple(labels.split()), meaning, stats)


def _gauge(name: str, labels: str, meaning: str, source: str = "") -> MetricRow:
    return MetricRow(name, "gauge", tuple(labels.split()), meaning, sources=(source,) if source else ())


MACHINE = {
    "clock_synchronised": "",
    "temperature_celsius": "zone type",
    "throttled": "by type",
    "gpu_memory_used_bytes": "gpu",
    "gpu_memory_total_bytes": "gpu",
    "gpu_memory_process_bytes": "gpu",
    "gpu_load_ratio": "gpu",
    "gpu_temperature_celsius": "gpu",
}
"""What the machine says of itself, and its labels."""

STAGES = ("decode", "queue", "preprocess", "infer", "postprocess", "publish")

TABLE = (
    _gauge("camera_up", "camera", "Whether frames of the camera come, 1 or 0; of a disabled one there is nothing."),
    _gauge(
        "camera_warning", "camera reason", "1 while a camera that is up looks wrong: frozen_picture, black_picture."
    ),
    _counter("frames_captured", "camera", "Frames that came, broken ones too.", "cameras.NAME.captured"),
    _counter("frames_analysed", "camera", "Frames that became messages.", "cameras.NAME.analysed"),
    _counter(
        "frames_dropped",
        "camera reason",
        "Frames: decode broken, max_fps thinned out, queue replaced by a newer one, stale too old, removed with its "
        "camera, engine could not be computed.",
        "cameras.NAME.dropped",
    ),
    _counter(
        "reconnects", "camera reason", "Attempts after a failure, by the failure's reason.", "cameras.NAME.reconnects"
    ),
    MetricRow(
        "frame_age_seconds",
        "histogram",
        ("camera",),
        "From a frame's capture to the hand-over of its result.",
        "cameras.NAME.durations.age",
        ("age",),
    ),
    MetricRow(
        "stage_seconds",
        "histogram",
        ("camera", "stage"),
        "What a frame took: decode to a picture, queue in the inbox, preprocess and postprocess of its whole batch, "
        "infer the engine on the batch, publish to observers and the sinks' queues.",
        "cameras.NAME.durations.STAGE",
        STAGES,
    ),
    _counter(
        "outputs_not_finite",
        "camera",
        "Rows of the model's outputs that are no detections, left out: a NaN, an infinity, a score above 1 or a class "
        "that the model does not have.",
        "cameras.NAME.outputs_not_finite",
    ),
    _counter(
        "candidates_cut",
        "camera",
        "Boxes above the threshold beyond the 3,000 best of a picture, which are given up unseen.",
    ),
    _counter(
        "selections_overflowed",
        "",
        "Batches of which a picture had more cells above the threshold than a GPU's list has room for, so that whole "
        "outputs were copied to the host.",
    ),
    _gauge(
        "clock_skew_seconds",
        "camera",
        "How far the camera's clock is ahead of ours, negative if it is behind; 0 once it is credible again.",
        "clock_skew",
    ),
    _counter("line_crossings", "camera line direction label", "Objects that crossed a line."),
    _counter("zone_entries", "camera zone label", "Objects that entered a zone."),
    _gauge("zone_inside", "camera zone label", "Objects that are in a zone now."),
    MetricRow(
        "zone_dwell_seconds",
        "histogram",
        ("camera", "zone", "label"),
        "From entering a zone to leaving it.",
        sources=("zone_dwell",),
    ),
    _gauge("sink_up", "sink", "Whether the sink takes messages, 1 or 0."),
    _gauge("sink_queued", "sink", "Messages that the sink has not taken yet."),
    _gauge("sink_oldest_seconds", "sink", "How long the oldest of them has waited; 0 if none waits."),
    _gauge("spool_messages", "sink", "How many of them are on the disk."),
    _gauge("spool_bytes", "sink", "What the spool's file has in use, refused messages too."),
    _gauge("spool_free_bytes", "sink", "What is free on the spool's disk for this user."),
    _counter("worker_restarts", "worker", "Deaths of a worker process, each of which starts it again."),
    _counter("published", "sink", "Messages delivered.", "sinks.NAME.published"),
    _counter("publish_failed", "sink", "Failures of a sink, each of which opens it again.", "sinks.NAME.failed"),
    _counter(
        "publish_dropped",
        "sink reason",
        "Messages given up: queue there was no room in memory, max_per_s thinned out, spool_full and spool_age there "
        "was none on the disk or they were too old, spool_damaged they were in a file that was damaged or deleted, "
        "refused the sink will never take them; of notifications also quiet and max_per_hour.",
        "sinks.NAME.dropped",
    ),
    _counter(
        "publish_refused",
        "sink code",
        "The refused ones by what the other side calls the reason: names of MQTT 5 (Not authorized), Redis "
        "(WRONGTYPE), Kafka (MSG_SIZE_TOO_LARGE), EMSGSIZE; other where it gives it no name, as with MQTT 3.1.1.",
        "sinks.NAME.refused",
    ),
    _gauge("evidence_bytes", "", "What pictures and clips of events take on the disk."),
    _counter("evidence_written", "kind", "What is kept of events: the document of one, a picture, a clip."),
    _counter(
        "evidence_dropped",
        "kind reason",
        "What of events is not kept: queue there was no room, disk it was not taken, or is too large for keep.max_mb.",
    ),
    _counter(
        "evidence_deleted", "reason", "Events deleted with their files: size, age, documents there were too many."
    ),
    _counter("clips", "camera", "Clips of events that were made, whole or shorter than they were to be."),
    _counter("clips_short", "camera", "Those of them that are shorter than they were to be."),
    _counter(
        "clips_dropped",
        "camera reason",
        "Clips that were not made: busy too many at the same time, ended the program or the camera ends, failed could "
        "not be made.",
    ),
    _counter(
        "clip_pictures_dropped",
        "camera",
        "Pictures of a camera without coded packets that are missing in its clips, as they came too fast.",
    ),
    _gauge(
        "clip_ring_bytes",
        "camera ring",
        "What is kept in memory for clips: the camera's packets, and encoded ones while a clip is encoded.",
    ),
    _counter("descriptions", "camera", "Pictures of events that a model has described or verified."),
    _counter(
        "descriptions_dropped",
        "camera reason",
        "Pictures that it has not: queue there were newer ones, late no question was taken for minutes, failed there "
        "was no answer, nonsense the answer was something else, privacy there is something on it now that is not to be "
        "seen, picture it was not there any more, ended the program or `describe` ended.",
    ),
    MetricRow(
        "description_seconds", "histogram", ("camera",), "From a question to its answer.", sources=("description",)
    ),
    _gauge("evidence_up", "", "Whether the disk takes evidence, 1 or 0; where any is kept."),
    _gauge("describe_up", "", "Whether the model that describes pictures answers, 1 or 0; where there is one."),
    _gauge("ready", "", "What /ready answers, 1 or 0."),
    _gauge("engine_up", "", "Whether the engine computes what it is given, 1 or 0."),
    _gauge("engine_info", "engine model precision sha256", "What computes which model; always 1."),
    _gauge(
        "int8_agreement",
        "",
        "mAP at IoU 0.5 of INT8 against FP32, as its calibration measured it; while INT8 runs.",
    ),
    _gauge("resident_bytes", "", "Memory of the process (RSS), looked at every five seconds."),
    _gauge(
        "resident_growth_bytes_per_hour",
        "",
        "How much the process's lowest memory of an hour has grown, the least of six hours; after seven hours.",
    ),
    *(_gauge(name, labels, MEANINGS[name]) for name, labels in MACHINE.items()),
    _gauge("build_info", "version python", "The program's version; always 1."),
)
