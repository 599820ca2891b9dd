"""Recordings, snapshots and the window."""

from __future__ import annotations

import dataclasses
import fcntl
import os
import re
import resource
import shutil
import signal
import stat
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from edge_app.analytics.scene import SceneConfig
from edge_app.cli import execute
from edge_app.core.detections import Detections, Latency, Result
from edge_app.core.frames import Picture
from edge_app.evidence import PrivacyMasks
from edge_app.preview import Annotator, Recorder, Tails, mosaic
from tests import onnx_models
from tests.frames import frame
from tests.waiting import PROGRAM_S

FULL_AT = 80_000  # bytes
STREET = "synthetic://street?seed=7&size=320x180"


def frames(path):
    with av.open(str(path)) as recording:
        return [(float(frame.time), frame.to_ndarray(format="bgr24")) for frame in recording.decode(video=0)]


@pytest.fixture
def display(tmp_path):
    """An X server without a screen; its number, and what it shows, uint8 (height, width, 3)."""
    if shutil.which("Xvfb") is None:
        pytest.skip("needs Xvfb")
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1300x800x24", "-fbdir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:

        def screen():
            data = (tmp_path / "Xvfb_screen0").read_bytes()
            header = struct.unpack(">25I", data[:100])  # an XWD file
            size, width, height, pitch, colours = header[0], header[4], header[5], header[12], header[19]
            rows = np.frombuffer(data, np.uint8, height * pitch, size + 12 * colours).reshape(height, pitch)
            return rows[:, : 4 * width].reshape(height, width, 4)[..., :3]

        yield f":{server.stdout.readline().strip()}", screen
        server.terminate()


def test_boxes_are_drawn_where_they_are_on_a_copy_of_the_picture():
    pixels = np.full((360, 640, 3), 90, np.uint8)
    detections = Detections(
        np.array([[100, 100, 200, 250]], np.float32), np.array([0.9], np.float32), np.array([1], "i4")
    )
    drawn = Annotator(["person", "car"]).draw(pixels, detections)
    assert (pixels == 90).all()
    ys, xs = np.nonzero((drawn != pixels).any(axis=2))
    assert (xs.min(), ys.max()) == pytest.approx((100, 250), abs=3)
    assert (drawn[120:240, 110:190] == 90).all()


def test_several_pictures_are_tiles_and_one_stays_as_it_is():
    sizes = [(360, 640), (100, 50), (1080, 1920)]
    pictures = [np.full((*size, 3), 50 + 50 * n, np.uint8) for n, size in enumerate(sizes)]
    assert mosaic(pictures[:1]) is pictures[0]
    grid = mosaic(pictures)
    assert grid.shape == (720, 1280, 3)
    assert [int(grid[y, x, 0]) for y, x in ((5, 5), (5, 645), (355, 900), (365, 5), (715, 1275))] == [
        50,
        100,
        0,
        150,
        0,
    ]


def test_a_recording_holds_every_frame_of_a_file_at_its_time(edge_app, configured, clip):
    config = configured(cameras={"a": {"url": str(clip)}}, publish=[{"type": "file", "path": "/dev/null"}])
    program = edge_app("run", config, "--record", clip.with_name("film.mp4"))
    assert program.wait() == 0, program.log
    recording, original = frames(clip.with_name("film.mp4")), frames(clip)
    assert [t for t, _ in recording] == pytest.approx([t - original[0][0] for t, _ in original], abs=0.002)
    difference = np.abs(recording[30][1].astype(int) - original[30][1]).mean()
    assert difference < 8


def test_each_camera_has_its_own_recording_which_survives_a_stop(edge_app, configured, tmp_path):
    config = configured(
        cameras={"a": {"url": STREET}, "b": {"url": f"{STREET}&fps=5"}, "off": {"url": STREET, "enabled": False}},
        publish=[{"type": "stdout"}],
    )
    program = edge_app("run", config, "--record", tmp_path / "film.mp4")
    program.until(lambda: len(program.messages("b")) >= 5)
    assert program.terminate()[0] == 0
    assert sorted(path.name for path in tmp_path.glob("film*")) == ["film-a.mp4", "film-b.mp4"]
    for camera in "ab":
        wanted = len(program.messages(camera))
        assert wanted - 2 <= len(frames(tmp_path / f"film-{camera}.mp4")) <= wanted + 2


