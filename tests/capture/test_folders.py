"""Folders of pictures: every one of them once, in the order of their names."""

from __future__ import annotations

import os
import threading
from datetime import datetime, timezone
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_app.capture import ReplaySource, open_source, probe_source
from edge_app.core.errors import InputError, Reason, StreamError
from tests.capture.conftest import Rig, camera_config
from tests.waiting import PATIENCE_S

NAMES = ["cam1_2.png", "cam1_10.png", "cam2_1.jpg", "cam10_1.BMP"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four pictures, each a little lighter and wider than the one before, and what is none of them."""
    folder = tmp_path / "pictures"
    (folder / "deeper.png").mkdir(parents=True)
    (folder / "notes.txt").write_text("no picture")
    (folder / "._cam1_2.png").write_text("what macOS knows of it")
    for index, name in enumerate(NAMES):
        cv2.imwrite(str(folder / name), np.full((8, 16 + index, 3), 40 * index, np.uint8))
        os.utime(folder / name, (1_700_000_000 + 86400 * index,) * 2)
    return folder


def widths(rig: Rig) -> list[int]:
    return [frame.convert().width for frame in rig.pending]


def test_every_picture_comes_once_in_natural_order_with_its_files_time(rig: Rig, folder: Path):
    rig.add(str(folder))
    rig.until(lambda: rig.inbox.exhausted)
    assert widths(rig) == [16, 17, 18, 19]
    assert [int(frame.convert().bgr.mean()) for frame in rig.pending] == [0, 40, 80, 120]
    assert [frame.meta.time.wall for frame in rig.pending] == [1_700_000_000 + 86400 * n for n in range(4)]
    assert {frame.meta.time.source for frame in rig.pending} == {"file"}
    assert not any(frame.meta.live for frame in rig.pending)
    assert rig.is_down(Reason.ENDED)
    assert rig.metrics.total("frames_dropped") == 0


def test_with_start_at_they_are_a_second_apart(rig: Rig, folder: Path):
    start = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)
    rig.add(str(folder), start_at=start)
    rig.until(lambda: rig.inbox.exhausted)
    assert [frame.meta.time.wall - start.timestamp() for frame in rig.pending] == [0, 1, 2, 3]


def test_what_cannot_be_read_is_counted_left_out_and_said_once(
    rig: Rig, folder: Path, caplog: pytest.LogCaptureFixture
):
    for name in NAMES[1], NAMES[3]:
        (folder / name).write_bytes(b"")
    rig.add(str(folder))
    rig.until(lambda: rig.inbox.exhausted)
    assert [(frame.meta.index, frame.convert().width) for frame in rig.pending] == [(0, 16), (2, 18)]
    assert rig.metrics.total("frames_captured") == 4
    assert rig.metrics.total("frames_dropped", camera="gate", reason="decode") == 2
    assert [record.getMessage() for record in caplog.records if NAMES[1] in record.getMessage()]
    assert NAMES[3] not in caplog.text
    assert f"{folder}: 2 of 4 pictures cannot be read" in caplog.messages
    assert rig.threads.error is None


@pytest.mark.parametrize(
    ("content", "says"), [({}, "there is no picture in it"), ({"a.jpg": b"x"}, "none of its 1 pictures can be read")]
)
def test_a_folder_without_pictures_is_an_error_with_its_name(
    rig: Rig, tmp_path: Path, content: dict[str, bytes], says: str
):
    for name, data in content.items():
        (tmp_path / name).write_bytes(data)
    rig.add(str(tmp_path))
    rig.until(lambda: rig.threads.kept)
    assert isinstance(rig.threads.kept, InputError)
    assert f"{tmp_path}: {says}" in str(rig.threads.kept)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_named(folder: Path):
    folder.chmod(0)
    with pytest.raises(StreamError, match=f"{folder}: Permission denied"):
        probe_source(open_source(camera_config(str(folder))), timeout_s=PATIENCE_S)


def test_pictures_that_are_years_apart_are_replayed_one_a_second_at_the_slowest(folder: Path):
    """Also where the last one is broken."""
    (folder / NAMES[2]).unlink()
    (folder / NAMES[3]).write_bytes(b"")
    stop, seen = threading.Event(), []
    with ReplaySource(open_source(camera_config(str(folder)))).open(stop) as frames:
        for frame in frames:
            seen.append(frame)
            if len(seen) == 3:
                stop.set()
    assert [frame.convert().width for frame in seen] == [16, 17, 16]
    assert 0.9 < seen[1].time.mono - seen[0].time.mono < 1.5
