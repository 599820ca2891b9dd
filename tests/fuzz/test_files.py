"""No file ends the program with a traceback: configuration, card, metadata, sidecars."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import strategies as st
from onnx import helper

from edge_app.app.config import load_config
from edge_app.cli import execute
from edge_app.core.errors import ConfigError, EdgeAppError, InputError
from edge_app.model.card import read_card
from edge_app.model.report import read_report
from edge_app.trt_build import EngineCache
from tests.fuzz.mutation import fuzz, mutated
from tests.onnx_models import channel_means

ROOT = Path(__file__).parents[2]
YAML = [b"*a", b"&a ", b"<<: ", b"? ", b"- ", b": ", b"!!python/object:os.system ", b"${X", b"${A:-b}", b"~", b"|\n",
        b">\n", b"{a: {", b"[[", b"'", b'"', b"\t", b"---\n", b"%YAML 3.0\n", b"0x", b"1e999", b".nan", b"-1",
        b"99999999999999999999", b"2026-13-99", b"\xff\xfe", b"\xef\xbb\xbf", b"\0", b"\xc2\x85", b"true", b"rtsp://",
        b"http://[::1", b"/dev/video0", b"url", b"cameras", b"publish", b"type: mqtt", b"onnx: "]  # fmt: skip
JSON = [b"null", b"{}", b"[]", b"1e999", b"-0", b"NaN", b"99999999999999999999", b'"\\ud800"', b"\\u0000",
        b"[" * 3000, b'"', b"true", b"{", b":", b",", b"\xff"]  # fmt: skip
LITERALS = [b"{0: 'a'}", b"['a', 'b']", b"{-1: 'a'}", b"{0: None}", b"[640, 640]", b"[10**9]", b"(" * 200, b"[[]]",
            b"9" * 5000, b"{0: {1: 2}}", b"'a'", b"1e400", b"b'a'", b"[0, 0]", b"[-1, 640]", b"\xff",
            b"..."]  # fmt: skip
SECRET_KEY = re.compile(rb"^(\s*(?:- )?(?:password|token|read_token|secret|api_key)\s*:).*$", re.MULTILINE)
SECRET = "pl4nted"
VARIABLES = ("CAMERA_PASSWORD", "GATE_USER", "GATE_PASSWORD", "MQTT_USER", "MQTT_PASSWORD")


def test_no_configuration_does(tmp_path: Path):
    path = tmp_path / "config.yaml"

    def check(content: bytes) -> None:
        path.write_bytes(content)
        try:
            load_config(path, {"X": "1", **dict.fromkeys(VARIABLES, f"{SECRET}-environment")})
        except EdgeAppError as error:
            told = error.lines
        else:
            told = ()
        assert not any("\n" in line for line in told)
        assert not any(SECRET in line for line in told)

    files = [file.read_bytes() for file in sorted((ROOT / "configs").glob("*.yaml"))]
    planted = [SECRET_KEY.sub(rb"\1 pl4nted-file", file) for file in files]
    assert sum(SECRET.encode() in file for file in planted) > 1
    fuzz(mutated([*files, *planted], YAML), check)


def test_no_card_does(tmp_path: Path):
    path = tmp_path / "model.yaml"

    def check(content: bytes) -> None:
        path.write_bytes(content)
        with contextlib.suppress(InputError):
            read_card(path)

    fuzz(mutated([(ROOT / "models/traffic/model.yaml").read_bytes()], YAML), check)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return channel_means(tmp_path / "model.onnx", 1)


def inspected(path: Path) -> None:
    code = execute(["models", "inspect", str(path)])
    assert code in (0, 65, 66, 78), code


def test_no_metadata_does(model: Path, capfd: pytest.CaptureFixture[str]):
    plain = onnx.load(model)

    def check(content: bytes) -> None:
        text = content.decode("latin-1")
        keys = ("names", "imgsz", "stride", "task", "author", "end2end")
        with_metadata = onnx.ModelProto.FromString(plain.SerializeToString())
        helper.set_model_props(with_metadata, dict.fromkeys(keys, text))
        onnx.save(with_metadata, model)
        inspected(model)

    fuzz(mutated(LITERALS, LITERALS), check, seeds=LITERALS)


def test_no_onnx_file_does(model: Path, capfd: pytest.CaptureFixture[str]):
    def check(content: bytes) -> None:
        model.write_bytes(content)
        inspected(model)

    numbers = [b"\x00", b"\xff" * 10, b"\x7f", b"\x0a\x00", b"images", b"output", b"Loop", b"Resize"]
    fuzz(mutated([model.read_bytes()], numbers), check)


def test_no_sidecar_does(model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    report = (ROOT / "models/traffic/model.int8.report.json").read_bytes()
    hugging = json.dumps(
        {"model_type": "detr", "id2label": {"0": "a"}, "architectures": ["X"], "num_labels": 1}
    ).encode()
    processor = json.dumps({"size": {"height": 8, "width": 8}, "image_mean": [0.5] * 3, "do_normalize": True}).encode()
    engine = json.dumps({"schema": "edge_app.engine/1", "sha256": "0", "model": "m", "source": "/m.onnx"}).encode()
    paddle = b"arch: PPYOLOE\nlabel_list: [a, b]\nPreprocess:\n- {type: Resize, target_size: [640, 640], interp: 2}\n"

    def check(content: bytes) -> None:
        for name in ("config.json", "preprocessor_config.json", "infer_cfg.yml", "a.plan.json", "model.report.json"):
            (tmp_path / name).write_bytes(content)
        with contextlib.suppress(ConfigError):
            read_report(tmp_path / "model.report.json")
        EngineCache(tmp_path).files()
        inspected(model)

    fuzz(mutated([report, hugging, processor, engine, paddle], [*JSON, *YAML]), check)


def test_no_golden_inputs_do(tmp_path: Path, model: Path, capfd: pytest.CaptureFixture[str]):
    golden = tmp_path / "model.golden.npz"
    np.savez_compressed(golden, pictures=np.zeros((1, 8, 8, 3), np.uint8))
    (tmp_path / "model.report.json").write_bytes((ROOT / "models/traffic/model.int8.report.json").read_bytes())

    def check(content: bytes) -> None:
        golden.write_bytes(content)
        inspected(model)

    fuzz(st.one_of(mutated([golden.read_bytes()], JSON), st.binary(max_size=99)), check, few=10)