def test_a_recording_never_replaces_what_a_camera_reads(edge_app, configured, clip):
    before = clip.read_bytes()
    program = edge_app("run", configured(cameras={"a": {"url": str(clip)}}), "--record", clip)
    assert program.wait() == 64
    assert program.log.splitlines()[-1] == f"{clip}: camera a reads this file"
    assert clip.read_bytes() == before


def test_a_link_in_the_place_of_a_recording_or_a_snapshot_is_not_followed(edge_app, configured, tmp_path):
    config = configured(cameras={"a": {"url": f"{STREET}&frames=2"}})
    for name, *verb in [("film.mp4", "run", config, "--record"), ("picture.jpg", "snapshot", config, "a", "--out")]:
        (tmp_path / name).symlink_to(tmp_path / "target")
        program = edge_app(*verb, tmp_path / name)
        assert program.wait() == 77
        assert program.log.splitlines()[-1] == f"{tmp_path / name}: is a link, which is not followed"
    assert not (tmp_path / "target").exists()


def test_recordings_and_snapshots_are_for_owner_and_group(edge_app, configured, tmp_path):
    config = configured(cameras={"a": {"url": f"{STREET}&frames=2"}})
    assert edge_app("run", config, "--record", tmp_path / "film.mp4").wait() == 0
    assert edge_app("snapshot", config, "a", "--out", tmp_path / "picture.jpg").wait() == 0
    modes = {name: (tmp_path / name).stat().st_mode & 0o137 for name in ("film.mp4", "picture.jpg")}
    assert set(modes.values()) == {0}, modes


def test_pictures_of_odd_sizes_are_recorded(edge_app, configured, tmp_path):
    (tmp_path / "odd").mkdir()
    for index, size in enumerate([(1, 64), (3, 1), *[(65, 33)] * 20]):
        cv2.imwrite(str(tmp_path / "odd" / f"{index}.png"), np.full((*size, 3), 99, np.uint8))
    config = configured(cameras={"a": {"url": str(tmp_path / "odd"), "start_at": "2026-01-01T00:00:00Z"}})
    program = edge_app("run", config, "--record", tmp_path / "a:b.mp4")
    assert program.wait() == 0, program.log
    assert len(program.messages()) == len(frames(tmp_path / "a:b.mp4")) == 22


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        ("/none/film.mp4", 77, "/none/film.mp4: cannot be written"),
        ("film.mkv", 64, "film.mkv: want a name that ends with .mp4"),
    ],
)
def test_a_recording_that_cannot_be_written_is_reported_at_the_start(edge_app, configured, path, code, message):
    program = edge_app("run", configured(cameras={"a": {"url": STREET}}), "--record", path)
    assert program.wait() == code
    assert program.log.splitlines()[-1] == message


def test_a_recording_on_a_full_disk_is_given_up_and_the_program_goes_on(edge_app, configured, tmp_path, clip):
    if os.geteuid():
        pytest.skip("needs root, to make a device")
    os.mknod(tmp_path / "film.mp4", stat.S_IFCHR | 0o666, Path("/dev/full").stat().st_rdev)
    config = configured(cameras={"a": {"url": str(clip)}})
    program = edge_app("run", config, "--record", tmp_path / "film.mp4")
    assert program.wait() == 0, program.log
    assert len(program.messages()) == 50
    assert program.log.count("ends here: No space left on device") == 1


def test_a_disk_that_fills_ends_the_recording_after_a_whole_fragment_and_not_the_program(
    edge_app, configured, tmp_path
):
    url = "synthetic://street?seed=7&size=320x180&frames=150"
    recording = tmp_path / "film.mp4"
    config = configured(cameras={"a": {"url": url}}, publish=[{"type": "file", "path": "/dev/null"}])
    program = edge_app("run", config, "--record", recording)
    resource.prlimit(program.process.pid, resource.RLIMIT_FSIZE, (FULL_AT, FULL_AT))
    assert program.wait() == 0, program.log
    assert program.log.count("film.mp4 ends here: File too large") == 1
    assert program.log.count("level=warning") == 1
    assert 0 < len(frames(recording)) < 150
    assert recording.stat().st_size < FULL_AT


def test_a_recording_of_which_only_the_end_does_not_fit_is_reported(edge_app, configured, tmp_path):
    """What waits in a buffer is written when the file is closed."""
    url = "synthetic://street?seed=7&size=320x180&frames=20"
    config = configured(cameras={"a": {"url": url}}, publish=[{"type": "file", "path": "/dev/null"}])
    program = edge_app("run", config, "--record", tmp_path / "film.mp4")
    resource.prlimit(program.process.pid, resource.RLIMIT_FSIZE, (20_000, 20_000))
    assert program.wait() == 0, program.log
    assert program.log.count("film.mp4 ends here: File too large") == 1


