"""The picture folder: complete pictures and lines, bounded size, and continuation."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_app.collect import PictureFolder
from edge_app.core.errors import AccessError, DataError, TemporaryError
from edge_app.core.frames import Picture
from tests.frames import frame

MB = 1_000_000
PIXELS = np.random.default_rng(0).integers(0, 255, (90, 160, 3), np.uint8)


def add(pictures, at=1000.0, pixels=PIXELS, blurred=None):
    return pictures.add(frame(Picture.from_bgr(pixels), index=7, wall=at, source="rtcp"), pixels, blurred)


def lines(folder):
    return [json.loads(line) for line in (folder / "manifest.ndjson").read_text().splitlines()]


def test_a_line_says_what_the_picture_is(tmp_path):
    with PictureFolder(tmp_path / "new" / "album", ".png", MB) as pictures:
        add(pictures, 1795446000.1234)
    path = tmp_path / "new" / "album" / "000000_gate.png"
    assert lines(path.parent) == [
        {
            "file": path.name,
            "camera": "gate",
            "capture_time": 1795446000.123,
            "ts_source": "rtcp",
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "width": 160,
            "height": 90,
            "brightness": pytest.approx(PIXELS.mean(), abs=0.06),
        }
    ]
    assert (cv2.imread(str(path)) == PIXELS).all()
    assert path.stat().st_mtime == pytest.approx(1795446000.1234, abs=1e-3)


def test_a_jpeg_is_close_to_what_was_seen(tmp_path):
    smooth = cv2.GaussianBlur(PIXELS, (0, 0), 4)
    with PictureFolder(tmp_path, ".jpg", MB) as pictures:
        assert add(pictures, pixels=smooth, blurred=3).blurred == 3
    assert np.abs(cv2.imread(str(tmp_path / "000000_gate.jpg")).astype(int) - smooth).mean() < 2


def test_it_goes_on_where_it_was_left_and_never_reuses_a_name(tmp_path):
    with PictureFolder(tmp_path, ".jpg", MB) as pictures:
        for _ in range(3):
            add(pictures)
    (tmp_path / "000002_gate.jpg").unlink()  # sorted out by hand
    with PictureFolder(tmp_path, ".png", MB) as pictures:
        assert [entry.file for entry in pictures.entries] == ["000000_gate.jpg", "000001_gate.jpg"]
        assert len(list(pictures.read_all())) == 2
        assert add(pictures).file == "000003_gate.png"
        assert pictures.bytes == sum(path.stat().st_size for path in tmp_path.iterdir())


def test_what_a_power_cut_left_half_done_is_gone(tmp_path):
    with PictureFolder(tmp_path, ".jpg", MB) as pictures:
        add(pictures)
    whole = (tmp_path / "manifest.ndjson").read_bytes()
    (tmp_path / "manifest.ndjson").write_bytes(whole + b'{"file":"000001_ga')
    (tmp_path / ".000001_gate.jpg.0123abcd").write_bytes(b"half")
    (tmp_path / "000001_gate.jpg").write_bytes(b"whole, but not in the manifest")
    (tmp_path / ".mine").write_bytes(b"")
    with PictureFolder(tmp_path, ".jpg", MB) as pictures:
        assert (tmp_path / "manifest.ndjson").read_bytes() == whole
        assert add(pictures).file == "000002_gate.jpg"
    assert len(lines(tmp_path)) == 2
    assert [path.name for path in tmp_path.glob(".*")] == [".mine"]


def test_it_never_takes_more_than_it_may(tmp_path):
    (tmp_path / "other").write_bytes(bytes(20_000))
    with PictureFolder(tmp_path, ".png", 150_000) as pictures:
        while add(pictures) is not None:
            assert not pictures.full
        assert pictures.full
        kept = len(pictures.entries)
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert 150_000 - max(sizes) - 1000 < sum(sizes) <= 150_000
    assert kept == len(lines(tmp_path)) > 1


def test_one_at_a_time(tmp_path):
    with (
        PictureFolder(tmp_path, ".jpg", MB),
        pytest.raises(TemporaryError, match="another process"),
        PictureFolder(tmp_path, ".jpg", MB),
    ):
        pass
    with PictureFolder(tmp_path, ".jpg", MB) as pictures:
        assert add(pictures)


def test_a_manifest_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "manifest.ndjson").write_text('{"a": 1}\n')
    with pytest.raises(DataError, match=r"manifest\.ndjson:1: "), PictureFolder(tmp_path, ".jpg", MB):
        pass
    assert (tmp_path / "manifest.ndjson").read_text() == '{"a": 1}\n'


@pytest.mark.parametrize("folder", [Path("/proc/folder"), Path("/dev/null/folder")])
def test_a_folder_that_cannot_be_is_refused(folder):
    with pytest.raises(AccessError, match=str(folder)), PictureFolder(folder, ".jpg", MB):
        pass


def test_a_folder_that_goes_away_is_told(tmp_path):
    with PictureFolder(tmp_path / "o", ".jpg", MB) as pictures:
        shutil.rmtree(tmp_path / "o")
        with pytest.raises(AccessError, match=r"000000_gate\.jpg: No such file"):
            add(pictures)
