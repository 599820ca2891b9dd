"""How the program is doing as a document, `edge_app.health/1`, for whoever asks over HTTP."""

from __future__ import annotations

from typing import Any

from edge_app.core.camera_status import CameraHealth, CameraWarning
from edge_app.core.engine_status import EngineStatus
from edge_app.fleet import EtcdStatus
from edge_app.publish.health import Health
from edge_app.publish.messages import rfc3339
from edge_app.publish.sink_status import SinkStatus


def health_document(health: Health) -> dict[str, Any]:
    """The document as JSON has it; its schema is `schemas/health.json`."""
    engine, model = health.engine, health.model
    return {
        "schema": "edge_app.health/1",
        "status": health.status,
        "since": _utc(health.status_since),
        "uptime_s": round(health.uptime_s, 1),
        "version": health.version,
        "cameras": {name: _camera(camera) for name, camera in health.cameras.items()},
        "sinks": {name: _sink(sink) for name, sink in health.sinks.items()},
        "engine": {
            "state": engine.state,
            "reason": engine.reason,
            "since": _utc(engine.since),
            "name": model.engine,
            "precision": model.precision,
            "model": model.name,
            "sha256": model.sha256,
        },
        **({} if health.keeping is None else {"evidence": _status(health.keeping)}),
        **({} if health.describing is None else {"describe": _status(health.describing)}),
        "clock": {"synchronised": health.clock_synchronised},
        **({} if health.fleet is None else {"fleet": _store(health.fleet)}),
        "warnings": [
            _warning(name, warning) for name, camera in health.cameras.items() for warning in camera.status.warnings
        ],
    }


def _camera(camera: CameraHealth) -> dict[str, Any]:
    status = camera.status
    return {
        "state": status.state,
        "reason": None if status.reason is None else status.reason.value,
        "detail": status.detail,
        "since": _utc(status.since),
        "last_frame": _utc(camera.last_frame),
        "fps": round(camera.fps, 2),
        "age_ms": None if camera.age_s is None else round(camera.age_s * 1e3, 1),
        "next_retry": _utc(camera.next_retry),
    }


def _sink(sink: SinkStatus) -> dict[str, Any]:
    return {
        "state": sink.state,
        "reason": sink.reason,
        "since": _utc(sink.since),
        "required": sink.required,
        "queued": sink.queued,
        "spooled": sink.spooled,
        "oldest_s": None if sink.oldest_s is None else round(sink.oldest_s, 1),
    }


def _status(status: EngineStatus) -> dict[str, Any]:
    return {"state": status.state, "reason": status.reason, "since": _utc(status.since)}


def _store(store: EtcdStatus) -> dict[str, Any]:
    return {"store": store.state, "reason": store.reason, "since": _utc(store.since)}


def _warning(camera: str, warning: CameraWarning) -> dict[str, Any]:
    return {
        "camera": camera,
        "reason": warning.reason,
        "since": _utc(warning.since),
        "detail": warning.detail,
    }


def _utc(moment: float | None) -> str | None:
    return None if moment is None else rfc3339(round(moment * 1e3))
