"""What the configuration's parts are told of each other."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from edge_app.app.config import AppConfig, load_config
from edge_app.app.factory import Parts, make_parts, make_sources
from edge_app.app.plan import ONLY_AT_THE_START
from edge_app.detector.backends.ort import OnnxRuntimeCpu
from edge_app.detector.backends.trt import TensorRt
from edge_app.evidence import EVIDENCE
from edge_app.publish.pictures import EventPictures
from edge_app.trt_build import TensorRtLibrary


def settings_of(clip: Path, provider: str) -> AppConfig:
    return AppConfig.model_validate(
        {
            "model": {"name": "traffic"},
            "engine": {"backend": "onnxruntime", "provider": provider},
            "cameras": {"gate": {"url": str(clip), "decode": "cpu"}},
        }
    )


@pytest.mark.parametrize(("provider", "form"), [("auto", "bgr"), ("cpu", "bgr"), ("cuda", "i420")])
def test_only_an_engine_that_reads_yuv_is_given_it(clip: Path, provider: str, form: str):
    parts = make_parts(settings_of(clip, provider))
    with parts.sources["gate"].open(threading.Event()) as shots:
        assert next(shots).convert().format == form


def test_who_has_no_engine_looks_at_bgr(clip: Path):
    with make_sources(settings_of(clip, "cuda"))["gate"].open(threading.Event()) as shots:
        assert next(shots).convert().format == "bgr"


def test_tensorrt_reads_surfaces():
    assert not OnnxRuntimeCpu("no TensorRT").reads_surfaces
    assert TensorRt(TensorRtLibrary("tensorrt", "10.3.0", None), "as configured").reads_surfaces


def test_a_sink_knows_the_sections_that_are_kept_and_not_those_that_wait_for_a_start(configured, tmp_path: Path):
    hook = {"type": "webhook", "url": "http://127.0.0.1:9/", "picture": "url"}

    def parts(state: str, name: str, zone: str) -> Parts:
        sections = {"state_dir": str(tmp_path / state), "web": {"hosts": [name]}, "timezone": zone, "evidence": {}}
        path = configured(cameras={"a": {"url": "synthetic://street"}}, publish=[hook], **sections)
        return make_parts(load_config(path, {}))

    runs, told = parts("one", "one.lan", "Europe/Berlin"), parts("two", "two.lan", "Asia/Tokyo")
    kept = told.keeping(runs.config, ONLY_AT_THE_START)
    assert kept.config.state_dir == tmp_path / "one"
    assert kept.config.publish[0]._pictures == EventPictures(tmp_path / "one" / EVIDENCE, "http://one.lan:8080")
    assert kept.sinks["webhook"][0] is not told.sinks["webhook"][0]


SQUARE = {"polygon": [[0, 0], [1, 0], [1, 1]], "labels": ["person", "car"]}


def test_a_zone_of_objects_that_are_left_out_is_a_mistake(verb, configured):
    path = configured(cameras={"a": {"url": "synthetic://street", "zones": {"z": SQUARE}}}, detect={"labels": ["car"]})
    code, _, err = verb("check", path)
    assert code == 78
    assert err.endswith("cameras.a.zones.z.labels[0]: `detect.labels` leaves every person out; it has car\n")


GROUND = {"points": [[0.2, 0.9], [0.8, 0.9], [0.6, 0.5], [0.4, 0.5]], "size_m": [12, 6]}


@pytest.mark.parametrize(
    ("camera", "more", "code"),
    [
        ({}, {}, 78),
        ({}, {"track": {"tracker": "none"}}, 78),
        ({}, {"track": {}}, 0),
        ({}, {"events": {}}, 0),
        ({"lines": {"l": {"from": [0, 0], "to": [1, 1]}}}, {}, 0),
        ({"zones": {"z": {"polygon": [[0, 0], [1, 0], [1, 1]]}}}, {}, 0),
    ],
)
def test_a_ground_whose_speeds_nothing_would_tell_is_a_mistake(verb, configured, camera, more, code):
    path = configured(cameras={"a": {"url": "synthetic://street", "ground": GROUND, **camera}}, **more)
    found, _, err = verb("check", path)
    assert found == code
    assert ("cameras.a.ground: no event would tell a speed; want `events`, `track`, a zone or a line\n" in err) == bool(
        code
    )
