"""What is done about sources that hang, fail or have a bug: the edge to the hardware is played here."""

from __future__ import annotations

import dataclasses
import gc
import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from edge_app.capture import Cameras, camera, capture_thread, probe_source
from edge_app.capture.capture_time import Moment
from edge_app.capture.sources.source import BrokenOffError, DecodedFrame
from edge_app.core.errors import InputError, Reason, StreamError, TemporaryError
from edge_app.core.frames import PendingFrame, Picture, TimestampSource
from edge_app.core.inbox import Inbox
from edge_app.core.metrics import Metrics
from edge_app.core.packets import PacketTap
from edge_app.core.threads import ThreadGroup
from tests.capture.conftest import Rig, camera_config
from tests.waiting import PATIENCE_S

CAPACITY = 2
BLACK = partial(Picture.from_bgr, np.zeros((4, 6, 3), np.uint8))


def decoded_frame(source: TimestampSource = "arrival", skew_s: float | None = None) -> DecodedFrame:
    time = replace(Moment.now().as_capture(skew_s), source=source)
    return DecodedFrame(time=time, decode_s=0.0, convert=BLACK)


class FakeSource:
    """A source whose attempts are generators of the test."""

    description = "hardware"

    def __init__(self, *attempts: Callable[[], Iterator[DecodedFrame]], live: bool = True) -> None:
        self.live = live
        self._attempts = list(attempts)

    @contextmanager
    def open(self, stop: threading.Event, packets: PacketTap | None = None) -> Iterator[Iterator[DecodedFrame]]:
        yield (
            self._attempts.pop(0)()
            if self._attempts
            else iter(lambda: None if stop.wait(0.01) else decoded_frame(), None)
        )


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Frees what is blocked, at the latest at the end of the test."""
    release = threading.Event()
    yield release
    release.set()


@pytest.fixture
def blocked(release: threading.Event) -> Callable[[], Iterator[DecodedFrame]]:
    """An attempt that yields a frame and then is stuck as in a C call."""

    def attempt() -> Iterator[DecodedFrame]:
        yield decoded_frame()
        release.wait(60)

    return attempt


def threads_of(camera: str) -> int:
    return [thread.name for thread in threading.enumerate()].count(f"camera {camera}")


def test_a_stuck_thread_is_replaced(
    rig: Rig,
    blocked: Callable[[], Iterator[DecodedFrame]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.setattr(capture_thread, "STUCK_S", 0.5)
    rig.cameras.add("gate", FakeSource(blocked), camera_config("rtsp://hardware/", stall_timeout_s=0.3))
    rig.until(rig.more(1))
    rig.until(lambda: rig.is_down(Reason.STALLED))
    rig.until(rig.is_up)
    rig.until(rig.more(3))
    assert [frame.meta.index for frame in rig.pending][:2] == [0, 1]
    assert "camera gate: its thread is stuck and is replaced" in caplog.text


def test_a_camera_that_sends_as_fast_as_it_can_is_read_no_faster_than_cameras_are(rig: Rig):
    def eager() -> Iterator[DecodedFrame]:
        while True:
            yield decoded_frame()

    began = time.monotonic()
    rig.cameras.add("gate", FakeSource(eager), camera_config("rtsp://hardware/"))
    rig.until(lambda: rig.metrics.total("frames_captured", camera="gate") > 100)
    captured = rig.metrics.total("frames_captured", camera="gate")
    assert (captured - 2) * camera.LEAST_S <= time.monotonic() - began  # one may come early


def test_a_camera_at_its_pace_is_asked_for_the_next_frame_at_once(rig: Rig):
    """Each wait is one more time to queue for Python's lock, which with 64 cameras is what they lack."""
    waits: list[float] = []

    class Waits(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0.0)
            return super().wait(timeout)

    def paced() -> Iterator[DecodedFrame]:
        for _ in range(5):
            time.sleep(2 * camera.LEAST_S)
            yield decoded_frame()
        loop.stop.set()

    loop, source = camera.CaptureLoop(Waits()), FakeSource(paced)
    rig.inbox.add("gate", live=True, max_age_s=9, capacity=1, drop=lambda reason: None)
    config = camera_config("rtsp://hardware/")
    camera.Camera("gate", source, config, rig.inbox, rig.metrics, lambda name, status: None).run(loop)
    assert rig.metrics.total("frames_captured", camera="gate") == 5
    assert waits == []


