"""How a running program says that it is doing, as its cameras and sinks come and go."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import jsonschema
import numpy as np
import pytest

from edge_app.app.config import load_config
from edge_app.app.factory import make_parts
from edge_app.app.runtime import Runtime
from edge_app.app.start import start
from edge_app.capture import picture_watch
from edge_app.publish import health_document, schema
from tests.capture.http_camera import JPEGS, StartHttpCamera
from tests.ports import free_port
from tests.waiting import PATIENCE_S

SCENE = "synthetic://street?seed=7&fps=10&size=320x180"
RECONNECT = {"initial_s": 0.5, "max_s": 1, "jitter": 0, "stable_s": 5}
VALIDATOR = jsonschema.Draft202012Validator(json.loads(schema("health")))
BLACK = cv2.imencode(".jpg", np.zeros((240, 320, 3), np.uint8))[1].tobytes()

Document = dict[str, Any]
Step = tuple[Callable[[Document], object], Callable[[], object]]


def follow(runtime: Runtime, *steps: Step) -> list[Document]:
    """Runs; as soon as a document is as a step wants it, that step's action is taken, and after the last it stops.

    Returns:
        The document of each step, all of which fit the schema.
    """
    waiting, found, deadline = list(steps), list[Document](), time.monotonic() + PATIENCE_S

    def refresh() -> None:
        document = json.loads(json.dumps(health_document(runtime.health())))
        VALIDATOR.validate(document)
        assert time.monotonic() < deadline, document
        if waiting and waiting[0][0](document):
            found.append(document)
            waiting.pop(0)[1]()
        if not waiting:
            runtime.stop.set()

    runtime.run(refresh, 0.02)
    assert not waiting
    return found


def nothing() -> None:
    """Is done."""


def moment(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def test_a_camera_that_comes_looks_wrong_and_goes_is_told_by_all_that_tell(
    configured: Callable[..., Path],
    http_camera: StartHttpCamera,
    heard: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
):
    monkeypatch.setattr(picture_watch, "LOOK_S", 0.1)
    server = http_camera()
    messages = tmp_path / "messages"
    config = configured(
        cameras={
            "gate": {"url": f"rtsp://127.0.0.1:{free_port()}/live", "reconnect": RECONNECT},
            "yard": {"url": server.url("mjpeg"), "stall_timeout_s": 3, "reconnect": RECONNECT},
        },
        publish=[{"type": "file", "path": str(messages), "messages": ["status"]}],
    )

    def freeze() -> None:
        server.pictures = [JPEGS[0]]

    def darken() -> None:
        server.pictures = [BLACK]

    def is_up(document: Document) -> bool:
        gate, yard = (document["cameras"][name] for name in ("gate", "yard"))
        return bool(gate["next_retry"] and yard["age_ms"] is not None and yard["fps"] > 0)

    def warned(reason: str) -> Callable[[Document], bool]:
        return lambda document: [each["reason"] for each in document["warnings"]] == [reason]

    with start(make_parts(load_config(config, {}))) as runtime:
        began = time.time()
        up, frozen, _, gone = follow(
            runtime,
            (is_up, freeze),
            (warned("frozen_picture"), darken),
            (warned("black_picture"), server.kill),
            (lambda document: document["status"] == "down", nothing),
        )
    assert (up["status"], frozen["status"]) == ("degraded", "degraded")
    gate, yard = up["cameras"]["gate"], up["cameras"]["yard"]
    assert (gate["state"], gate["reason"], gate["last_frame"], gate["fps"]) == ("down", "refused", None, 0)
    assert began < moment(gate["next_retry"]) < time.time() + RECONNECT["max_s"]
    assert (yard["state"], yard["reason"], yard["next_retry"]) == ("up", None, None)
    assert began < moment(yard["last_frame"]) <= time.time()
    assert frozen["warnings"][0]["camera"] == "yard"
    assert frozen["cameras"]["yard"]["state"] == "up"
    assert began - 1 < moment(up["since"]) <= moment(frozen["since"]) < moment(gone["since"]) <= time.time()
    assert gone["uptime_s"] >= frozen["uptime_s"] >= up["uptime_s"]
    assert (gone["warnings"], gone["cameras"]["yard"]["age_ms"]) == ([], None)
    statuses = [json.loads(line) for line in messages.read_text().splitlines()]
    told = [(each["state"], each["warnings"]) for each in statuses if each["camera"] == "yard"]
    assert ("up", ["frozen_picture"]) in told
    assert told.index(("up", ["frozen_picture"])) < told.index(("up", ["black_picture"]))
    assert ("down", []) in told
    lines = [text for text in heard() if text.startswith("STATUS=")]
    assert all(line != after for line, after in pairwise(lines)), "it is told only when it changes"
    assert len(lines) < 12
    wanted = (
        "STATUS=1 of 2 cameras up; gate: refused since ",
        "yard: frozen picture since ",
        "yard: black picture since ",
    )
    assert all(any(part in line for line in lines) for part in wanted)


@pytest.mark.parametrize(("required", "status"), [(True, "down"), (False, "degraded")])
def test_a_sink_that_is_away_makes_the_program_unready_only_where_it_is_required(
    configured: Callable[..., Path], tmp_path: Path, required: bool, status: str
):
    broker = {"type": "mqtt", "host": "127.0.0.1", "port": free_port(), "required": required}
    config = configured(cameras={"a": {"url": SCENE}}, publish=[broker], state_dir=str(tmp_path / "state"))

    def is_away(document: Document) -> bool:
        sink = document["sinks"]["mqtt"]
        is_up = document["cameras"]["a"]["state"] == "up"
        return bool(is_up and sink["state"] == "down" and sink["queued"] and sink["spooled"] and sink["oldest_s"])

    with start(make_parts(load_config(config, {}))) as runtime:
        (away,) = follow(runtime, (is_away, nothing))
        assert runtime.health().sinks["mqtt"].required == required
    assert away["clock"] == {"synchronised": runtime.clock.synchronised}
    assert away["status"] == status
    assert away["sinks"]["mqtt"]["required"] == required


def test_a_disk_that_takes_no_evidence_is_told(configured: Callable[..., Path], tmp_path: Path):
    everywhere = {"polygon": [[0, 0], [1, 0], [1, 1], [0, 1]], "inertia": 1}
    config = configured(
        cameras={"a": {"url": SCENE, "zones": {"door": everywhere}}},
        publish=[{"type": "file", "path": "/dev/null"}],
        state_dir=str(tmp_path / "state"),
        evidence={},
    )

    def is_up(document: Document) -> bool:
        return document["evidence"]["state"] == "up" and document["cameras"]["a"]["state"] == "up"

    def take_folder() -> None:
        (tmp_path / "state" / "evidence").rename(tmp_path / "gone")
        (tmp_path / "state" / "evidence").write_text("no folder")

    def fails(document: Document) -> bool:
        return bool(document["evidence"]["state"] == "failing")

    lines: list[str] = []
    with start(make_parts(load_config(config, {}))) as runtime:
        _, failing = follow(runtime, (is_up, take_folder), (fails, lambda: lines.append(runtime.health().line)))
    assert failing["status"] == "degraded"
    assert f"evidence: {failing['evidence']['reason']} since" in lines[0]


def test_a_file_that_was_read_is_nothing_to_worry_about(configured: Callable[..., Path], clip: Path):
    cameras = {"clip": {"url": str(clip)}, "street": {"url": SCENE}}
    config = configured(cameras=cameras, publish=[{"type": "file", "path": "/dev/null"}])

    def is_read(document: Document) -> bool:
        states = {name: camera["state"] for name, camera in document["cameras"].items()}
        return states == {"clip": "down", "street": "up"}

    with start(make_parts(load_config(config, {}))) as runtime:
        (read,) = follow(runtime, (is_read, nothing))
    assert (read["status"], read["cameras"]["clip"]["reason"]) == ("ok", "ended")
