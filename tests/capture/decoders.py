"""What the tests of decoders share: GStreamer's software decoders, planes to compare, streams that suit no hardware."""

from __future__ import annotations

import sys
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_app.capture import DecodeHardware
from edge_app.capture.decode.gstreamer import load_gstreamer
from edge_app.capture.decode.video_decoder import UnsuitedError
from edge_app.core.frames import Picture
from tests.rtsp.clips import stripes

DEBIAN = Path("/usr/lib/python3/dist-packages/gi")
ELEMENTS = {"h264": "avdec_h264 max-threads=1 ! videoconvert", "h265": "avdec_h265 max-threads=1 ! videoconvert"}


def software_decoders(codec: str, folder: Path, *, gpu: int | None = None) -> DecodeHardware:
    """A machine whose GStreamer decodes in software, in place of a Jetson; skips where this Python cannot load it."""
    if DEBIAN.is_dir() and "gi" not in sys.modules:
        (folder / "gi").symlink_to(DEBIAN)  # alone: its neighbours are other versions of what the venv has
        sys.path.append(str(folder))
    try:
        gst = load_gstreamer().Gst
    except UnsuitedError as error:
        pytest.skip(str(error))
    if gst.ElementFactory.find("avdec_h264") is None:
        pytest.skip("apt-get install gstreamer1.0-libav")
    return DecodeHardware(gpu=gpu, gstreamer=ELEMENTS[codec])


def yuv(picture: Picture) -> list[NDArray[np.uint8]]:
    """Y, U and V of a host picture in NV12 or I420."""
    planes = [np.asarray(plane.data) for plane in picture.planes]
    return [planes[0], planes[1][:, ::2], planes[1][:, 1::2]] if picture.format == "nv12" else planes


def write_unsuited(path: Path, encoder: str, form: str) -> Path:
    """Ten frames in a format that hardware does not turn into NV12."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream(encoder, rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, form
        for picture in stripes((320, 240), 10):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24").reformat(format=form)))
        out.mux(stream.encode())
    return path
