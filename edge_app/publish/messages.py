"""The messages on the wire, one line of JSON each: `edge_app.detections/1` and a camera's status."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from itertools import repeat
from typing import Any, Literal, get_args

import numpy as np

from edge_app.core.camera_status import CameraStatus
from edge_app.core.detections import Detections, Latency, Result
from edge_app.core.metrics import Metrics
from edge_app.machine import BoxClock

MessageKind = Literal["detections", "events", "status", "stats", "counts"]
DeliveredKind = MessageKind | Literal["places"]  # what is sent, and what is only for sinks that describe this program

ALL_KINDS: tuple[MessageKind, ...] = get_args(MessageKind)
ABOUT_FRAMES: tuple[MessageKind, ...] = ("detections", "events")

UNSYNCHRONISED = '"clock":"unsynchronised",'  # `clock_mark` within a frame's message

Origin = Callable[[str | None], Mapping[str, Any]]
"""What messages of a camera, or of the whole program, say of where they are from: `box` and `epoch` in a fleet."""

ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a sink delivers.

    Attributes:
        camera: Name of its camera; None if it concerns the whole program.
        kind: What it is; a sink chooses messages and topics by it.
        payload: One JSON document in UTF-8, without a newline.
        droppable: Whether it may be dropped when a sink cannot keep up.
        time: When its frame was captured [s since 1970]; 0 if it is about none.
    """

    camera: str | None
    kind: DeliveredKind
    payload: bytes
    droppable: bool
    time: float = 0.0

    @property
    def is_state(self) -> bool:
        """Whether it describes a present state, so that of its camera and kind only the newest counts."""
        return self.kind in ("status", "stats", "counts", "places")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelIdentity:
    """Which model made the detections, and how it was run.

    Attributes:
        name: Name in the model's card, or of its file.
        sha256: Digest of the ONNX file, and of its weights if they lie beside it, in hex.
        engine: Backend and provider, such as `onnxruntime-cpu`.
        precision: `fp32`, `fp16` or `int8`.
    """

    name: str
    sha256: str
    engine: str
    precision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceNames:
    """What a camera counts by.

    Attributes:
        zones: Names of its zones.
        lines: Names of its lines.
    """

    zones: Sequence[str]
    lines: Sequence[str]