def test_pictures_that_are_years_apart_make_a_recording_that_can_be_watched(edge_app, configured, tmp_path):
    (tmp_path / "old").mkdir()
    for index, year in enumerate([0, 0, 5, 4, 9]):
        path = tmp_path / "old" / f"{index}.png"
        cv2.imwrite(str(path), np.full((64, 64, 3), 99, np.uint8))
        os.utime(path, (1_000_000_000 + index + 31_536_000 * year,) * 2)
    config = configured(cameras={"a": {"url": str(tmp_path / "old")}}, publish=[{"type": "file", "path": "/dev/null"}])
    assert edge_app("run", config, "--record", tmp_path / "film.mp4").wait() == 0
    assert [at for at, _ in frames(tmp_path / "film.mp4")] == pytest.approx([0, 1, 11, 11, 21], abs=0.01)


def live(camera, index):
    """A live frame without detections, and its result."""
    now, picture = time.time(), Picture.from_bgr(np.full((64, 64, 3), 99, np.uint8))
    made = frame(picture, camera, index, wall=now)
    no_detections = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, "i4"))
    latency = Latency(queue=0, preprocess=0, infer=0, postprocess=0, total=0)
    return made, Result(meta=made.meta, source_wh=(64, 64), latency=latency, detections=no_detections)


@pytest.fixture
def leased() -> Iterator[Callable[[Path], None]]:
    """Makes a file whose opening waits until the end of the test, as one does on a disk that does not answer."""
    previous = signal.signal(signal.SIGIO, signal.SIG_IGN)  # asks for the lease back
    with ExitStack() as stack:
        stack.callback(signal.signal, signal.SIGIO, previous)

        def lease(path: Path) -> None:
            path.touch()
            file = stack.enter_context(path.open("rb"))
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)

        yield lease


def test_a_stuck_recording_does_not_delay_the_others_and_its_dropped_frames_are_counted(tmp_path, leased, caplog):
    leased(tmp_path / "film-a.mp4")
    with Recorder(
        tmp_path / "film.mp4", {"a": SceneConfig(), "b": SceneConfig()}, ["person"], PrivacyMasks()
    ) as recorder:
        for index in range(20):
            recorder.add(*live("a", index))
        frame, result = live("b", 0)
        for index in range(20):
            meta = dataclasses.replace(frame.meta, index=index, live=False)
            recorder.add(dataclasses.replace(frame, meta=meta), result)
        recorder.add(*live("added at run time", 0))
    assert len(frames(tmp_path / "film-b.mp4")) == 20
    log = " ".join(record.getMessage() for record in caplog.records)
    assert "a: left behind, stuck in writing" in log
    assert re.search(r"a: 1[56] frames are not in the recording", log)
    assert "b: " not in log


def test_a_snapshot_is_the_cameras_picture_with_its_boxes(configured, tmp_path, capfd):
    config = configured(cameras={"a": {"url": "synthetic://street?seed=7"}, "b": {"url": "rtsp://127.0.0.1:9/x"}})
    out = tmp_path / "a.png"
    assert execute(["snapshot", str(config), "a", "--seconds", str(PROGRAM_S), "--out", str(out)]) == 0
    assert cv2.imread(str(out)).shape == (360, 640, 3)
    assert capfd.readouterr().out.startswith(f"{out}: 1 bicycle, ")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["c"], 64, "there is no camera c; there are a, b"),
        (["a", "--out", "x.foo"], 64, "x.foo: want a name that ends with .jpg or .png"),
        (["a", "--out", "/none/x.png"], 77, "/none/x.png: cannot be written"),
        (["b", "--seconds", "2"], 69, "camera b: no frame within 2 s: rtsp://127.0.0.1:9/***: connection refused"),
    ],
)
def test_a_snapshot_that_cannot_be_had_is_one_line(configured, capfd, arguments, code, message):
    config = configured(cameras={"a": {"url": STREET}, "b": {"url": "rtsp://127.0.0.1:9/x"}})
    assert execute(["snapshot", str(config), *arguments]) == code
    assert capfd.readouterr().err.splitlines()[-1] == message


def test_the_window_shows_what_is_seen_and_ends_with_the_program(edge_app, configured, display):
    number, screen = display
    config = configured(cameras={"a": {"url": STREET}, "b": {"url": STREET}})
    program = edge_app("run", config, "--show", env={"DISPLAY": number})
    program.until(lambda: (screen().std(axis=2) > 5).mean() > 0.1)
    assert program.terminate()[0] == 0


