"""What systemd is told over a real socket."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from edge_app.app.service import Service
from edge_app.core.threads import Heartbeats


def test_systemd_hears_ready_status_extension_and_stopping(heard: Callable[[], list[str]]) -> None:
    service = Service()
    service.ready()
    service.status("gate up,\n yard down: Zeitüberschreitung")
    service.extend(30)
    service.stopping()
    assert heard() == [
        "READY=1",
        "STATUS=gate up, yard down: Zeitüberschreitung",
        "EXTEND_TIMEOUT_USEC=30000000",
        "STOPPING=1",
    ]


def test_the_watchdog_is_fed_while_every_loop_beats(
    heard: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "400000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    service, beats = Service(), Heartbeats()
    service.feed(beats)
    beats.beat("analyse")
    service.feed(beats)
    assert heard() == ["WATCHDOG=1"] * 2
    while not beats.silent(0.21):
        assert not beats.silent(0.4)
    service.feed(beats)
    service.feed(beats)
    assert heard() == []
    assert [record.getMessage() for record in caplog.records] == [
        "no sign of life from analyse; systemd will restart the service"
    ]
    beats.beat("analyse")
    service.feed(beats)
    assert heard() == ["WATCHDOG=1"]


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({}, id="no watchdog"),
        pytest.param({"WATCHDOG_USEC": "0"}, id="watchdog off"),
        pytest.param({"WATCHDOG_USEC": "soon"}, id="not a number"),
        pytest.param({"WATCHDOG_USEC": "400000", "WATCHDOG_PID": "1"}, id="another process's"),
    ],
)
def test_nobody_is_fed_who_does_not_watch_us(
    heard: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    service = Service()
    service.feed(Heartbeats())
    assert heard() == []
    assert service.watchdog_s is None


def test_without_systemd_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.setenv("WATCHDOG_USEC", "400000")
    service = Service()
    service.ready()
    service.feed(Heartbeats())
    service.stopping()


def test_systemd_hears_of_a_reload_and_of_its_end(heard: Callable[[], list[str]]) -> None:
    service, before = Service(), time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    service.reloading()
    service.ready()
    told, ready = heard()
    begun, at = told.split("\n")
    assert (begun, ready) == ("RELOADING=1", "READY=1")
    assert (
        before // 1000 <= int(at.removeprefix("MONOTONIC_USEC=")) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    )