def rfc3339(epoch_ms: int) -> str:
    """A time in UTC with milliseconds, from milliseconds since 1970."""
    moment = datetime.fromtimestamp(epoch_ms // 1000, timezone.utc).replace(tzinfo=None)
    return f"{moment.isoformat()}.{epoch_ms % 1000:03d}Z"


def clock_mark(clock: BoxClock) -> dict[str, str]:
    """What a message says of this machine's clock: nothing, unless it is known that nobody keeps it right."""
    return {"clock": "unsynchronised"} if clock.synchronised is False else {}


def nowhere(camera: str | None) -> dict[str, Any]:
    """The `Origin` of a program that is by itself."""
    return {}


def status_message(camera: str, status: CameraStatus, clock: BoxClock, origin: Origin = nowhere) -> Message:
    """The state of the camera of that name, `edge_app.status/1`, for `<prefix>/<camera>/status`."""
    reason = None if status.reason is None else status.reason.value
    document = {
        "schema": "edge_app.status/1",
        "camera": camera,
        "state": status.state,
        "reason": reason,
        "since": rfc3339(round(status.since * 1e3)),
        "warnings": [warning.reason for warning in status.warnings],
        **clock_mark(clock),
        **origin(camera),
    }
    return Message(camera=camera, kind="status", payload=ENCODER.encode(document).encode(), droppable=True)


def counts_message(session: str, document: Mapping[str, Any], clock: BoxClock, origin: Origin = nowhere) -> Message:
    """What lines and zones have counted, `edge_app.counts/1`, for `<prefix>/counts`."""
    whole = {"schema": "edge_app.counts/1", "session": session, **document, **clock_mark(clock), **origin(None)}
    return Message(camera=None, kind="counts", payload=ENCODER.encode(whole).encode(), droppable=True)


def places_message(cameras: Mapping[str, PlaceNames]) -> Message:
    """Which cameras there are, by name, with their zones and lines."""
    document = {name: asdict(places) for name, places in cameras.items()}
    return Message(camera=None, kind="places", payload=ENCODER.encode(document).encode(), droppable=True)


def places_of(message: Message) -> dict[str, PlaceNames]:
    """What `places_message` was told."""
    return {name: PlaceNames(**places) for name, places in json.loads(message.payload).items()}


class MessageWriter:
    """Makes the wire message of every result and numbers the messages of each camera.

    It runs for every frame on the analysis thread, so the parts that never change are encoded once, here, and the
    numbers are formatted into them: three times as fast as building dictionaries for `json`.
    """

    def __init__(
        self,
        session: str,
        model: ModelIdentity,
        labels: Sequence[str],
        metrics: Metrics,
        clock: BoxClock,
        origin: Origin = nowhere,
    ) -> None:
        self._session, self._metrics, self._clock, self._origin = session, metrics, clock, origin
        self._next_seq: defaultdict[str, int] = defaultdict(int)
        self.use(model, labels)

    def use(self, model: ModelIdentity, labels: Sequence[str]) -> None:
        """From the next message on, this model answers; the numbers go on."""
        self._frame = (
            f'{{"schema":"edge_app.detections/1","session":{_constant(self._session)},"seq":%d,"camera":%s,"frame_id":%d,'
            '"capture_ts":"%s","capture_time":%.3f,"ts_source":"%s",%s%s"age_ms":%.1f,'
            f'"image":{{"width":%d,"height":%d}},"model":{_constant(asdict(model))},'
            '"latency_ms":{"queue":%.2f,"preprocess":%.2f,"infer":%.2f,"postprocess":%.2f,"total":%.2f},"objects":[%s]}'
        )
        self._objects = [
            f'{{"label":{_constant(label)},"class_id":{class_id},"score":%.4f,"box":[%.2f,%.2f,%.2f,%.2f]%s}}'
            for class_id, label in enumerate(labels)
        ]

    def detections(self, result: Result, now_mono: float) -> Message:
        """The message of one result; `now_mono`, the monotonic clock [s], gives its age."""
        # Both forms of the capture time come from the same whole millisecond, so they cannot disagree.
        meta, taken = result.meta, result.meta.time
        captured_ms = round(taken.wall * 1e3)
        times_ms = _milliseconds(now_mono - taken.mono, result.latency)
        text = self._frame % (
            self._next_seq[meta.camera],
            ENCODER.encode(meta.camera),
            meta.index,
            rfc3339(captured_ms),
            captured_ms / 1e3,
            taken.source,
            UNSYNCHRONISED if self._clock.synchronised is False else "",
            f"{ENCODER.encode(origin)[1:-1]}," if (origin := self._origin(meta.camera)) else "",
            times_ms[0],
            *result.source_wh,
            *times_ms[1:],
            ",".join(self._each(self._finite(result))),
        )
        self._next_seq[meta.camera] += 1
        return Message(
            camera=meta.camera, kind="detections", payload=text.encode(), droppable=meta.live, time=taken.wall
        )

    def _each(self, found: Detections) -> Iterator[str]:
        ids: Iterable[str] = repeat("")
        zones: Iterable[str] = repeat("")
        if found.track_id is not None:
            ids = [f',"track_id":{track_id}' if track_id > 0 else "" for track_id in found.track_id.tolist()]
        if found.zones is not None:
            zones = [f',"zones":{ENCODER.encode(names)}' for names in found.zones]
        rows = zip(found.class_id.tolist(), found.score.tolist(), found.xyxy.tolist(), ids, zones, strict=False)
        for class_id, score, box, track_id, names in rows:
            yield self._objects[class_id] % (score, *box, track_id + names)

    def _finite(self, result: Result) -> Detections:
        """The detections without those that hold a NaN, an infinity or no score of 0 to 1: counted, never published."""
        found = result.detections
        good = np.isfinite(found.xyxy).all(axis=1) & (found.score >= 0) & (found.score <= 1)
        if good.all():
            return found
        self._metrics.count("outputs_not_finite", int((~good).sum()), camera=result.meta.camera)
        return found.only(good)


def _constant(value: object) -> str:
    """The value as JSON for a `%` template."""
    return ENCODER.encode(value).replace("%", "%%")


def _milliseconds(age_s: float, latency: Latency) -> tuple[float, ...]:
    """The age and the stages [ms]; raises ValueError for a NaN, which JSON cannot hold."""
    seconds = (age_s, *latency)
    if not math.isfinite(sum(seconds)):
        raise ValueError(f"want finite times; got {seconds}")
    return tuple(value * 1e3 for value in seconds)
