"""Streams that are not sent as they are shown: B-frames, and frames of two fields."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from edge_app.capture.decode.deinterlacer import Deinterlacer
from edge_app.core.errors import Reason
from tests.capture.conftest import Rig
from tests.rtsp.clips import FIELD_STEP, LEVEL
from tests.rtsp.fixtures import StartServer


def assert_evenly_timed(rig: Rig, ts_source: str) -> None:
    """25 frames a second, one after the other; the first ones come in a heap, and with them the clocks are compared.

    What is timed by its frame is as even as it comes: on a busy machine the server sends in bursts.
    """
    metas = [frame.meta for frame in rig.pending if frame.meta.time.source == ts_source][5:]
    index, at, came = np.transpose([(meta.index, meta.time.mono, meta.queued_mono) for meta in metas])
    assert (np.diff(at) >= 0).all()
    bursts = unevenness(index, came) if ts_source == "arrival" else 0.0
    assert unevenness(index, at) < 0.01 + bursts


def unevenness(index: NDArray[np.float64], at: NDArray[np.float64]) -> float:
    """How far the usual step from one frame to the next is from that of 25 frames a second [s]."""
    return float(abs(np.median(np.diff(at) / np.diff(index)) - 0.04))


def combs(picture: NDArray[np.uint8]) -> float:
    """How much each row differs from those above and below it."""
    rows = picture[..., 1].astype(int)
    return float(np.abs(2 * rows[1:-1] - rows[:-2] - rows[2:]).mean())


def left_edge(picture: NDArray[np.uint8]) -> float:
    """Where the bar of `fields` begins [px]."""
    return float(np.argmax(picture[120, :, 1] > 130))


def test_b_frames_are_shown_and_timed_in_their_order(
    rig: Rig, rtsp_server: StartServer, b_frame_clip: tuple[Path, str]
):
    clip, codec = b_frame_clip
    rig.add(rtsp_server(clip, codec=codec).url)
    rig.until(lambda: rig.pending and rig.pending[-1].meta.time.source == "rtcp")
    rig.until(rig.more(30))
    levels = [round(frame.convert().bgr.mean() / LEVEL) for frame in rig.pending]
    shown = np.diff(levels) % 25
    counted = np.diff([frame.meta.index for frame in rig.pending])
    np.testing.assert_array_equal(shown, counted % 25)
    assert rig.metrics.total("frames_dropped", reason="decode") == 0
    assert_evenly_timed(rig, "arrival")
    if int(av.__version__.split(".")[0]) >= 18:  # libav before 8.1 gives a packet the camera's time of the next one
        assert_evenly_timed(rig, "rtcp")


def test_b_frames_of_a_file_are_all_there_in_their_order(rig: Rig, b_frame_clip: tuple[Path, str]):
    rig.add(str(b_frame_clip[0]))
    rig.until(lambda: rig.inbox.exhausted)
    assert [round(frame.convert().bgr.mean() / LEVEL) for frame in rig.pending] == list(range(25))
    np.testing.assert_allclose(np.diff([frame.meta.time.wall for frame in rig.pending]), 0.04, atol=1e-3)


def test_interlaced_frames_of_a_file_become_whole_and_none_is_lost(rig: Rig, interlaced_clip: Path):
    with av.open(str(interlaced_clip)) as container:
        combed = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    rig.add(str(interlaced_clip))
    rig.until(lambda: rig.inbox.exhausted)
    pictures = [frame.convert().bgr for frame in rig.pending]
    assert len(pictures) == len(combed) == 25
    assert min(map(combs, combed)) > 5
    assert max(map(combs, pictures)) < 0.5
    np.testing.assert_allclose(list(map(left_edge, pictures)), 2 * FIELD_STEP * np.arange(25), atol=2)
    np.testing.assert_allclose(np.diff([frame.meta.time.wall for frame in rig.pending]), 0.04, atol=1e-3)


def test_an_interlaced_camera_is_whole_and_timed(rig: Rig, rtsp_server: StartServer, interlaced_clip: Path):
    rig.add(rtsp_server(interlaced_clip).url)
    rig.until(rig.more(40))
    pictures = [frame.convert().bgr for frame in rig.pending[3:]]
    assert max(map(combs, pictures)) < 0.5
    assert_evenly_timed(rig, "arrival")
    assert not rig.is_down(Reason.DECODE_ERRORS)


def test_a_camera_that_turns_to_whole_frames_and_another_size_loses_none(interlaced_clip: Path, wide_clip: Path):
    deinterlacer, shown, given = Deinterlacer(), [], []
    for clip in (interlaced_clip, wide_clip, interlaced_clip):
        with av.open(str(clip)) as container:
            for frame in container.decode(video=0):
                given.append((frame.width, frame.pts, frame.time_base))
                shown += deinterlacer.take(frame)
    shown += deinterlacer.flush()
    assert [(frame.width, frame.pts, frame.time_base) for frame in shown] == given
    assert deinterlacer.flush() == []
