"""The HTTP side of the program: what it is shown, from before the model is loaded until the program ends."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from edge_app.analytics.count_periods import CountPeriod
from edge_app.analytics.count_table import count_rows
from edge_app.analytics.counts import COUNTS_FILE
from edge_app.app.config import AppConfig
from edge_app.app.config_requests import ConfigRequests
from edge_app.app.engine_document import engine_document
from edge_app.app.runtime import Runtime
from edge_app.core.errors import AccessError, TemporaryError
from edge_app.core.threads import ThreadGroup
from edge_app.evidence import EVIDENCE, EvidenceReader
from edge_app.machine import BoxClock, Gpus, Reading, Sensors
from edge_app.preview import Annotator
from edge_app.publish import health_document
from edge_app.web.certificate import Certificate
from edge_app.web.listener import listen
from edge_app.web.program_view import ProgramView, ShownCamera

logger = logging.getLogger(__name__)

THREAD = "web"
SILENT_S = 15.0  # half of what systemd waits for a sign of life
JOIN_S = 0.5


class Shown:
    """What the HTTP side is shown: first that the program starts, then what runs. Any thread may ask."""

    def __init__(self) -> None:
        self._runtime: Runtime | None = None
        self._requests: ConfigRequests | None = None

    def show(self, runtime: Runtime, requests: ConfigRequests) -> None:
        """The engine has answered, and this runs; `requests` are about its configuration."""
        self._requests, self._runtime = requests, runtime

    def view(self, readings: Callable[[], Iterable[Reading]]) -> ProgramView:
        """The callables that the HTTP side knows; `readings` are those of the machine."""
        return ProgramView(
            live=self._live,
            started=lambda: self._runtime is not None,
            health=lambda: health_document(self._running.health()),
            stats=lambda: self._running.stats(),
            engine=lambda: engine_document(self._running.analyser.model.detector),
            counts=self._counts,
            metrics=lambda: self._running.metrics,
            worker_of=lambda camera: self._running.analyser.worker_of(camera),
            readings=lambda: [*readings(), *self._agreement()],
            shown_config=lambda: self._running.parts.config.shown(),
            evidence=lambda: EvidenceReader(self._running.parts.config.state_dir / EVIDENCE),
            on_evidence=lambda listener: self._running.evidence_written.add(listener),
            camera=self._camera,
            reload=lambda dry_run: self._configured.reload(dry_run),
            configured=lambda: self._configured,
        )

    def beat(self) -> None:
        """The HTTP side is alive."""
        if self._runtime is not None:
            self._runtime.heartbeats.beat(THREAD)

    @property
    def _running(self) -> Runtime:
        if self._runtime is None:
            raise TemporaryError("the program is starting")
        return self._runtime

    def _live(self) -> bool:
        return self._runtime is None or not self._runtime.heartbeats.silent(SILENT_S)

    def _agreement(self) -> Iterator[Reading]:
        """How well INT8 agrees with FP32, where it runs."""
        if (qualification := self._running.analyser.model.detector.qualification) is not None:
            yield Reading("int8_agreement", qualification.report.agreement.map50, {})

    def _counts(self, period: CountPeriod, since_s: float) -> list[dict[str, Any]]:
        config = self._running.parts.config
        return count_rows(config.state_dir / COUNTS_FILE, since_s, period, config.time_zone, config.cameras)

    def _camera(self, name: str) -> ShownCamera | None:
        running = self._running
        if (section := running.parts.config.cameras.get(name)) is None:
            return None
        mask, labels = running.masks.of(name), running.analyser.model.detector.labels
        return ShownCamera(
            frames=running.analyser.tap(name),
            packets=running.analyser.packet_tap(name),
            as_it_is=not mask and section.rotate == 0,
            hide=mask.hide,
            draw=lambda pixels, detections: Annotator(labels).draw(pixels, detections),
            labels=labels,
        )

    @property
    def _configured(self) -> ConfigRequests:
        if self._requests is None:
            raise TemporaryError("the program is starting")
        return self._requests


@contextmanager
def serve(config: AppConfig, stop: threading.Event) -> Iterator[Shown]:
    """Serves as the section `web` says, if it is there, for the duration of the block, which says what runs.

    Args:
        config: The whole configuration.
        stop: Set where the HTTP side fails.

    Raises:
        TemporaryError, AccessError: The port is not to be had; the text names the key.
        Exception: What ended the thread.
    """
    shown = Shown()
    if config.web is None:
        yield shown
        return
    # Whoever has no such section does without these libraries.
    from edge_app.web.application import make_application
    from edge_app.web.server import WebServer

    certificate = None if config.web.tls.files is None else Certificate(*config.web.tls.files)
    with config.blame("web", "port", of=(TemporaryError, AccessError)):
        listener = listen(config.web)
    view = shown.view(Sensors(BoxClock(), Gpus()).readings)
    server = WebServer(make_application(config.web, view), listener, certificate, shown.beat)
    threads = ThreadGroup(stop)
    threads.start(THREAD, server.run)
    logger.info("the page is at %s", config.web.address or f"port {config.web.port} of all addresses of this machine")
    try:
        yield shown
    finally:
        server.stop()
        if threads.join(JOIN_S):
            logger.warning("left behind, stuck in a call: %s", THREAD)
    if threads.error is not None:
        raise threads.error
