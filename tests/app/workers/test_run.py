"""What the main process makes of what a worker process says."""

from __future__ import annotations

import math
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from edge_app.app.config import load_config
from edge_app.app.workers import run as workers_run
from edge_app.app.workers.dispatcher import Dispatcher
from edge_app.app.workers.known_cameras import KnownCameras
from edge_app.app.workers.link import Link
from edge_app.app.workers.outlets import Outlets
from edge_app.app.workers.pool import WorkerPool
from edge_app.app.workers.remote_store import RemoteStore
from edge_app.app.workers.run import WorkerRun
from edge_app.app.workers.supervised import SupervisedWorker
from edge_app.app.workers.viewing import SeenTaps
from edge_app.app.workers.wire import Kept, Prepare, Report
from edge_app.core.engine_status import EngineStatus
from edge_app.core.errors import TemporaryError
from edge_app.core.metrics import Metrics
from edge_app.core.metrics_changes import ChangeWatch
from edge_app.core.threads import ThreadGroup
from edge_app.evidence import Evidence
from edge_app.evidence.config import KeepConfig
from edge_app.machine import BoxClock
from edge_app.publish import EventWriter, ModelIdentity
from tests.waiting import PATIENCE_S, until

SPEAKS = """
import socket, sys
from multiprocessing.connection import Connection
Connection(socket.socket(fileno=int(sys.argv[-1])).detach()).send(["first", "second"])
"""


def started(config: Path, on_item: Any, script: str = SPEAKS) -> WorkerRun:
    threads = ThreadGroup(threading.Event())
    return WorkerRun(0, [sys.executable, "-c", script], Prepare(load_config(config, {}), 0), threads, on_item)


def test_a_worker_is_not_silent_while_what_it_said_waits_for_us(shared_out) -> None:
    taken, release = list[Any](), threading.Event()

    def take(_: WorkerRun, item: Any) -> None:
        taken.append(item)
        assert release.wait(PATIENCE_S)

    run = started(shared_out(), take)
    until(lambda: taken)
    assert run.heard_mono == math.inf
    release.set()
    until(lambda: run.is_gone)
    assert taken == ["first", "second"]
    assert run.heard_mono < math.inf


def test_what_a_worker_could_not_hand_over_is_counted(shared_out) -> None:
    run, ours, theirs = started(shared_out(), lambda *_: None, ""), Metrics(), Metrics()
    events = EventWriter("01", ModelIdentity(name="m", sha256="", engine="", precision=""), (), BoxClock())
    dispatcher = Dispatcher(KnownCameras(), SeenTaps(), dict)
    dispatcher.outlets = Outlets(
        publish=lambda *_: None,
        on_status=lambda *_: None,
        on_counts=lambda _: None,
        evidence=Evidence(events),
        metrics=ours,
        stop=threading.Event(),
    )
    theirs.count("publish_dropped", sink="main process", reason="queue")
    theirs.count("published", sink="main process")
    status = EngineStatus(state="up", reason=None, since=0.0)
    dispatcher.dispatch(run, Report({}, status, None, ChangeWatch(theirs).look(), frozenset()))
    assert ours.total("publish_dropped", sink="main process") == 1
    assert ours.total("published") == 0
    until(lambda: run.is_gone)


def test_a_worker_keeps_evidence_once_the_main_process_has_and_not_without_it() -> None:
    ours, theirs = (Link(end) for end in socket.socketpair())
    store = RemoteStore(ours, KeepConfig())
    store.add(b"{}")
    sending = threading.Thread(target=ours.run, daemon=True)
    sending.start()
    committing = threading.Thread(target=store.commit)
    committing.start()
    (asked,) = theirs.receive()
    store.kept(Kept(asked.number, None))
    committing.join(PATIENCE_S)
    assert not committing.is_alive()

    store.add(b"{}")
    threading.Timer(0.1, ours.close).start()
    with pytest.raises(OSError, match="the main process has gone"):
        store.commit()
    theirs.close()


def test_a_worker_that_is_silent_is_killed_but_not_for_a_pause_of_ours(shared_out, caplog) -> None:
    run = started(shared_out(), lambda *_: None, "import time; time.sleep(1000)")
    worker = SupervisedWorker(0, lambda _: run)
    worker.start()
    run.begin({})
    now = time.monotonic()
    worker.supervise(now)
    for seconds in range(100, 130):  # nobody has looked for so long
        worker.supervise(now + seconds)
    assert "no sign of life" not in caplog.text
    worker.supervise(now + 131)
    until(lambda: run.is_gone)
    assert run.why == "killed by SIGKILL"


BUILDS = """
import socket, sys, time
from multiprocessing.connection import Connection
from edge_app.app.workers.wire import Building
Connection(socket.socket(fileno=int(sys.argv[-1])).detach()).send([Building(300.0)])
time.sleep(1000)
"""


@pytest.mark.parametrize(("script", "patience_s"), [("import time; time.sleep(1000)", 90), (BUILDS, 300)])
def test_a_worker_that_hangs_while_it_loads_its_model_is_killed(shared_out, script: str, patience_s: float) -> None:
    run = started(shared_out(), lambda *_: None, script)
    until(lambda: run.patience_s == patience_s)
    worker = SupervisedWorker(0, lambda _: run)
    worker.start()
    began = time.monotonic()
    for second in range(int(patience_s)):
        worker.supervise(began + second)
    assert not run.is_gone
    for second in range(3):
        worker.supervise(began + patience_s + second)
    until(lambda: run.is_gone)
    assert run.why == "killed by SIGKILL"


def test_a_start_ends_where_a_worker_hangs_while_it_loads_its_model(shared_out, monkeypatch) -> None:
    monkeypatch.setattr(workers_run, "LOADING_S", 1.0)
    pool = WorkerPool(load_config(shared_out(), {}), [sys.executable, "-c", "import time; time.sleep(1000)"])
    with pytest.raises(TemporaryError, match="worker 0: no sign of life"):
        pool.load(ThreadGroup(threading.Event()), lambda: True)
    pool.close()