@pytest.fixture
def unloadable(configured, tmp_path):
    """A configuration whose model can be read but not loaded."""
    model = onnx_models.refuses_all(tmp_path / "m.onnx", [1, 21, 7])
    return configured(cameras={"a": {"url": STREET}}, model={"onnx": str(model), "decoder": "yolox"})


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        pytest.param(["snapshot", "CONFIG", "a", "--out", "/none/x.png"], 77, "/none/x.png: cannot", id="a snapshot"),
        pytest.param(["snapshot", "CONFIG", "a", "--out", "x.y"], 64, "x.y: want a name", id="an odd snapshot"),
        pytest.param(["run", "CONFIG", "--record", "/none/x.mp4"], 77, "/none/x.mp4: cannot", id="a recording"),
        pytest.param(["run", "CONFIG", "--show"], 69, "--show: there is no display", id="a window"),
        pytest.param(["run", "CONFIG"], 65, "m.onnx: ", id="the model itself"),
    ],
)
def test_an_impossible_output_is_refused_before_the_model_is_loaded(edge_app, unloadable, arguments, code, message):
    program = edge_app(*(unloadable if word == "CONFIG" else word for word in arguments), env={"DISPLAY": ""})
    assert program.wait() == code
    assert message in program.log
    assert program.log.count("\n") == 1


def test_a_picture_never_replaces_the_configuration_or_what_a_camera_reads(configured, tmp_path, capfd):
    config = configured(cameras={"a": {"url": str(tmp_path / "a.png")}, "b": {"url": str(tmp_path / "pictures")}})
    (tmp_path / "pictures").mkdir()
    for read in "a.png", "pictures/b.png":
        (tmp_path / read).write_bytes(b"x")
    (tmp_path / "c.png").symlink_to(config)
    (tmp_path / "d.png").symlink_to(tmp_path / "pictures" / "b.png")
    kept = dict.fromkeys(("pictures/b.png", "pictures/new.png", "d.png"), "camera b reads this folder")
    for out, why in {"a.png": "camera a reads this file", "c.png": "this is the configuration", **kept}.items():
        assert execute(["snapshot", str(config), "a", "--out", str(tmp_path / out)]) == 64
        assert capfd.readouterr().err == f"{tmp_path / out}: {why}\n"


def test_without_a_display_a_window_is_one_line_and_69(edge_app, configured):
    program = edge_app("run", configured(cameras={"a": {"url": STREET}}), "--show", env={"DISPLAY": ""})
    assert program.wait() == 69
    assert "no display" in program.log.splitlines()[-1]


def tracked(xyxy, track_id, at):
    """A result with one object, taken at that time [s]."""
    made, result = live("a", 0)
    meta = dataclasses.replace(made.meta, time=dataclasses.replace(made.meta.time, mono=at))
    found = Detections(np.array([xyxy], np.float32), np.array([0.9], "f4"), np.array([0], "i4"), np.array([track_id]))
    return dataclasses.replace(result, meta=meta, detections=found)


def test_a_tail_is_the_way_of_a_tracks_feet_in_the_last_two_seconds():
    tails = Tails()
    assert tails.follow(live("a", 0)[1]) == []
    for n in range(40):
        (tail,) = tails.follow(tracked((n, 0, n + 20, 50), 7, n / 10))
    assert tail.tolist() == [[n + 10, 50] for n in range(19, 40)]
    (tail,) = tails.follow(tracked((0, 0, 20, 50), -1, 4.0))
    assert len(tail) == 0


def test_tracks_are_drawn_with_their_number_and_tail():
    pixels, box = np.full((360, 640, 3), 90, np.uint8), (300, 100, 400, 250)
    annotator, tails = Annotator(["person"]), Tails()
    untracked = annotator.draw(pixels, tracked(box, -1, 0.0).detections)
    tails.follow(tracked((100, 100, 200, 250), 7, 0.0))
    result = tracked(box, 7, 0.1)
    drawn = annotator.draw(pixels, result.detections, tails.follow(result))
    assert (drawn[250, 160:290] != 90).any(axis=1).all()
    assert (untracked[250, 160:290] == 90).all()
    widths = [np.flatnonzero((picture[70:99] != 90).any(axis=(0, 2))).size for picture in (untracked, drawn)]
    assert widths[1] > widths[0] + 10
