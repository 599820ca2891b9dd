"""A camera's tap: who subscribes sees every frame, and nobody else costs anything."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_app.core.detections import Detections, Latency, Result
from edge_app.core.errors import Reason, StreamError
from edge_app.core.frames import Frame, FrameMeta, Picture
from edge_app.core.tap import Tap
from tests.frames import frame

HOST = Picture.from_bgr(np.zeros((4, 6, 3), np.uint8))


def analysed(index: int = 0, picture: Picture = HOST) -> tuple[Frame, Result]:
    made = frame(picture, index=index)
    nothing = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int32))
    latency = Latency(queue=0, preprocess=0, infer=0, postprocess=0, total=0)
    return made, Result(meta=made.meta, source_wh=(6, 4), latency=latency, detections=nothing)


def on_device(fetch) -> Picture:
    return replace(HOST, memory="device", fetch=fetch)


def test_every_subscriber_sees_every_frame_until_it_unsubscribes():
    tap, first, second, results = Tap(), [], [], []
    leave = tap.subscribe(lambda frame, result: first.append(frame.meta.index))
    tap.subscribe(lambda frame, result: second.append(frame.meta.index))
    tap.subscribe_results(lambda result: results.append(result.meta.index))
    for index in range(3):
        tap.put(*analysed(index))
        if index == 1:
            leave()
    assert (first, second, results) == ([0, 1], [0, 1, 2], [0, 1, 2])


def test_a_method_can_unsubscribe():
    tap, seen = Tap(), []
    leave = tap.subscribe(seen.append)
    leave()
    tap.put(*analysed())
    assert seen == []


def test_while_nobody_wants_pictures_none_is_fetched_from_the_device():
    tap, results = Tap(), []
    tap.subscribe_results(results.append)
    tap.put(*analysed(picture=on_device(lambda: pytest.fail("fetched"))))
    assert len(results) == 1


def test_subscribers_get_one_copy_on_the_host_and_pin_no_surface():
    tap, fetched, pictures = Tap(), [], []

    def fetch() -> Picture:
        fetched.append(1)
        return HOST

    for _ in range(2):
        tap.subscribe(lambda frame, result: pictures.append(frame.picture))
    tap.put(*analysed(picture=on_device(fetch)))
    assert (pictures, fetched) == ([HOST, HOST], [1])


def test_who_subscribes_twice_and_leaves_once_is_still_there():
    tap, seen = Tap(), []
    leave = tap.subscribe_results(seen.append)
    tap.subscribe_results(seen.append)
    leave()
    tap.put(*analysed())
    assert len(seen) == 1


def test_a_picture_that_nobody_wants_now_is_not_copied():
    tap, wanted, seen = Tap(), [], []

    def wants(meta: FrameMeta) -> bool:
        wanted.append(meta.index)
        return meta.index > 0

    tap.subscribe(lambda frame, result: seen.append(frame.meta.index), wants)
    tap.put(*analysed(0, on_device(lambda: pytest.fail("copied"))))
    tap.put(*analysed(1, on_device(lambda: HOST)))
    tap.put(*analysed(0))  # on the host, where it costs nothing
    assert (seen, wanted) == ([1, 0], [0, 1])


def test_a_surface_that_cannot_be_copied_is_left_out():
    def broken() -> Picture:
        raise StreamError(Reason.DECODE_ERRORS, "broken")

    tap, pictures, results = Tap(), [], []
    tap.subscribe(lambda frame, result: pictures.append(frame))
    tap.subscribe_results(results.append)
    tap.put(*analysed(picture=on_device(broken)))
    tap.put(*analysed())
    assert (len(pictures), len(results)) == (1, 2)
