"""NVDEC's surfaces: what the CPU decodes, bit for bit, and read by the kernel where they are."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from edge_app.capture import DecodeHardware, open_source
from edge_app.core.colour import to_bgr
from edge_app.core.frames import Picture
from edge_app.cuda import Gpu, Staging, owned
from edge_app.model import InputSpec
from edge_app.preprocess import GpuLetterboxer
from edge_app.synthetic import Settings, Street
from tests.capture.conftest import Rig, camera_config
from tests.capture.decoders import write_unsuited, yuv
from tests.capture.test_coding import combs
from tests.cuda.fixtures import HAS_GPU
from tests.rtsp.clips import fields, stripes, write_clip

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not HAS_GPU, reason="no NVIDIA GPU")]

GPU = DecodeHardware(gpu=0)
CODINGS = ["h264", "h264 with B-frames", "h265", "h265 with B-frames"]
SIZES = [(320, 240), (640, 360), (1920, 1080)]
SPEC = InputSpec(width=416, height=256, color="rgb", scale=1 / 255)


def pictures(clip: Path, decode: str) -> Iterator[Picture]:
    with open_source(camera_config(str(clip), decode=decode), GPU).open(threading.Event()) as shots:
        for shot in shots:
            yield shot.convert()


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, tuple[int, int]], Path]:
    folder = tmp_path_factory.mktemp("clips")
    return {
        (coding, size): write_clip(folder / f"{index}-{size[0]}.mp4", stripes(size, 30), codec=coding)
        for index, coding in enumerate(CODINGS)
        for size in SIZES
    }


def assert_same_planes(found: Picture, expected: Picture) -> None:
    assert (found.matrix, found.full_range) == (expected.matrix, expected.full_range)
    for plane, wanted in zip(yuv(found), yuv(expected), strict=True):
        np.testing.assert_array_equal(plane, wanted)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("coding", CODINGS)
def test_surfaces_hold_what_the_cpu_decodes(clips, coding, size, caplog):
    # H.264 and H.265 say exactly what a decoder makes: not one bit may differ. All surfaces are kept until the end,
    # so that one which the decoder used again would show another picture.
    found = list(pictures(clips[coding, size], "nvdec"))
    assert {(picture.format, picture.memory) for picture in found} == {("nv12", "device")}
    for picture, expected in zip(found, pictures(clips[coding, size], "cpu"), strict=True):
        assert_same_planes(picture.fetch(), expected)
    assert "the CPU decodes" not in caplog.text


def drawn(gpu: Gpu, shown: list[Picture]) -> np.ndarray:
    """What the kernel makes of each picture; the decoder's stream is waited for by an event, as in a slot."""
    found = []
    with gpu.current(), ExitStack() as stack:
        stream, decoded = owned(stack, gpu.stream()), owned(stack, gpu.event())
        out = owned(stack, Staging(gpu, 3 * SPEC.height * SPEC.width * 4))
        letterboxer = GpuLetterboxer(
            gpu, SPEC, np.dtype(np.float32), address=out.address, capacity=1, channels_last=False, stream=stream
        )
        owned(stack, letterboxer)
        for picture in shown:
            decoded.record(gpu.default_stream)
            stream.wait_event(decoded)
            letterboxer.enqueue([picture], stream)
            out.download(0, out.nbytes, stream)
            stream.synchronize()
            found.append(out.host.copy())
    return np.array(found)


@pytest.mark.parametrize("coding", CODINGS)
def test_the_kernel_reads_surfaces_where_they_are(clips, coding):
    # The same bits in, the same kernel: the same bits out.
    gpu = Gpu(0)  # before the decoder and after it the context is the same one
    try:
        clip = clips[coding, (640, 360)]
        np.testing.assert_array_equal(
            drawn(gpu, list(pictures(clip, "nvdec"))), drawn(gpu, list(pictures(clip, "cpu")))
        )
    finally:
        gpu.close()


