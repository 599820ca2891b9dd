"""What the program keeps of events, and what it does not show."""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
from collections.abc import Callable
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edge_app.evidence import EvidenceReader
from tests.publish.test_message import validator
from tests.waiting import PROGRAM_S

SCENE = "synthetic://street?seed=7&fps=10&size=320x180"
STRIPS = {
    f"s{n}": {"polygon": [[n / 4, 0], [(n + 1) / 4, 0], [(n + 1) / 4, 1], [n / 4, 1]], "inertia": 1} for n in range(4)
}
LEFT = [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]
Verb = Callable[..., tuple[int, str, str]]


@pytest.fixture
def watched(configured, tmp_path: Path) -> Callable[..., Path]:
    """Writes a configuration of a street in strips; `frames` makes it finite."""

    def write(frames: int | None = None, camera: dict[str, Any] | None = None, **sections: Any) -> Path:
        url = SCENE + (f"&frames={frames}" if frames else "")
        street = {"url": url, "zones": STRIPS, **(camera or {})}
        sections = {"evidence": {}, "state_dir": str(tmp_path / "state"), "track": {"confirm_frames": 2}, **sections}
        sections["engine"] = {"precision": "fp32", "threads": 1}  # nothing is measured first
        return configured(
            cameras={"street": street}, **{key: each for key, each in sections.items() if each is not None}
        )

    return write


def events(output: str) -> list[dict[str, Any]]:
    found = [event_of(line) for line in output.splitlines() if '"edge_app.event/1"' in line]
    assert [event["seq"] for event in found] == list(range(len(found)))
    return found


@cache
def event_of(line: str) -> dict[str, Any]:
    """What it says, looked at once however often somebody waits for the next."""
    event: dict[str, Any] = json.loads(line)
    validator("event").validate(event)
    return event


