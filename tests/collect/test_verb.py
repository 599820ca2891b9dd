"""`edge-app collect` as its users start it."""

from __future__ import annotations

import hashlib
import json
import socket

import cv2
import numpy as np
import pytest

from edge_app.app.config import load_config
from edge_app.collect import thumbnail
from edge_app.core.frames import Picture
from edge_app.detector import read_detector, start_engine
from tests import onnx_models

STREET = "synthetic://street?seed=7&fps=10&size=320x180"


def entries(folder):
    """The manifest, held against the files."""
    found = [json.loads(line) for line in (folder / "manifest.ndjson").read_text().splitlines()]
    for entry in found:
        assert hashlib.sha256((folder / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
    assert len(list(folder.iterdir())) == len(found) + 1
    return found


def apart(folder):
    """Distance of each picture to the nearest other [grey levels]."""
    small = np.array([thumbnail(cv2.imread(str(path))) for path in sorted(folder.glob("*.*g"))])
    every = np.sqrt(((small[:, None] - small) ** 2).mean(axis=2))
    np.fill_diagonal(every, np.inf)
    return every.min(axis=1)


def test_live_cameras_are_collected_until_there_are_enough_and_then_more(edge_app, configured, rtsp_server, tmp_path):
    cameras = {"gate": {"url": rtsp_server().url}, "street": {"url": STREET}}
    out = tmp_path / "album"
    for images in (4, 6):
        program = edge_app("collect", configured(cameras=cameras), "--out", out, "--images", images, "--every", 0.5)
        assert program.wait() == 0, program.log
        assert len(entries(out)) == images
    assert {entry["camera"] for entry in entries(out)} == {"gate", "street"}
    assert {entry["ts_source"] for entry in entries(out)} <= {"rtcp", "arrival"}
    assert apart(out).min() > 2.5
    again = edge_app("collect", configured(cameras=cameras), "--out", out, "--images", 6)
    assert again.wait() == 0
    assert len(entries(out)) == 6


def test_a_file_gives_pictures_all_along_it_and_no_model_is_loaded(edge_app, configured, vtest, tmp_path):
    config = configured(cameras={"clip": {"url": str(vtest)}}, model={"onnx": "/none.onnx"})
    program = edge_app("collect", config, "--out", tmp_path / "o", "--every", 4, "--format", "png")
    assert program.wait() == 0, program.log
    found = entries(tmp_path / "o")
    times = np.sort([entry["capture_time"] for entry in found])
    assert 19 <= len(found) <= 21  # 79.5 s
    assert 2 <= np.diff(times).min() <= np.diff(times).max() < 8.1
    assert "every source has ended" in program.output


def test_told_to_stop_it_keeps_what_it_has_and_what_it_would_have_kept(edge_app, configured, tmp_path):
    cameras = {"fast": {"url": STREET}, "film": {"url": f"{STREET}&light=night&frames=10"}}  # whose second is not over
    program = edge_app("collect", configured(cameras=cameras), "--out", tmp_path / "o", "--every", 1.5)
    program.until(lambda: "camera film is down (ended)" in program.log and "_fast.jpg" in program.log)
    code, seconds = program.terminate()
    assert (code, seconds < 5) == (0, True), program.log
    assert {entry["camera"] for entry in entries(tmp_path / "o")} == {"fast", "film"}
    assert "told to stop" in program.output


def test_what_the_model_finds_is_blurred_and_nothing_else(edge_app, configured, tmp_path):
    config = configured(cameras={"a": {"url": "synthetic://street?seed=7&frames=1"}})
    command = ["collect", config, "--format", "png", "--every", 0]
    assert edge_app(*command, "--out", tmp_path / "plain").wait() == 0
    program = edge_app(*command, "--out", tmp_path / "blurred", "--blur", "person", "--blur", "car")
    assert program.wait() == 0, program.log
    plain, blurred = (cv2.imread(str(tmp_path / name / "000000_a.png")) for name in ("plain", "blurred"))
    people_and_cars, others = boxes(config, plain, ("person", "car"))
    assert entries(tmp_path / "blurred")[0]["blurred"] >= len(people_and_cars) > 2
    for x1, y1, x2, y2 in people_and_cars:
        before, after = plain[y1:y2, x1:x2], blurred[y1:y2, x1:x2]
        assert detail(after) < 0.2 * detail(before)
    changed = (plain != blurred).any(axis=2)
    assert changed.mean() < 0.2
    assert len(boxes(config, blurred, ("person", "car"))[0]) < len(people_and_cars) / 2
    assert len(boxes(config, blurred, ("person", "car"))[1]) >= len(others)


def detail(part):
    """Mean change from one pixel to the next."""
    return np.abs(np.diff(part.astype(int), axis=0)).mean() + np.abs(np.diff(part.astype(int), axis=1)).mean()


def boxes(config, pixels, labels):
    """What the model finds at its own threshold [px]: of these labels, and of others."""
    settings = load_config(config, {})
    detector = read_detector(settings.detector)
    detector, started = start_engine(detector, settings.engine)
    with started as engine:
        engine.slots[0].submit([Picture.from_bgr(pixels)])
        outputs = engine.slots[0].wait()
        found = detector.postprocess(outputs.arrays, outputs.letterboxes, [pixels.shape[1::-1]])[0].detections
    mine = np.isin(found.class_id, [detector.labels.index(label) for label in labels])
    return found.xyxy[mine].astype(int), found.xyxy[~mine].astype(int)


def test_a_picture_that_the_model_cannot_judge_is_not_kept(edge_app, configured, tmp_path):
    (tmp_path / "pictures").mkdir()
    for name, level in (("dark", 60), ("bright", 200)):
        cv2.imwrite(str(tmp_path / "pictures" / f"{name}.png"), np.full((64, 64, 3), level, np.uint8))
    model = {"onnx": str(onnx_models.speechless_at_bright(tmp_path / "model.onnx")), "decoder": "yolox"}
    config = configured(model=model, cameras={"a": {"url": str(tmp_path / "pictures")}})
    for name, arguments in (("all", []), ("judged", ["--blur", "class_0"])):
        program = edge_app("collect", config, "--out", tmp_path / name, "--every", 0, *arguments)
        assert program.wait() == 0, program.log
    assert sorted(entry["brightness"] for entry in entries(tmp_path / "all")) == [60, 200]
    assert [(entry["brightness"], entry["blurred"]) for entry in entries(tmp_path / "judged")] == [(60, 0)]
    assert "is left out: " in program.log


def test_room_is_bounded(edge_app, configured, tmp_path):
    program = edge_app(
        "collect", configured(cameras={"a": {"url": STREET + "&frames=300"}}), "--out", tmp_path, "--every", 0,
        "--max-mb", 0.1, "--images", 1000,
    )  # fmt: skip
    assert program.wait() == 0, program.log
    assert "no room" in program.output
    kept = [*tmp_path.glob("*.jpg"), tmp_path / "manifest.ndjson"]
    assert 50_000 < sum(path.stat().st_size for path in kept) <= 100_000


@pytest.mark.parametrize(
    ("url", "arguments", "code", "words"),
    [
        (STREET, ["--blur", "unicorn"], 64, "--blur: the model has no unicorn; it has person, car, truck, bicycle"),
        (STREET, ["--images", "0"], 64, "edge-app collect: Invalid value for '--images'"),
        (STREET, ["--max-mb", "0"], 64, "edge-app collect: Invalid value for '--max-mb'"),
        (STREET, ["--out", "/proc/none"], 77, "/proc/none: No such file or directory"),
        ("/none.mp4", [], 66, "camera a: /none.mp4: no such file"),
        ("pictures", ["--out", "pictures"], 64, "pictures: camera a reads this folder"),
        ("gopher://x", [], 78, "cameras.a.url: want rtsp"),
    ],
)
def test_a_mistake_is_one_line_with_its_code(edge_app, configured, tmp_path, url, arguments, code, words):
    (tmp_path / "pictures").mkdir()
    arguments = [str(tmp_path / "pictures") if a == "pictures" else a for a in arguments]
    program = edge_app("collect", configured(cameras={"a": {"url": url}}), "--out", tmp_path / "o", *arguments)
    assert program.wait() == code, program.log
    assert words in program.log.splitlines()[-1]
    assert "Traceback" not in program.log


def test_a_camera_that_never_answers_is_named_when_the_time_is_over(edge_app, configured, tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"rtsp://127.0.0.1:{closed.getsockname()[1]}/live"
        cameras = {"gate": {"url": url, "username": "u", "password": "s3cret"}}
        program = edge_app("collect", configured(cameras=cameras), "--out", tmp_path / "o", "--hours", 0.0005)
        assert program.wait() == 69
    assert "camera gate: " in program.log.splitlines()[-1]
    assert "refused" in program.log.splitlines()[-1]
    assert "s3cret" not in program.log