def test_a_decoder_may_come_before_the_engine(clips):
    shown = list(pictures(clips["h264", (640, 360)], "nvdec"))
    gpu = Gpu(0)
    try:
        drawn(gpu, shown)
    finally:
        gpu.close()


def test_times_and_counts_are_those_of_the_cpu(clips):
    for coding in CODINGS:
        times = []
        for decode in ("nvdec", "cpu"):
            rig = Rig()
            rig.add(str(clips[coding, (320, 240)]), hardware=GPU, decode=decode)
            rig.until(lambda rig=rig: rig.inbox.exhausted)
            assert rig.metrics.total("frames_dropped") == 0
            times.append([frame.meta.time.wall for frame in rig.pending])
        assert times[0] == times[1]


def test_auto_takes_nvdec(clips):
    assert {picture.memory for picture in pictures(clips["h264", (320, 240)], "auto")} == {"device"}


def test_many_streams_are_decoded_at_once(clips):
    expected = {key: [yuv(picture) for picture in pictures(clip, "cpu")] for key, clip in clips.items()}
    found: dict[int, list[Picture]] = {}
    keys = [*clips] * 2
    threads = [
        threading.Thread(target=lambda n=n, key=key: found.update({n: list(pictures(clips[key], "nvdec"))}))
        for n, key in enumerate(keys)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n, key in enumerate(keys):
        assert {picture.memory for picture in found[n]} == {"device"}
        for picture, wanted in zip(found[n], expected[key], strict=True):
            for plane, own in zip(yuv(picture.fetch()), wanted, strict=True):
                np.testing.assert_array_equal(plane, own)


@pytest.mark.parametrize(
    ("encoder", "form"), [("libx264", "yuv422p"), ("libx265", "yuv420p10le"), ("libx264", "yuv420p10le")]
)
def test_ten_bits_and_half_the_chroma_go_to_the_cpu(tmp_path, caplog, encoder, form):
    clip = write_unsuited(tmp_path / "clip.mkv", encoder, form)
    found, expected = (list(pictures(clip, decode)) for decode in ("nvdec", "cpu"))
    for picture, wanted in zip(found, expected, strict=True):
        np.testing.assert_array_equal(picture.bgr, wanted.bgr)
    (record,) = [r for r in caplog.records if "the CPU decodes" in r.getMessage()]
    assert record.levelno == logging.WARNING
    assert form in record.getMessage()


def test_the_program_finds_the_same_by_either_decoder(tmp_path, edge_app, configured):
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        pytest.skip("no onnxruntime-gpu")
    street = Street(Settings(seed=7))
    clip = write_clip(tmp_path / "street.mp4", (street.picture(index) for index in range(20)))
    found = []
    for decode in ("nvdec", "cpu"):
        cameras = {"street": {"url": str(clip), "decode": decode, "start_at": "2026-01-01T00:00:00Z"}}
        program = edge_app("run", configured(cameras=cameras, engine={"provider": "cuda", "max_batch": 1}))
        assert program.wait() == 0, program.log
        assert "the CPU decodes" not in program.log
        found.append([(m["frame_id"], m["capture_time"], m["objects"]) for m in program.messages()])
    assert found[0] == found[1]
    assert len(found[0]) == 20
    assert sum(len(objects) for *_, objects in found[0]) > 20


def test_interlaced_frames_become_whole(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", fields((320, 240), 25), codec="h264 interlaced")
    found = [to_bgr(picture) for picture in pictures(clip, "nvdec")]
    assert len(found) == 25
    assert max(map(combs, found)) < 0.5


def test_a_camera_that_hangs_askew_is_turned(clips):
    camera = camera_config(str(clips["h264", (320, 240)]), decode="nvdec", rotate=90)
    rig = Rig()
    rig.cameras.add("gate", open_source(camera, GPU), camera)
    rig.until(rig.more(1))
    picture = rig.pending[0].convert()
    assert (picture.format, picture.width, picture.height) == ("bgr", 240, 320)
    rig.end()