def test_a_camera_with_three_stuck_threads_is_given_up_until_one_is_free(
    rig: Rig,
    blocked: Callable[[], Iterator[DecodedFrame]],
    release: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(capture_thread, "STUCK_S", 0.1)
    settings = camera_config("rtsp://hardware/", stall_timeout_s=0.2)
    rig.cameras.add("gate", FakeSource(*[blocked] * 3), settings)
    rig.cameras.add("yard", FakeSource(), camera_config("rtsp://hardware/"))
    rig.until(lambda: rig.is_down(Reason.STUCK))
    assert "3 threads are stuck" in rig.cameras.statuses()["gate"].detail
    assert 0 < (rig.cameras.health()["gate"].next_retry or 0) - time.time() < 1
    with pytest.raises(AssertionError):  # over several of its pauses
        rig.until(lambda: not rig.is_down(Reason.STUCK) or threads_of("gate") > 3, within_s=1)
    seen = len(rig.pending)
    rig.until(rig.more(10))
    assert {frame.meta.camera for frame in rig.pending[seen:]} == {"yard"}
    release.set()
    rig.until(rig.is_up)
    rig.until(lambda: threads_of("gate") == 1)
    assert rig.state("yard") == ("up", None)
    assert [state.reason for name, state in rig.states if name == "gate"].count(Reason.STUCK) == 1


def test_three_cameras_that_are_given_up_end_the_program(
    rig: Rig, blocked: Callable[[], Iterator[DecodedFrame]], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(capture_thread, "STUCK_S", 0.1)
    settings = camera_config("rtsp://hardware/", stall_timeout_s=0.2)
    for name in ("gate", "yard"):
        rig.cameras.add(name, FakeSource(*[blocked] * 3), settings)
    rig.until(lambda: {rig.state("gate"), rig.state("yard")} == {("down", Reason.STUCK)})
    rig.cameras.add("door", FakeSource(*[blocked] * 3), settings)
    with pytest.raises(TemporaryError, match="cameras gate, yard, door are stuck"):
        rig.until(lambda: False)


def test_a_stuck_thread_that_comes_free_leaves(
    rig: Rig, blocked: Callable[[], Iterator[DecodedFrame]], release: threading.Event, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(capture_thread, "STUCK_S", 0.2)
    rig.cameras.add("gate", FakeSource(blocked), camera_config("rtsp://hardware/", stall_timeout_s=0.2))
    rig.until(lambda: threads_of("gate") == 2)
    rig.until(rig.more(3))
    release.set()
    rig.until(lambda: threads_of("gate") == 1)
    rig.until(rig.more(3))
    assert rig.is_up()
    assert rig.metrics.total("reconnects") == 0


def test_a_finite_source_may_be_as_slow_as_it_likes(
    rig: Rig, blocked: Callable[[], Iterator[DecodedFrame]], release: threading.Event, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(capture_thread, "STUCK_S", 0.1)
    rig.cameras.add("gate", FakeSource(blocked, live=False), camera_config("tape.mp4", stall_timeout_s=0.1))
    rig.until(rig.more(1))
    with pytest.raises(AssertionError):
        rig.until(lambda: not rig.is_up() or threads_of("gate") > 1, within_s=1)
    release.set()
    rig.until(lambda: rig.inbox.exhausted)
    assert [state.state for _, state in rig.states] == ["connecting", "up", "down"]


def test_a_camera_that_waits_to_try_again_is_not_stuck(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(capture_thread, "STUCK_S", 0.1)

    def refused() -> Iterator[DecodedFrame]:
        raise StreamError(Reason.AUTH_FAILED, "no")
        yield

    rig.cameras.add("gate", FakeSource(refused), camera_config("rtsp://hardware/", stall_timeout_s=0.1))
    rig.until(lambda: rig.is_down(Reason.AUTH_FAILED))
    with pytest.raises(AssertionError):
        rig.until(lambda: not rig.is_down(Reason.AUTH_FAILED), within_s=1)


def test_a_camera_says_when_it_is_tried_again_and_when_it_last_sent(rig: Rig, release: threading.Event):
    def refused() -> Iterator[DecodedFrame]:
        raise StreamError(Reason.TIMEOUT, "no")
        yield

    def slow() -> Iterator[DecodedFrame]:
        release.wait(PATIENCE_S)
        yield decoded_frame()
        rig.stop.wait(PATIENCE_S)

    pause = {"initial_s": 2, "max_s": 2, "jitter": 0}
    config, before = camera_config("rtsp://hardware/", reconnect=pause, stall_timeout_s=PATIENCE_S), time.time()
    rig.cameras.add("gate", FakeSource(refused, slow), config)
    rig.until(lambda: rig.cameras.health()["gate"].next_retry)
    waits = rig.cameras.health()["gate"]
    assert before < (waits.next_retry or 0) - 2 <= time.time()
    assert (waits.last_frame, waits.fps, waits.age_s) == (None, 0.0, None)
    rig.until(lambda: rig.cameras.health()["gate"].next_retry is None)
    assert rig.is_down(Reason.TIMEOUT)
    release.set()
    rig.until(rig.is_up)
    rig.cameras.analysed("gate", "")
    rig.metrics.observe("age", 0.25, camera="gate")
    sends = rig.cameras.health()["gate"]
    assert before < (sends.last_frame or 0) <= time.time()
    assert (sends.fps, sends.age_s, sends.next_retry) == (1.0, 0.25, None)
    rig.stop.set()


def test_a_bug_that_a_camera_brings_out_costs_that_camera_alone(rig: Rig, caplog: pytest.LogCaptureFixture):
    def bug() -> Iterator[DecodedFrame]:
        yield decoded_frame()
        raise KeyError("rtsp://admin:secret@hardware/")

    rig.cameras.add("gate", FakeSource(bug), camera_config("rtsp://hardware/"))
    rig.until(lambda: rig.is_down(Reason.FAILED))
    rig.until(rig.is_up)
    assert rig.threads.error is None
    assert "an internal error (KeyError at test_cameras.py:" in caplog.text
    assert "secret" not in caplog.text


def test_a_bug_in_a_finite_source_stops_the_group(rig: Rig):
    def bug() -> Iterator[DecodedFrame]:
        yield decoded_frame()
        raise KeyError("bug")

    rig.cameras.add("tape", FakeSource(bug, live=False), camera_config("tape.mp4"))
    rig.until(lambda: rig.threads.error)
    assert isinstance(rig.threads.error, KeyError)


def test_a_live_camera_that_ends_is_tried_again(rig: Rig, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    rig.cameras.add("gate", FakeSource(*[lambda: iter([decoded_frame()])] * 3), camera_config("rtsp://hardware/"))
    rig.until(rig.more(10))
    assert rig.metrics.by("reconnects", "reason", camera="gate") == {"ended": 3}
    assert [state.state for _, state in rig.states] == ["connecting", *["up", "down"] * 3, "up"]


def test_nothing_is_kept_of_an_attempt_that_failed(rig: Rig):
    kept: list[weakref.ref[Callable[[], Picture]]] = []

    def lost() -> Iterator[DecodedFrame]:
        surface = partial(Picture.from_bgr, np.zeros((4, 6, 3), np.uint8))
        kept.append(weakref.ref(surface))
        try:
            yield dataclasses.replace(decoded_frame(), convert=surface)
            raise StreamError(Reason.FAILED, "gone")
        except StreamError as error:
            raise BrokenOffError(error, 1) from None

    gc.disable()
    try:
        rig.cameras.add("gate", FakeSource(lost), camera_config("rtsp://hardware/"))
        rig.until(rig.more(9))
        rig.pending.clear()
        assert rig.is_up()
        assert kept[0]() is None
    finally:
        gc.enable()


def test_a_finite_source_that_fails_half_way_is_down_and_its_error_is_kept(rig: Rig):
    def torn() -> Iterator[DecodedFrame]:
        yield decoded_frame()
        raise StreamError(Reason.FAILED, "tape: torn")

    rig.cameras.add("gate", FakeSource(torn, live=False), camera_config("tape.mp4"))
    rig.until(lambda: rig.threads.kept)
    assert isinstance(rig.threads.kept, InputError)
    assert rig.is_down(Reason.FAILED)
    assert not rig.stop.is_set()


def test_a_disabled_camera_is_known_and_does_nothing(rig: Rig):
    rig.cameras.add("gate", FakeSource(), camera_config("rtsp://hardware/", enabled=False))
    rig.cameras.supervise()
    assert rig.state() == ("disabled", None)
    assert not rig.inbox.waiting
    assert threads_of("gate") == 0
    rig.cameras.remove("gate")
    assert rig.cameras.statuses() == {}


def test_a_camera_that_returns_counts_on(rig: Rig):
    rig.cameras.add("gate", FakeSource(), camera_config("rtsp://hardware/"))
    with pytest.raises(ValueError, match="gate is already there"):
        rig.cameras.add("gate", FakeSource(), camera_config("rtsp://hardware/"))
    rig.until(rig.more(3))
    rig.cameras.remove("gate")
    captured = rig.metrics.total("frames_captured", camera="gate")
    rig.cameras.add("gate", FakeSource(), camera_config("rtsp://hardware/"))
    rig.until(rig.more(1))
    assert rig.pending[-1].meta.index >= captured


def test_the_gauge_of_a_clock_follows_it_until_it_is_set_right(rig: Rig, caplog: pytest.LogCaptureFixture):
    gauges: list[float | None] = []

    def wrong_then_right() -> Iterator[DecodedFrame]:
        for skew_s in (None, 3600.0, 3600.4, 3605.0, None):
            yield decoded_frame(skew_s=skew_s)
            gauges.append(rig.metrics.gauge_value("clock_skew", camera="gate"))
        for _ in range(2):
            yield decoded_frame(source="rtcp")
            gauges.append(rig.metrics.gauge_value("clock_skew", camera="gate"))

    rig.cameras.add("gate", FakeSource(wrong_then_right), camera_config("rtsp://hardware/"))
    rig.until(rig.more(8))
    assert gauges == [None, 3600.0, 3600.0, 3605.0, 3605.0, 0.0, 0.0]
    assert [r.getMessage() for r in caplog.records if "its clock" in r.getMessage()] == [
        "camera gate: its clock is +3600.0 s off ours; its frames are timed by their arrival"
    ]
    rig.cameras.remove("gate")
    assert rig.metrics.gauge_value("clock_skew", camera="gate") is None


class Counting(Inbox):
    """An inbox that says when a frame finds no room, and counts how many were to be put."""

    def __init__(self) -> None:
        super().__init__()
        self.full, self.puts = threading.Event(), 0

    def put(self, frame: PendingFrame, timeout_s: float) -> bool:
        self.puts += 1
        if self.puts > CAPACITY:
            self.full.set()
        return super().put(frame, timeout_s)


def test_a_finite_camera_that_waits_for_room_is_removed_without_another_try(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(camera, "SPACE_POLL_S", 1.0)
    inbox, threads = Counting(), ThreadGroup(threading.Event())
    cameras = Cameras(inbox, Metrics(), threads, lambda name, state: None, capacity=CAPACITY)
    cameras.add("tape", FakeSource(live=False), camera_config("tape.mp4"))
    assert inbox.full.wait(PATIENCE_S)
    tried = inbox.puts
    cameras.remove("tape")
    assert inbox.puts == tried
    assert threads.join(PATIENCE_S) == []


def test_the_probe_gives_up_after_its_timeout(blocked: Callable[[], Iterator[DecodedFrame]]):
    def silent() -> Iterator[DecodedFrame]:
        return iter(())

    with pytest.raises(StreamError, match="no picture in it"):
        probe_source(FakeSource(silent), timeout_s=PATIENCE_S)

    class Slow(FakeSource):
        @contextmanager
        def open(self, stop: threading.Event, packets: PacketTap | None = None) -> Iterator[Iterator[DecodedFrame]]:
            stop.wait(10)
            yield iter(())

    with pytest.raises(StreamError, match=r"no picture within 0\.2 s") as caught:
        probe_source(Slow(), timeout_s=0.2)
    assert caught.value.reason is Reason.TIMEOUT
