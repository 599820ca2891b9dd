"""The analysis thread, from the inbox to the publisher, on a real engine with a model whose answer is known."""

from __future__ import annotations

import threading
import time
import weakref
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from benchmarks.gpu.looping_inbox import LoopingInbox
from edge_app.core.detections import Detections
from edge_app.core.errors import Reason, StreamError
from edge_app.core.frames import Picture
from edge_app.core.inbox import Inbox
from edge_app.core.metrics import Metrics
from edge_app.core.threads import Heartbeats
from edge_app.engine.ort.cpu import OnnxRuntimeEngine
from edge_app.model import InputSpec
from edge_app.pipeline import Analysis
from tests.frames import pending
from tests.onnx_models import SIDE, refuses_bright
from tests.waiting import PATIENCE_S, until

SPEC = InputSpec(width=SIDE, height=SIDE, color="bgr", letterbox="top_left", rounding="floor")


def untold(*_: object) -> None:
    """Nobody wants to know."""


def broken_surface():
    raise StreamError(Reason.DECODE_ERRORS, "broken")


def arrival(index, value=1, *, camera="clip", live=False, convert=None):
    now = time.monotonic()
    picture = Picture.from_bgr(np.full((SIDE, SIDE, 3), value, np.uint8))
    made = pending(picture, camera, index, live=live, queued_mono=now, wall=1000.0 + index, mono=now, source="file")
    return replace(made, convert=convert) if convert else made


def mean_as_score(arrays, boxes, sizes_wh):
    """One detection a picture, whose class is the picture's mean; of 13 it is a broken row, of 14 three were cut."""
    means = [round(float(mean)) for mean in arrays[0][: len(boxes), 0]]
    one = np.zeros((1, 4), np.float32), np.ones(1, np.float32)
    return [(Detections(*one, np.array([mean], np.int32)), int(mean == 13), 3 * (mean == 14)) for mean in means]


@pytest.fixture
def engine(tmp_path):
    with OnnxRuntimeEngine(
        refuses_bright(tmp_path / "m.onnx"), SPEC, batch=None, max_batch=4, slots=2, threads=1
    ) as engine:
        yield engine


class Run:
    """An analysis of what is already in the inbox."""

    def __init__(self, engine, arrivals):
        self.results, self.stats, self.beats = [], Metrics(), Heartbeats()
        inbox = Inbox()
        inbox.add("clip", live=False, max_age_s=1, capacity=len(arrivals) + 1, drop=lambda reason: None)
        for item in arrivals:
            assert inbox.put(item, timeout_s=0)
        inbox.close("clip")
        told = self._publish, untold, untold, untold
        analysis = Analysis(inbox, engine, mean_as_score, *told, self.stats, self.beats, "analyse")
        analysis.run(threading.Event().is_set)
        self.engine_status = analysis.engine_status.current

    def _publish(self, frame, result):
        assert frame.meta.index == result.meta.index
        self.results.append((result.meta.index, int(result.detections.class_id[0])))


def test_every_frame_of_a_finite_source_is_published_once_in_order(engine):
    run = Run(engine, [arrival(i, value=i) for i in range(10)])
    assert run.results == [(i, i) for i in range(10)]
    assert run.stats.total("frames_analysed", camera="clip") == 10


def test_a_frame_whose_surface_is_broken_is_counted_and_the_others_go_on(engine):
    run = Run(engine, [arrival(0), arrival(1, convert=broken_surface), arrival(2)])
    assert [index for index, _ in run.results] == [0, 2]
    assert run.stats.by("frames_dropped", "reason") == {"decode": 1}


def test_a_frame_that_the_engine_refuses_is_counted_and_the_others_go_on(engine):
    run = Run(engine, [arrival(0), arrival(1, value=200), arrival(2), arrival(3), arrival(4)])
    assert [index for index, _ in run.results] == [0, 2, 3, 4]
    assert run.stats.by("frames_dropped", "reason") == {"engine": 1}
    assert run.engine_status.state == "failing"
    assert run.engine_status.reason


def test_an_engine_that_fails_at_every_frame_is_told_once(engine, caplog):
    run = Run(engine, [arrival(i, value=200) for i in range(20)])
    assert run.stats.by("frames_dropped", "reason") == {"engine": 20}
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [text.partition(",")[0] for text in told] == ["a batch of 4 failed", "the engine fails"]


def test_rows_that_are_not_finite_are_counted(engine):
    run = Run(engine, [arrival(0, value=13)])
    assert run.stats.total("outputs_not_finite", camera="clip") == 1


def test_the_first_rows_that_are_no_detections_are_told_with_their_number_and_no_others(engine, caplog):
    with caplog.at_level("WARNING", "edge_app.pipeline"):
        Run(engine, [arrival(0, value=13), arrival(1, value=13)])
    (record,) = caplog.records
    assert record.getMessage().startswith("clip: 1 rows of the model's answer are no detections (NaN, a score above 1")