def agrees(folder: Path) -> bool:
    """Whether files and rows are the same."""
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.parent != folder}
    with sqlite3.connect(folder / "events.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return there == {name for (name,) in db.execute("SELECT name FROM files")}


def picture(path: Path) -> NDArray[np.uint8]:
    return np.asarray(cv2.imread(str(path)), np.uint8)


def test_events_have_pictures_that_say_when_and_by_which_camera(watched, verb: Verb, tmp_path):
    path, folder = watched(frames=100), tmp_path / "state/evidence"
    code, output, log = verb("run", path)
    assert code == 0, log
    found = events(output)
    pictured = [event for event in found if "snapshot" in event]
    assert pictured
    assert {event["type"] for event in pictured} == {"enter"} == {e["type"] for e in found if e["type"] == "enter"}
    assert len(pictured) == sum(event["type"] == "enter" for event in found), "of a file nothing is left out"
    for event in pictured:
        exif = Image.open(io.BytesIO((folder / event["snapshot"]).read_bytes())).getexif()
        taken = datetime.strptime(exif.get_ifd(0x8769)[36867], "%Y:%m:%d %H:%M:%S").replace(tzinfo=timezone.utc)
        assert exif[272] == "street"
        assert -1 <= event["capture_time"] - taken.timestamp() <= 6
        assert picture(folder / event["snapshot"]).shape == (180, 320, 3)
    assert agrees(folder)


def test_the_verb_lists_what_the_messages_told(watched, verb: Verb):
    path = watched(frames=100, events={})
    told = events(verb("run", path)[1])
    code, output, _ = verb("events", path, "--json")
    listed = json.loads(output)["events"]
    assert code == 0
    assert {event["id"] for event in listed} == {event["id"] for event in told}
    assert {event.get("snapshot") for event in listed} - {None} == {e["snapshot"] for e in told if "snapshot" in e}
    some = json.loads(verb("events", path, "--json", "--type", "enter", "--limit", "2")[1])["events"]
    newest = [event["id"] for event in told if event["type"] == "enter"][-2:]
    assert ([event["id"] for event in some], {event["type"] for event in some}) == (newest[::-1], {"enter"})
    assert json.loads(verb("events", path, "--json", "--camera", "yard")[1]) == {"events": []}
    assert json.loads(verb("events", path, "--json", "--since", "2100-01-01")[1]) == {"events": []}
    lines = verb("events", path)[1].splitlines()
    assert len(lines) == len(listed)
    assert any("  street  leave  " in line and line.endswith(".jpg") for line in lines)
    assert verb("events", path, "--since", "yesterday")[0] == 64


def test_pictures_are_clean_and_cropped_where_that_is_asked_for(watched, verb: Verb, tmp_path):
    path = watched(frames=60, evidence={"snapshots": {"clean": True, "crop": True}})
    pictured = [event for event in events(verb("run", path)[1]) if "snapshot" in event]
    folder = tmp_path / "state/evidence"
    assert pictured
    for event in pictured:
        assert picture(folder / event["clean_snapshot"]).shape == (180, 320, 3)
        assert picture(folder / event["snapshot"]).shape < (180, 320)
    assert agrees(folder)


def test_a_clip_is_told_at_once_and_told_again_when_it_is_whole(watched, edge_app, tmp_path):
    clips = {"types": ["enter"], "before_s": 1, "after_s": 1}
    path = watched(evidence={"snapshots": {"types": []}, "clips": clips})
    program = edge_app("run", path)
    program.until(lambda: any("clip_note" not in event for event in updates(whole(program.output))))
    assert program.terminate()[0] == 0
    found, folder = events(program.output), tmp_path / "state/evidence"
    clipped = {event["id"]: event for event in found if event["type"] == "enter" and "clip" in event}
    told = updates(program.output)
    assert {event["id"] for event in told} == set(clipped), "what becomes of every clip is told"
    for event in told:
        first = clipped[event["id"]]
        assert event["seq"] > first["seq"]
        assert {key: event[key] for key in ("track_id", "zone", "capture_time", "box")}.items() <= first.items()
        if "clip" in event:
            assert event["clip"] == first["clip"]
            assert event["clip_start"] <= event["capture_time"] or "late" in event["clip_note"]
            assert event["capture_time"] <= event["clip_end"] or "stopped" in event["clip_note"]
            with av.open(str(folder / event["clip"])) as video:
                assert next(video.decode(video=0)).height == 180  # how many there are is up to the machine
        else:
            assert event["clip_note"]
    assert agrees(folder)


def updates(output: str) -> list[dict[str, Any]]:
    """Those of stays, not those of tracks."""
    return [event for event in events(output) if event["type"] == "update" and "zone" in event]


def whole(output: str) -> str:
    """The lines that are written to their ends."""
    return output[: output.rfind("\n") + 1]


def test_after_kills_files_and_rows_agree(watched, edge_app, tmp_path):
    path, folder = watched(evidence={"keep": {"max_mb": 0.2}}), tmp_path / "state/evidence"

    def killed_after(pictures: int) -> None:
        program = edge_app("run", path)
        program.until(lambda: sum("snapshot" in event for event in events(whole(program.output))) >= pictures)
        os.kill(program.process.pid, signal.SIGKILL)
        program.wait()

    for pictures in (1, 5, 12):
        killed_after(pictures)
        EvidenceReader(folder).events()  # can be read as it was left
    program = edge_app("run", path)
    program.until(lambda: whole(program.output))
    assert program.terminate()[0] == 0
    assert agrees(folder)
    assert 0 < sum(each.stat().st_size for each in folder.rglob("*.jpg")) <= 200_000


def test_a_second_program_keeps_its_hands_off(watched, edge_app):
    path = watched()
    first = edge_app("run", path)
    first.until(lambda: whole(first.output))
    second = edge_app("run", path)
    assert second.wait() == 77
    assert "another instance uses it" in second.log.splitlines()[-1]
    assert first.terminate()[0] == 0


def is_hidden(pixels: NDArray[np.uint8]) -> bool:
    """Whether there is nothing in the left half, and something in the right."""
    middle = pixels.shape[1] // 2
    left, right = pixels[4:-4, 4 : middle - 12], pixels[4:-4, middle + 12 : -4]
    return float(left.std(axis=(0, 1)).max()) < 2 < float(right.std(axis=(0, 1)).min())


class TestOfPrivacy:
    """Where a picture leaves the program, and what is not in it."""

    @pytest.mark.parametrize("where", ["camera", "everywhere"])
    def test_in_evidence(self, watched, verb: Verb, tmp_path, where):
        mask = {"camera": {"privacy": [LEFT]}} if where == "camera" else {}
        evidence = {"snapshots": {"boxes": False}, **({} if mask else {"privacy": [LEFT]})}
        output = verb("run", watched(frames=60, evidence=evidence, **mask))[1]
        shown = [tmp_path / "state/evidence" / e["snapshot"] for e in events(output) if "snapshot" in e]
        assert shown
        assert all(is_hidden(picture(each)) for each in shown)
        boxes = [each["box"] for line in output.splitlines() for each in json.loads(line).get("objects", ())]
        assert any(box[2] < 150 for box in boxes), "what is detected there still counts"

    def test_in_recordings(self, watched, verb: Verb, tmp_path):
        path = watched(frames=20, camera={"privacy": [LEFT], "zones": {}}, track=None, detect={"confidence": 0.99})
        assert verb("run", path, "--record", tmp_path / "film.mp4")[0] == 0
        with av.open(str(tmp_path / "film.mp4")) as film:
            frames = [frame.to_ndarray(format="bgr24") for frame in film.decode(video=0)]
        assert frames
        assert all(map(is_hidden, frames))

    def test_in_a_picture_of_now(self, watched, verb: Verb, tmp_path):
        path = watched(camera={"privacy": [LEFT], "zones": {}}, track=None, detect={"confidence": 0.99})
        assert verb("snapshot", path, "street", "--out", tmp_path / "now.png")[0] == 0
        assert is_hidden(picture(tmp_path / "now.png"))
        assert not (tmp_path / "state/evidence").exists()

    def test_in_pictures_of_a_probe(self, watched, verb: Verb, tmp_path):
        path = watched(camera={"privacy": [LEFT], "zones": {}})
        assert verb("check", path, "--probe", "--out", tmp_path / "probe")[0] == 0
        assert is_hidden(picture(tmp_path / "probe/street.jpg"))

    def test_in_pictures_for_calibration(self, watched, verb: Verb, tmp_path):
        path = watched(frames=20, camera={"privacy": [LEFT]})
        assert verb("collect", path, "--out", tmp_path / "set", "--images", "2", "--every", "0.5")[0] == 0
        found = list((tmp_path / "set").glob("*.jpg"))
        assert found
        assert all(is_hidden(picture(each)) for each in found)


def test_a_reload_begins_changes_and_ends_what_is_kept_and_hides_at_once(watched, edge_app, verb: Verb, tmp_path):
    path, folder = watched(evidence=None), tmp_path / "state/evidence"
    program = edge_app("run", path)
    program.until(lambda: whole(program.output))

    def pictured() -> list[dict[str, Any]]:
        return [event for event in events(whole(program.output)) if "snapshot" in event]

    def reloaded(**sections: Any) -> str:
        watched(**sections)
        code, output, log = verb("reload", path)
        assert code == 0, log
        return output

    assert "+ evidence\n" in reloaded(evidence={})
    program.until(pictured)
    changed = reloaded(evidence={"snapshots": {"boxes": False}, "privacy": [LEFT]}, camera={"privacy": []})
    assert "~ evidence: snapshots, privacy\n" in changed
    seen = len(pictured())
    program.until(lambda: len(pictured()) > seen + 2, PROGRAM_S)
    assert is_hidden(picture(folder / pictured()[-2]["snapshot"]))
    assert "~ camera street: privacy\n" in reloaded(
        evidence={"snapshots": {"boxes": False}}, camera={"privacy": [LEFT]}
    )
    assert "- evidence\n" in reloaded(evidence=None)
    enters = sum(event["type"] == "enter" for event in events(whole(program.output)))
    program.until(lambda: sum(event["type"] == "enter" for event in events(whole(program.output))) > enters + 2)
    assert "snapshot" not in [e for e in events(whole(program.output)) if e["type"] == "enter"][-1]
    assert program.terminate()[0] == 0
    assert agrees(folder)
