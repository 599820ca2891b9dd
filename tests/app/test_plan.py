"""What a new configuration changes, without anything that runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from edge_app.app.config import load_config
from edge_app.app.factory import Parts, make_parts
from edge_app.app.plan import Change, make_plan
from tests import onnx_models

ZONE = {"polygon": [[0, 0], [1, 0], [1, 1]]}


def planned(tmp_path: Path, **changed: Any) -> list[str]:
    """The lines of what is not kept; a section that is None is left out."""
    sections: dict[str, Any] = {
        "model": {"name": "traffic"},
        "cameras": {"a": {"url": "synthetic://street"}, "b": {"url": "rtsp://192.0.2.1/x", "zones": {"door": ZONE}}},
        "publish": [{"type": "stdout"}, {"type": "file", "path": "out.ndjson"}],
    }
    parts = []
    for each in (sections, {key: value for key, value in {**sections, **changed}.items() if value is not None}):
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(each))
        parts.append(make_parts(load_config(tmp_path / "config.yaml", {})))
    return [str(change) for change in make_plan(*parts) if change.op != "=" or change.note]


@pytest.mark.parametrize(
    ("changed", "lines"),
    [
        ({}, []),
        ({"cameras": {"a": {"url": "synthetic://street"}}}, ["- camera b"]),
        (
            {"cameras": {"a": {"url": "synthetic://street?seed=2", "max_fps": 5}, "c": {"url": "rtsp://192.0.2.1/x"}}},
            ["~ camera a: url, max_fps", "- camera b", "+ camera c"],
        ),
        ({"publish": [{"type": "stdout", "name": "out"}]}, ["- sink stdout", "- sink file", "+ sink out"]),
        ({"publish": [{"type": "file", "path": "other.ndjson"}]}, ["- sink stdout", "~ sink file: path"]),
        ({"publish": None}, ["- sink file"]),
        ({"detect": {"confidence": 0.5}}, ["~ detect: confidence"]),
        ({"track": {"tracker": "sort"}, "events": {}}, ["+ track", "+ events"]),
        ({"model": {"name": "traffic", "decoder": "yolox"}}, ["~ model: decoder"]),
        ({"engine": {"threads": 1}}, ["~ engine: threads"]),
        ({"shutdown": {"drain_s": 1}}, ["~ shutdown: drain_s"]),
        ({"state_dir": "elsewhere"}, ["= state_dir (changes when the program starts again)"]),
        ({"timezone": "Asia/Tokyo"}, ["= timezone (changes when the program starts again)"]),
    ],
)
def test_the_plan_says_part_by_part_what_changes(tmp_path, changed, lines):
    assert planned(tmp_path, **changed) == lines


def test_another_file_at_the_models_place_is_another_model(tmp_path):
    def parts(model: Path, before: Parts | None = None) -> Parts:
        (tmp_path / "config.yaml").write_text(
            yaml.safe_dump(
                {"model": {"onnx": str(model), "decoder": "yolox"}, "cameras": {"a": {"url": "synthetic://street"}}}
            )
        )
        return make_parts(load_config(tmp_path / "config.yaml", {}), before=before)

    model = onnx_models.speechless_at_bright(tmp_path / "model.onnx")
    before = parts(model)
    assert parts(model, before).detector is before.detector
    model.write_bytes(model.read_bytes() + b"\x22\x00")  # an empty doc_string: the same graph, another file
    assert str(make_plan(before, parts(model, before)).sections["model"]) == "~ model: its file"


@pytest.mark.parametrize(
    "change",
    [Change("+", "camera a"), Change("~", "sink mqtt", ("host", "port")), Change("=", "state_dir", note="later")],
)
def test_a_change_is_told_whole(change):
    assert Change.of(change.document) == change
