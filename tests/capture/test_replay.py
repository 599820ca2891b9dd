"""Finite sources played live: what a picture's age says of the decoder."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from edge_app.capture import FileSource, ReplaySource
from edge_app.capture.decode.factory import VideoDecoderFactory
from edge_app.capture.sources.source import DecodedFrame
from edge_app.core.frames import CaptureTime, Picture
from edge_app.core.packets import PacketTap
from tests.rtsp.clips import stripes, write_clip

STEP_S = 0.02


class Clip:
    """Pictures of 50 frames a second, each of which is decoded for some time."""

    live = False
    description = "clip"

    def __init__(self, *decoded_s: float, step_s: float = STEP_S) -> None:
        self._decoded_s, self._step_s = decoded_s, step_s

    @contextmanager
    def open(self, stop: threading.Event, packets: PacketTap | None = None) -> Iterator[Iterator[DecodedFrame]]:
        yield self._frames()

    def _frames(self) -> Iterator[DecodedFrame]:
        picture = Picture.from_bgr(np.zeros((4, 4, 3), np.uint8))
        for index, seconds in enumerate(self._decoded_s):
            time.sleep(seconds)
            yield DecodedFrame(
                time=CaptureTime(wall=index * self._step_s, mono=0.0, source="file"),
                decode_s=0.0,
                convert=lambda: picture,
            )


def replayed(clip: Clip, count: int) -> list[tuple[DecodedFrame, float]]:
    """So many shots, and how old each was when it came [s]."""
    stop, seen = threading.Event(), []
    with ReplaySource(clip).open(stop) as frames:
        for frame in frames:
            seen.append((frame, time.monotonic() - frame.time.mono))
            if len(seen) == count:
                stop.set()
    return seen


@pytest.mark.parametrize("paced", [False, True])
def test_a_file_at_its_pace_is_decoded_by_one_thread_as_a_camera_is(tmp_path, paced):
    decoded_live = []

    class Decoders(VideoDecoderFactory):
        def decoder(self, stream, *, live):
            made = super().decoder(stream, live=live)
            decoded_live.append((live, stream.codec_context.thread_count == 1))
            return made

    path = write_clip(tmp_path / "clip.mp4", stripes((64, 48), 5), fps=30)
    file = FileSource(path, decoders=Decoders(str(path)))
    with (file.at_its_pace() if paced else file).open(threading.Event()) as frames:
        assert len(list(frames)) == 5
    assert decoded_live == [(paced, paced or os.cpu_count() == 1)]


def test_a_clip_that_opens_late_is_not_played_faster_for_it():
    seen = replayed(Clip(0.3, *[0.0] * 9), 10)
    assert seen[-1][0].time.mono - seen[0][0].time.mono == pytest.approx(9 * STEP_S)


@pytest.mark.parametrize("count", [1, 3])
def test_pictures_of_one_time_are_not_played_as_fast_as_can_be(count):
    seen = replayed(Clip(*[0.0] * count, step_s=0.0), 5)
    steps = np.diff([frame.time.mono for frame, _ in seen])
    assert (steps > 0.03).all()


def test_pictures_that_are_years_apart_are_a_second_apart():
    seen = replayed(Clip(0.0, 0.0, step_s=1e8), 2)
    assert seen[1][0].time.mono - seen[0][0].time.mono == pytest.approx(1.0)


def test_a_picture_is_as_old_as_it_is_late_and_a_slow_decoder_plays_on():
    seen = replayed(Clip(0.0, 0.1, *[0.05] * 20), 22)
    assert seen[1][1] >= 0.1 - STEP_S
    assert seen[-1][0].time.mono - seen[0][0].time.mono > 0.1 + 20 * 0.05 - 0.26
    for frame, _ in seen:
        assert frame.time.wall - frame.time.mono == pytest.approx(time.time() - time.monotonic(), abs=1)
