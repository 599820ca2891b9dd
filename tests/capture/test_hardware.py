"""Decoders that are not there, or not for the stream: the CPU decodes, and why is told once."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import numpy as np
import pytest

from edge_app.capture import DecodeHardware, has_nvdec, open_source
from tests.capture.conftest import Rig, camera_config
from tests.capture.decoders import write_unsuited
from tests.cuda.fixtures import HAS_GPU


def told(
    caplog: pytest.LogCaptureFixture, url: Path, hardware: DecodeHardware | None, decode: str = "nvdec"
) -> list[logging.LogRecord]:
    """What the log says while a source is read twice; all of its frames come each time."""
    source = open_source(camera_config(str(url), decode=decode), hardware)
    with caplog.at_level(logging.DEBUG):
        for _ in range(2):
            rig = Rig()
            rig.cameras.add("gate", source, camera_config(str(url)))
            rig.until(lambda rig=rig: rig.inbox.exhausted)
            assert rig.metrics.total("frames_dropped") == 0
            assert np.ptp([frame.convert().planes[0].data.mean() for frame in rig.pending]) < 255
            assert len(rig.pending) in (10, 50)
    return [record for record in caplog.records if record.name == "edge_app.capture.decode.factory"]


@pytest.mark.skipif(HAS_GPU, reason="there is a GPU")
def test_without_a_gpu_the_cpu_decodes(caplog: pytest.LogCaptureFixture, clip: Path):
    (record,) = told(caplog, clip, DecodeHardware(gpu=0))
    assert record.levelno == logging.WARNING
    reason = "NVDEC of GPU 0 cannot be reached" if has_nvdec() else "does not have it; want 18 or newer"
    assert record.getMessage().startswith(f"{clip}: decode: nvdec: ")
    assert reason in record.getMessage()


@pytest.mark.skipif(HAS_GPU, reason="there is a GPU")
def test_where_nobody_asked_for_it_that_is_no_warning(caplog: pytest.LogCaptureFixture, clip: Path):
    (record,) = told(caplog, clip, DecodeHardware(gpu=0), "auto")
    assert record.levelno == logging.INFO


def test_an_engine_that_reads_no_surfaces_has_no_use_for_nvdec(caplog: pytest.LogCaptureFixture, clip: Path):
    (record,) = told(caplog, clip, None)
    assert "no engine here reads what NVDEC leaves on the GPU" in record.getMessage()


@pytest.mark.parametrize("decode", ["auto", "cpu"])
def test_the_cpu_is_nothing_to_talk_about(caplog: pytest.LogCaptureFixture, clip: Path, decode: str):
    assert told(caplog, clip, None, decode) == []


@pytest.mark.parametrize(
    ("encoder", "form", "reason"),
    [
        ("libx264", "yuv420p10le", "it is yuv420p10le, not 8 bit 4:2:0"),
        ("libx264", "yuv422p", "it is yuv422p, not 8 bit 4:2:0"),
        ("mjpeg", "yuvj420p", "it is mjpeg, not H.264 or H.265"),
    ],
)
def test_what_nvdec_is_not_for_goes_to_the_cpu(
    caplog: pytest.LogCaptureFixture, tmp_path: Path, encoder: str, form: str, reason: str
):
    (record,) = told(caplog, write_unsuited(tmp_path / "clip.mkv", encoder, form), DecodeHardware(gpu=0))
    assert reason in record.getMessage()


def test_without_its_bindings_there_is_no_gstreamer(
    caplog: pytest.LogCaptureFixture, clip: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "gi", None)
    (record,) = told(caplog, clip, None, "gstreamer")
    assert "apt-get install python3-gi" in record.getMessage()
