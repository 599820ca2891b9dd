"""Cameras come and go while the program runs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest

from edge_app.analytics import analytics
from edge_app.app.config import load_config
from edge_app.app.config_sections import CameraSection
from edge_app.app.factory import make_parts
from edge_app.app.runtime import Runtime
from edge_app.app.start import start
from edge_app.capture import open_source
from edge_app.core.inbox import EndedError
from tests.waiting import PATIENCE_S

SCENE = "synthetic://street?seed=7&fps=10&size=320x180"


@pytest.fixture
def runtime(configured) -> Iterator[Runtime]:
    """A program with one live camera, which discards its messages."""
    config = configured(cameras={"a": {"url": SCENE}}, publish=[{"type": "file", "path": "/dev/null"}])
    with start(make_parts(load_config(config, {}))) as runtime:
        yield runtime


def steps(runtime: Runtime, *actions: tuple[Callable[[], bool], Callable[[], object]]) -> None:
    """Runs; as soon as a condition holds, its action is taken, one after the other, and then the program stops."""
    waiting, deadline = list(actions), time.monotonic() + PATIENCE_S

    def refresh() -> None:
        assert time.monotonic() < deadline
        if waiting and waiting[0][0]():
            waiting.pop(0)[1]()
        if not waiting:
            runtime.stop.set()

    runtime.run(refresh, 0.01)
    assert not waiting


def analysed(runtime: Runtime, more_than: int, camera: str = "a") -> Callable[[], bool]:
    return lambda: runtime.metrics.total("frames_analysed", camera=camera) > more_than


def camera(url: str = SCENE) -> tuple[object, CameraSection]:
    config = CameraSection(url=url)
    return open_source(config), config


def test_the_only_camera_can_be_removed_and_another_added_later(runtime):
    removed: list[float] = []

    def remove() -> None:
        runtime.analyser.remove("a")
        removed.append(time.monotonic())

    steps(
        runtime,
        (analysed(runtime, 2), remove),
        (lambda: time.monotonic() > removed[0] + 0.3, lambda: runtime.analyser.add("b", *camera())),
        (analysed(runtime, 2, "b"), lambda: None),
    )


def test_a_camera_is_replaced_and_counts_on(runtime):
    indices: list[int] = []
    runtime.analyser.tap("a").subscribe_results(lambda result: indices.append(result.meta.index))
    before: list[int] = []

    def replace() -> None:
        before.append(len(indices))
        runtime.analyser.replace("a", *camera(SCENE.replace("seed=7", "seed=8")))

    steps(runtime, (lambda: len(indices) > 2, replace), (lambda: len(indices) > before[0] + 3, lambda: None))
    assert indices == sorted(set(indices))


EVERYWHERE = {"all": {"polygon": [[0, 0], [1, 0], [1, 1], [0, 1]], "inertia": 1, "crowd": {"count": 1, "for_s": 0}}}
OPEN, CLOSED = ("new", "enter", "crowd"), ("end", "leave", "calm")


@pytest.fixture
def told(configured, tmp_path) -> Iterator[tuple[Runtime, Callable[..., list[str]]]]:
    """A program whose one live camera has tracks, stays and a crowd, and what it has told: ids by types of events."""
    config = configured(
        cameras={"a": {"url": SCENE, "zones": EVERYWHERE}},
        track={"confirm_frames": 1},
        state_dir=str(tmp_path / "state"),
        publish=[{"type": "file", "path": str(tmp_path / "messages"), "messages": ["events"]}],
    )

    def ids(*types: str) -> list[str]:
        lines = (tmp_path / "messages").read_text().split("\n")[:-1]
        return sorted(event["id"] for event in map(json.loads, lines) if event["type"] in types)

    with start(make_parts(load_config(config, {}))) as runtime:
        yield runtime, ids


def inside(runtime: Runtime) -> float | None:
    return runtime.metrics.gauge_value("zone_inside", camera="a", zone="all", label="car")


def test_tracks_stays_and_crowds_of_a_camera_end_when_it_is_removed(told):
    runtime, ids = told
    steps(
        runtime,
        (lambda: all(ids(kind) for kind in OPEN) and inside(runtime), lambda: runtime.analyser.remove("a")),
        (lambda: ids(*CLOSED) == ids(*OPEN), lambda: None),
    )
    assert inside(runtime) == 0


def test_who_takes_a_cameras_place_begins_with_nobody(told):
    runtime, ids = told
    open_before: list[list[str]] = []

    def replace() -> None:
        open_before.append([one for one in ids("new") if one not in ids("end")])
        source, config = camera()
        runtime.analyser.replace("a", source, config.model_copy(update={"zones": {}}))

    steps(
        runtime,
        (lambda: all(ids(kind) for kind in OPEN) and inside(runtime), replace),
        (lambda: set(ids("end")) >= set(open_before[0]) and set(ids("new")) > set(ids("end")), lambda: None),
    )
    assert ids("enter", "crowd") == ids("leave", "calm")
    assert inside(runtime) == 0
    assert ids("end") == ids("new")
    assert len(set(ids("end"))) == len(ids("end"))


def test_tracks_and_stays_of_a_live_camera_do_not_wait_for_its_next_frame(told, monkeypatch):
    monkeypatch.setattr(analytics, "LATE_S", -60.0)  # each frame is the last for as long as that
    runtime, ids = told
    steps(runtime, (lambda: all(ids(kind) for kind in CLOSED), lambda: None))


def test_after_its_end_a_worker_takes_no_camera(configured):
    finite = configured(cameras={"a": {"url": f"{SCENE}&frames=3"}}, publish=[{"type": "file", "path": "/dev/null"}])
    with start(make_parts(load_config(finite, {}))) as runtime:
        runtime.run()
        for change in (runtime.analyser.add, runtime.analyser.replace):
            with pytest.raises(EndedError):
                change("a", *camera())
        assert set(runtime.analyser.statuses()) == {"a"}


def test_the_end_of_a_short_run_is_looked_at_too(configured):
    finite = configured(cameras={"a": {"url": f"{SCENE}&frames=3"}}, publish=[{"type": "file", "path": "/dev/null"}])
    looks: list[int] = []
    with start(make_parts(load_config(finite, {}))) as runtime:
        runtime.run(lambda: looks.append(1), tick_s=PATIENCE_S)
    assert looks == [1]
