"""The program with webhooks and notifications, as its users start it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.program import StartProgram
from tests.publish.hook_server import HookServer, drip


def test_a_camera_that_is_down_is_told_and_a_server_that_hangs_keeps_nobody_from_ending(
    edge_app: StartProgram, configured: Callable[..., Path]
) -> None:
    with HookServer() as server, HookServer() as hanging:
        hanging.answer = lambda _: drip(hanging.over, b"HTTP/1.1 200 OK\r\nX: ")
        path = configured(
            cameras={"gate": {"url": "rtsp://127.0.0.1:1/x"}},
            events={},
            publish=[
                {"type": "stdout"},
                {"type": "webhook", "url": server.url, "messages": ["events", "status"], "secret": "${HOOK_SECRET}"},
                {"type": "webhook", "name": "hanging", "url": hanging.url, "timeout_s": 300},
                {"type": "notify", "urls": [f"json://127.0.0.1:{server.port}/people"], "types": ["camera"]},
                {"type": "notify", "name": "mute", "urls": [f"json://127.0.0.1:{hanging.port}/people"]},
            ],
        )
        program = edge_app("run", path, env={"HOOK_SECRET": "s3cret-of-hooks"})
        program.until(lambda: len({request.headers.get("x-edge-app-kind") for request in server.taken}) >= 3)
        program.until(lambda: len(hanging.asked) == 2)
        told = [json.loads(request.body) for request in server.taken if request.target == "/people"]
        assert told[0]["title"] == "gate: camera"
        assert told[0]["message"].startswith("down refused ")
        events = [json.loads(r.body) for r in server.taken if r.headers.get("x-edge-app-kind") == "events"]
        assert [(event["type"], event["state"]) for event in events] == [("camera", "down")]
        code, seconds = program.terminate()
        assert code == 0
        assert seconds < 5
        assert "s3cret-of-hooks" not in program.log
