"""The HTTP side alone, in front of a program that is played by what it says, and a client that says what it likes."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from edge_app.core.errors import TemporaryError
from edge_app.core.listeners import Listeners
from edge_app.core.metrics import Metrics
from edge_app.core.threads import ThreadGroup
from edge_app.evidence import EvidenceReader
from edge_app.web.application import make_application
from edge_app.web.certificate import Certificate
from edge_app.web.config import WebConfig
from edge_app.web.listener import listen
from edge_app.web.program_view import Configured, ProgramView
from edge_app.web.server import WebServer
from tests.ports import free_port
from tests.waiting import PATIENCE_S

CAMERA = {"state": "up", "reason": None, "detail": "", "since": "2026-11-30T00:00:00.000Z"}
HEALTH = {
    "status": "ok",
    "version": "1.2.3",
    "cameras": {"gate": CAMERA, "yard": {**CAMERA, "state": "down"}, "off": {**CAMERA, "state": "disabled"}},
    "sinks": {
        "mqtt": {"state": "up", "queued": 3, "spooled": 2, "oldest_s": 1.5},
        "stdout": {"state": "down", "queued": 0, "spooled": 0, "oldest_s": None},
    },
    "engine": {"state": "up", "name": "onnxruntime-cpu", "model": "traffic", "precision": "int8", "sha256": "0" * 64},
    "warnings": [{"camera": "gate", "reason": "black_picture", "since": "", "detail": ""}],
}


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        status: Its number.
        headers: By name in lower case.
        body: As it came.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass
class Served:
    """A server that runs, and the client's side of it.

    Attributes:
        config: Its section.
        server: What runs.
        beats: How often it gave a sign of life.
        host: Where the client connects.
        trust: What the client trusts; None: it does not encrypt.
    """

    config: WebConfig
    server: WebServer
    threads: ThreadGroup
    beats: list[float]
    host: str = "127.0.0.1"
    trust: ssl.SSLContext | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, source: str | None = None, **headers: str
    ) -> Answer:
        """One request on a connection of its own; `Host` may be among the headers."""
        connect = http.client.HTTPSConnection if self.trust else http.client.HTTPConnection
        context: dict[str, Any] = {"context": self.trust} if self.trust else {}
        where = None if source is None else (source, 0)
        connection = connect(self.host, self.config.port, timeout=PATIENCE_S, source_address=where, **context)
        try:
            connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
            for name, value in {**self.headers, **headers}.items():
                connection.putheader(name.replace("_", "-"), value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            return _read(connection.getresponse())
        finally:
            connection.close()

    def connect(self) -> socket.socket:
        """A connection on which nothing was said yet."""
        return socket.create_connection((self.host, self.config.port), timeout=PATIENCE_S)

    def say(self, said: bytes) -> bytes:
        """All that comes back until the server hangs up."""
        with self.connect() as connection:
            connection.sendall(said)
            return rest(connection)


def rest(connection: socket.socket) -> bytes:
    """What still comes until the other side hangs up."""
    came = b""
    try:
        while piece := connection.recv(1 << 16):
            came += piece
    except ConnectionResetError:
        pass
    return came


def _read(answer: http.client.HTTPResponse) -> Answer:
    return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


def unasked() -> Configured:
    """For whoever asks nothing of the configuration."""
    raise TemporaryError("the program is starting")


def view(**given: Any) -> ProgramView:
    """A program that is well, but for what is given."""
    metrics = Metrics()
    well = ProgramView(
        live=lambda: True,
        started=lambda: True,
        health=lambda: HEALTH,
        stats=lambda: {"cameras": {}, "sinks": {}},
        engine=lambda: {"because": "it is the only one"},
        counts=lambda period, since: [],
        metrics=lambda: metrics,
        readings=lambda: (),
        worker_of=lambda _: None,
        shown_config=lambda: {"cameras": {}},
        evidence=lambda: EvidenceReader(Path("/nonexistent")),
        on_evidence=Listeners().add,
        camera=lambda name: None,
        reload=lambda dry_run: {"changes": [], "applied": not dry_run},
        configured=unasked,
    )
    return replace(well, **given)


Serve = Callable[..., Served]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers: `serve(view(live=…), token=…)`, keys of `web` as arguments; all are stopped at the end."""
    started: list[Served] = []

    def start(program: ProgramView | None = None, **keys: Any) -> Served:
        config = WebConfig.model_validate({"port": free_port(), **keys})
        beats, threads = list[float](), ThreadGroup(threading.Event())
        certificate = None if config.tls.files is None else Certificate(*config.tls.files)
        server = WebServer(
            make_application(config, program or view()), listen(config), certificate, lambda: beats.append(0)
        )
        threads.start("web", server.run)
        started.append(Served(config, server, threads, beats))
        return started[-1]

    yield start
    for each in started:
        each.server.stop()
    for each in started:
        assert each.threads.join(PATIENCE_S) == []
        assert each.threads.error is None