def test_boxes_that_were_too_many_to_compare_are_counted(engine):
    run = Run(engine, [arrival(0, value=14), arrival(1)])
    assert run.stats.total("candidates_cut", camera="clip") == 3


def test_the_time_of_every_stage_is_recorded(engine):
    run = Run(engine, [arrival(i) for i in range(3)])
    for stage in ("decode", "queue", "preprocess", "infer", "postprocess", "publish", "age"):
        assert len(run.stats.percentiles(stage, camera="clip")) == 3, stage


def test_the_loop_beats_while_it_is_idle_and_ends_when_told(engine):
    inbox, beats, stop = Inbox(), Heartbeats(), threading.Event()
    inbox.add("gate", live=True, max_age_s=1, capacity=1, drop=lambda reason: None)
    analysis = Analysis(inbox, engine, mean_as_score, untold, untold, untold, untold, Metrics(), beats, "analyse")
    thread = threading.Thread(target=analysis.run, args=(stop.is_set,))
    thread.start()
    until(lambda: beats.silent(-1) == ["analyse"])
    stop.set()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
    assert beats.silent(-1) == []


def test_the_end_of_a_camera_is_told_after_its_last_frame_while_others_go_on(engine):
    inbox, told = Inbox(), []
    for name, frames in (("clip", 2), ("longer", 9)):
        inbox.add(name, live=False, max_age_s=1, capacity=frames, drop=lambda reason: None)
        for index in range(frames):
            assert inbox.put(arrival(index, camera=name), timeout_s=0)
        inbox.close(name)
    take = lambda frame, _: told.append((frame.meta.camera, frame.meta.index))  # noqa: E731
    end = lambda camera: told.append((camera, "end"))  # noqa: E731
    Analysis(inbox, engine, mean_as_score, take, untold, end, untold, Metrics(), Heartbeats(), "analyse").run(
        threading.Event().is_set
    )
    assert [each for camera, each in told if camera == "clip"] == [0, 1, "end"]
    assert told.index(("clip", "end")) < told.index(("longer", 8))


def test_a_removed_camera_ends_after_its_last_frame_and_before_the_first_of_its_successor(engine):
    inbox, told, stop = Inbox(), [], threading.Event()

    def begin(index):
        inbox.add("gate", live=True, max_age_s=60, capacity=1, drop=lambda reason: None)
        assert inbox.put(arrival(index, camera="gate", live=True), timeout_s=0)

    def take(frame, _):
        told.append(frame.meta.index)
        if frame.meta.index < 3:
            inbox.close("gate", removed=True)
            begin(frame.meta.index + 1)
        else:
            stop.set()

    begin(1)
    told_of = take, untold, lambda camera: told.append(camera), untold
    Analysis(inbox, engine, mean_as_score, *told_of, Metrics(), Heartbeats(), "analyse").run(stop.is_set)
    assert told == [1, "gate", 2, "gate", 3]


def test_the_inbox_of_the_benchmarks_for_a_gpu_feeds_the_analysis(engine):
    """Nothing runs those where there is none."""
    results, pictures = [], [Picture.from_bgr(np.full((SIDE, SIDE, 3), value, np.uint8)) for value in (3, 5)]
    looping = LoopingInbox(pictures, frames=8)
    take = lambda _, result: results.append(int(result.detections.class_id[0]))  # noqa: E731
    told = take, untold, untold, untold
    Analysis(looping, engine, mean_as_score, *told, Metrics(), Heartbeats(), "bench").run(threading.Event().is_set)
    assert results == [3, 5] * 4


def test_a_picture_that_wants_to_be_alone_is_converted_when_all_others_are_gone(engine):
    made, most = [], []

    def convert(value):
        most.append(sum(each() is not None for each in made))
        pixels = np.full((SIDE, SIDE, 3), value, np.uint8)
        made.append(weakref.ref(pixels))
        return Picture.from_bgr(pixels)

    arrivals = [
        replace(arrival(index, convert=partial(convert, index)), alone=index in (2, 3, 6)) for index in range(9)
    ]
    run = Run(engine, arrivals)
    assert run.results == [(index, index) for index in range(9)]
    assert [most[index] for index in (2, 3, 6)] == [0, 0, 0]
    assert max(most) > 0


def test_what_wants_to_be_alone_is_taken_alone_and_in_its_turn():
    inbox = Inbox()
    for name in "abcd":
        inbox.add(name, live=True, max_age_s=100, capacity=1, drop=lambda reason: None)
        inbox.put(replace(arrival(0, camera=name, live=True), alone=name in "bd"), 0)
    taken = []
    while inbox.waiting:
        alone = inbox.next_is_alone
        taken.append("".join(each.meta.camera for each in inbox.take(4, 0)))
        assert alone == (taken[-1] in "bd")
        if len(taken) == 1:
            inbox.put(arrival(1, camera="a", live=True), 0)
    assert taken == ["ac", "b", "d", "a"]
