"""The kernel and the CPU's form of the letterbox: equal bit for bit, to each other and to OpenCV."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_app.core.colour import coefficients, to_bgr
from edge_app.core.frames import Picture, Plane
from edge_app.cuda import Staging, owned
from edge_app.model import InputSpec
from edge_app.preprocess import GpuLetterboxer, Letterboxer
from tests.cuda.pictures import Surfaces, random_picture
from tests.cuda.simulated import SimulatedGpu

FORMATS = ["bgr", "nv12", "i420"]
IMAGENET = {"scale": 1 / 255, "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
TOOLS = Path(__file__).resolve().parents[2] / "tools"


def specification(**changes) -> InputSpec:
    return InputSpec(**{"width": 64, "height": 48, "color": "rgb"} | changes)


def drawn_by_cpu(spec, pictures, dtype, channels_last) -> np.ndarray:
    shape = (spec.height, spec.width, 3) if channels_last else (3, spec.height, spec.width)
    batch = np.zeros((len(pictures), *shape), dtype)
    for row, picture in zip(batch, pictures, strict=True):
        Letterboxer(spec, row.transpose(2, 0, 1) if channels_last else row).fill(picture)
    return batch


def drawn_by_gpu(device, spec, batches, dtype, channels_last, *, surfaces=False) -> list[np.ndarray]:
    """What the kernel makes of each batch, one after the other in the same buffers."""
    capacity, found = max(map(len, batches)), []
    with device.current(), ExitStack() as stack:
        stream, drawn = owned(stack, device.stream()), owned(stack, device.event())
        size = 3 * spec.height * spec.width * np.dtype(dtype).itemsize
        out = owned(stack, Staging(device, capacity * size))
        letterboxer = GpuLetterboxer(
            device, spec, np.dtype(dtype), address=out.address, capacity=capacity, channels_last=channels_last,
            stream=stream,
        )  # fmt: skip
        owned(stack, letterboxer)
        there = owned(stack, Surfaces(device))
        for batch in batches:
            shown = [there.put(p) for p in batch] if surfaces else batch
            drawn.record(device.default_stream)
            stream.wait_event(drawn)
            letterboxer.enqueue(shown, stream)
            out.download(0, len(batch) * size, stream)
            stream.synchronize()
            shape = (spec.height, spec.width, 3) if channels_last else (3, spec.height, spec.width)
            found.append(out.host[: len(batch) * size].copy().view(dtype).reshape(len(batch), *shape))
    return found


@pytest.mark.parametrize("surfaces", [False, True], ids=["host", "surfaces"])
@pytest.mark.parametrize("channels_last", [False, True], ids=["first", "last"])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("color", ["bgr", "rgb"])
@pytest.mark.parametrize("mode", ["centre", "top_left", "stretch"])
def test_one_launch_draws_a_batch_of_mixed_pictures_as_the_cpu_does(
    device, mode, color, dtype, channels_last, surfaces
):
    rng = np.random.default_rng(1)
    spec = specification(color=color, letterbox=mode, **IMAGENET)
    sizes = [(48, 36), (37, 101), (64, 48), (128, 96), (5, 3), (1, 1), (333, 250)]
    batch = [
        random_picture(rng, size, FORMATS[i % 3], ["bt601", "bt709"][i % 2], i % 4 > 1, padding=i % 5)
        for i, size in enumerate(sizes)
    ]
    batches = [batch, batch[:2], batch[::-1]]
    found = drawn_by_gpu(device, spec, batches, dtype, channels_last, surfaces=surfaces)
    for pictures, pixels in zip(batches, found, strict=True):
        np.testing.assert_array_equal(pixels, drawn_by_cpu(spec, pictures, dtype, channels_last))


@pytest.mark.parametrize("surfaces", [False, True], ids=["host", "surfaces"])
def test_a_picture_that_differs_in_one_thing_from_the_one_before_is_drawn_as_it_is(device, surfaces):
    rng, spec = np.random.default_rng(3), specification(**IMAGENET)
    usual = {"size": (64, 48), "form": "nv12", "matrix": "bt601", "full_range": True, "padding": 4}
    others = [{}, {"matrix": "bt709"}, {"full_range": False}, {"padding": 8}, {"form": "i420"}, {"form": "bgr"}]
    others += [{"size": (60, 48), "padding": 8}, {"size": (64, 36)}]
    batches = [[random_picture(rng, **{**usual, **each})] for other in others for each in (other, {})]
    found = drawn_by_gpu(device, spec, batches, np.float32, False, surfaces=surfaces)
    for pictures, pixels in zip(batches, found, strict=True):
        np.testing.assert_array_equal(pixels, drawn_by_cpu(spec, pictures, np.float32, False))


@pytest.mark.parametrize("form", FORMATS)
def test_models_that_take_bytes_get_the_pictures_own(device, form):
    spec, picture = specification(), random_picture(np.random.default_rng(2), (90, 70), form)
    (found,) = drawn_by_gpu(device, spec, [[picture]], np.uint8, False)
    np.testing.assert_array_equal(found, drawn_by_cpu(spec, [picture], np.uint8, False))


def test_bytes_that_are_not_the_pictures_are_refused(simulated):
    with pytest.raises(ValueError, match="takes bytes"):
        drawn_by_gpu(simulated, specification(scale=1 / 255), [[]], np.uint8, False)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    size=st.tuples(st.integers(1, 700), st.integers(1, 700)),
    model=st.tuples(st.integers(16, 160), st.integers(16, 160)),
    form=st.sampled_from(FORMATS),
    matrix=st.sampled_from(["bt601", "bt709"]),
    full_range=st.booleans(),
    mode=st.sampled_from(["centre", "top_left", "stretch"]),
    rounding=st.sampled_from(["floor", "round"]),
    card=st.sampled_from([{}, {"scale": 1 / 255}, IMAGENET, {"mean": (103.5, 116.3, 123.7), "pad": 0}]),
    dtype=st.sampled_from([np.float32, np.float16]),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_kernel_equals_the_cpu_over_random_sizes_formats_and_cards(
    kernel_library, size, model, form, matrix, full_range, mode, rounding, card, dtype, seed
):
    spec = specification(width=model[0], height=model[1], letterbox=mode, rounding=rounding, **card)
    picture = random_picture(np.random.default_rng(seed), size, form, matrix, full_range)
    gpu = SimulatedGpu(kernel_library)
    (found,) = drawn_by_gpu(gpu, spec, [[picture]], dtype, False)
    gpu.close()
    np.testing.assert_array_equal(found, drawn_by_cpu(spec, [picture], dtype, False))


@pytest.mark.parametrize("source", [(1920, 1080), (1280, 720), (704, 480), (720, 576), (2688, 1520), (352, 240)])
@pytest.mark.parametrize("model", [(640, 640), (640, 384), (416, 416)])
def test_pixels_equal_opencvs_resize(device, source, model):
    picture = random_picture(np.random.default_rng(3), source)
    spec = specification(width=model[0], height=model[1], color="bgr", letterbox="stretch")
    (found,) = drawn_by_gpu(device, spec, [[picture]], np.float32, True)
    np.testing.assert_array_equal(found[0], cv2.resize(picture.bgr, model, interpolation=cv2.INTER_LINEAR))


@pytest.mark.parametrize("form", ["nv12", "i420"])
@pytest.mark.parametrize("size", [(64, 48), (130, 66), (2, 2)])
def test_bt601_in_limited_range_is_opencvs(size, form):
    picture = random_picture(np.random.default_rng(4), size, form)
    packed = np.concatenate([plane.data.reshape(-1) for plane in picture.planes]).reshape(-1, size[0])
    code = cv2.COLOR_YUV2BGR_NV12 if form == "nv12" else cv2.COLOR_YUV2BGR_I420
    np.testing.assert_array_equal(to_bgr(picture), cv2.cvtColor(packed, code))


@pytest.mark.parametrize("matrix", ["bt601", "bt709"])
@pytest.mark.parametrize("full_range", [False, True])
def test_yuv_of_known_colours_gives_them_back(matrix, full_range):
    """Colours are turned into YUV by the standard's own equations, in floats, and come back within 2."""
    red, blue = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722)}[matrix]
    colours = np.random.default_rng(5).integers(0, 256, (500, 3)).astype(float)  # blue, green, red
    y = red * colours[:, 2] + (1 - red - blue) * colours[:, 1] + blue * colours[:, 0]
    u, v = (colours[:, 0] - y) / (2 * (1 - blue)), (colours[:, 2] - y) / (2 * (1 - red))
    if not full_range:
        y, u, v = 16 + y * 219 / 255, u * 224 / 255, v * 224 / 255
    planes = [np.rint(part).clip(0, 255).astype(np.uint8) for part in (y, u + 128, v + 128)]
    shown = [np.repeat(np.repeat(part[None], 2, 0), 2, 1) if i == 0 else part[None] for i, part in enumerate(planes)]
    picture = Picture(1000, 2, "i420", tuple(Plane(p, p.strides[0]) for p in shown), matrix, full_range)
    assert np.abs(to_bgr(picture)[0, ::2].astype(float) - colours).max() <= 2


def test_no_two_standards_are_the_same():
    every = {coefficients(m, f) for m in ("bt601", "bt709") for f in (False, True)}
    assert len(every) == 4


def test_a_picture_on_the_gpu_has_no_pixels_for_the_cpu():
    picture = Picture(2, 2, "nv12", (Plane(4096, 2), Plane(8192, 2)), memory="device")
    with pytest.raises(ValueError, match="nv12 on the device"):
        to_bgr(picture)
