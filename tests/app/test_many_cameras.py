"""Eight cameras at once: those in trouble cost the others nothing."""

from __future__ import annotations

import socket

import pytest

from tests import onnx_models
from tests.app.test_run import assert_no_gap, camera


@pytest.fixture
def black_hole():
    """The address of something that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"rtsp://127.0.0.1:{listener.getsockname()[1]}/live"


def test_six_cameras_lose_nothing_while_one_is_a_black_hole_and_one_comes_and_goes(
    edge_app, configured, rtsp_server, black_hole, tmp_path
):
    quick = onnx_models.speechless_at_bright(tmp_path / "quick.onnx")  # a busy machine keeps up with it
    model = {"onnx": str(quick), "decoder": "yolox"}
    good, bad = rtsp_server(fps=1), rtsp_server(fps=2)
    six = [f"good{n}" for n in range(6)]
    cameras = {
        **{name: camera(good.url, max_frame_age_ms=60_000) for name in six},
        "hole": camera(black_hole),
        "flapping": camera(bad.url),
    }
    program = edge_app("run", configured(model=model, cameras=cameras))
    for _ in range(3):
        seen = len(program.messages("flapping"))
        program.until(lambda seen=seen: len(program.messages("flapping")) > seen + 4)
        bad.kill()
        lost = program.log.count("camera flapping is down")
        program.until(lambda lost=lost: program.log.count("camera flapping is down") > lost)
        bad.start()
    program.until(lambda: "camera hole is down (timeout)" in program.log)
    program.until(lambda: all(len(program.messages(name)) > 20 for name in six))
    assert program.terminate()[0] == 0
    for name in six:
        ids = [message["frame_id"] for message in program.messages(name)]
        assert ids == list(range(len(ids))), name
    assert_no_gap(program.messages("flapping"))


def test_cameras_of_different_sizes_share_batches(edge_app, configured):
    sizes = [(640, 360), (320, 240), (160, 120), (1280, 720)]
    cameras = {
        f"c{n}": {"url": f"synthetic://street?seed=7&fps=2&size={w}x{h}&frames=6"} for n, (w, h) in enumerate(sizes)
    }
    programs = []
    for most in (8, 1):
        programs.append(edge_app("run", configured(cameras=cameras, engine={"threads": 1, "max_batch": most})))
        assert programs[-1].wait() == 0, programs[-1].log
    for n, (width, height) in enumerate(sizes):
        together, apart = (program.messages(f"c{n}") for program in programs)
        assert {(m["image"]["width"], m["image"]["height"]) for m in together} == {(width, height)}
        assert [len(m["objects"]) for m in together] == [len(m["objects"]) for m in apart]
        for ours, theirs in zip(together, apart, strict=True):
            for a, b in zip(ours["objects"], theirs["objects"], strict=True):
                assert (a["label"], a["box"]) == (b["label"], pytest.approx(b["box"], abs=0.5))
