"""`edge-app run` with worker processes: what it reads, and what is seen of it from outside."""

from __future__ import annotations

import json
import urllib.request
from contextlib import suppress
from typing import Any

import psutil

from tests.program import Program
from tests.waiting import PATIENCE_S

FPS = 5
SMALL = f"synthetic://street?seed=%d&fps={FPS}&size=160x90"
CAMERAS = {f"cam{n}": {"url": SMALL % n} for n in range(4)}


def asked(port: int, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE_S) as answer:
        return bytes(answer.read())


def health(port: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(asked(port, "/api/v1/health"))
    return found


def workers(program: Program) -> list[psutil.Process]:
    """By their number."""
    found = dict[str, psutil.Process]()
    for each in psutil.Process(program.process.pid).children():
        with suppress(psutil.NoSuchProcess):  # it ends just now
            command = each.cmdline()
            if "edge_app.cli.worker" in command:
                found[command[-2]] = each
    return [found[number] for number in sorted(found)]


def all_speak(program: Program, since: int = 0) -> bool:
    return {message["camera"] for message in program.messages()[since:]} == set(CAMERAS)


def detections(program: Program) -> list[dict[str, Any]]:
    return [message for message in program.messages() if message["schema"] == "edge_app.detections/1"]


def sessions(program: Program) -> dict[str, str]:
    """Of each camera's newest message."""
    return {message["camera"]: message["session"] for message in detections(program)}
