"""INT8 in the program: whose report vouches for it, what it answers, and whether it is faster here."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import yaml
from onnx import helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from edge_app.app.config import load_config
from edge_app.core.errors import ConfigError, DataError, InputError
from edge_app.core.frames import Picture
from edge_app.detector import Golden, read_detector, start_engine, write_golden
from edge_app.detector.golden import LEAST_SCORE, answers
from edge_app.engine.config import EngineConfig
from edge_app.model import CalibrationReport, InputSpec, Thresholds, sha256, write_report
from edge_app.postprocess import Postprocess
from edge_app.synthetic import Settings, Street
from tests.config.files import load_text

BUNDLED = Path(__file__).resolve().parents[2] / "models/traffic"
CARD = yaml.safe_load((BUNDLED / "model.yaml").read_text())
SPEC = InputSpec(**CARD["input"])
SCENE = {"scene": {"url": "synthetic://street?seed=3&frames=3"}}


def quantized(source: Path, target: Path, scale: float) -> None:
    """The model with its picture rounded to steps of `scale`, by a quantizer."""
    model = onnx.load(source)
    constants = [numpy_helper.from_array(np.float32(scale), "s"), numpy_helper.from_array(np.int8(0), "z")]
    model.graph.initializer.extend(constants)
    pair = [
        helper.make_node("QuantizeLinear", ["images", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"]),
    ]
    model.graph.node[0].input[0] = "d"
    nodes = [*pair, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, target)


def burdened(source: Path, target: Path) -> None:
    """The model with much to compute that changes nothing."""
    model = onnx.load(source)
    ballast = numpy_helper.from_array(np.ones((1500, 1500), np.float32), "ballast")
    zero = numpy_helper.from_array(np.float32(0), "none")
    model.graph.initializer.extend([ballast, zero])
    model.graph.node[-1].output[0] = "answer"
    model.graph.node.extend([
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["ballast", "mean"], ["heavy"]),
        helper.make_node("MatMul", ["heavy", "heavy"], ["product"]),
        helper.make_node("ReduceMean", ["product"], ["grand"], keepdims=0),
        helper.make_node("Mul", ["grand", "none"], ["nothing"]),
        helper.make_node("Add", ["answer", "nothing"], ["output"]),
    ])  # fmt: skip
    onnx.save(model, target)


@pytest.fixture(scope="module")
def exact(tmp_path_factory) -> Golden:
    """32 pictures of two streets and what FP32 finds there."""
    streets = [Street(Settings(seed=seed, width=SPEC.width, height=SPEC.height)) for seed in (5, 6)]
    pictures = np.stack([street.render(40 * i)[0] for street in streets for i in range(16)])
    folder = tmp_path_factory.mktemp("exact")
    detector = read_detector(load_text(folder, "model: {name: traffic}\ncameras: {a: {url: rtsp://h/1}}\n").detector)
    _, engine = start_engine(replace(detector, int8=None), EngineConfig(threads=1))
    with engine:
        postprocess = Postprocess(detector.decoder, confidence=LEAST_SCORE, nms_iou=0.5)
        return Golden(pictures, answers(engine, pictures, postprocess))


@pytest.fixture
def folder(tmp_path, exact) -> Path:
    """A model in FP32 and INT8, with report and golden inputs."""
    folder = tmp_path / "models" / "street"
    folder.mkdir(parents=True)
    shutil.copy(BUNDLED / "model.onnx", folder / "model.onnx")
    quantized(folder / "model.onnx", folder / "model.int8.onnx", 2.01)
    write_golden(exact, folder / "model.int8.golden.npz")
    card = {**CARD, "name": "street", "files": {"fp32": "model.onnx", "int8": "model.int8.onnx"}, "sha256": {}}
    (folder / "model.yaml").write_text(yaml.safe_dump(card))
    vouch(folder)
    return folder


def vouch(folder: Path, **changes: object) -> None:
    """Writes the report."""
    figures = {"map50": 0.98, "map50_95": 0.9, "recall": 0.98, "precision": 0.98, "score_drift": 0.0}
    said = {
        "model_sha256": sha256(folder / "model.onnx"),
        "int8_sha256": sha256(folder / "model.int8.onnx"),
        "golden_sha256": sha256(folder / "model.int8.golden.npz"),
        "preprocessing": SPEC,
        "decoder": "yolox",
        "thresholds": Thresholds(**CARD["thresholds"]),
        "images": 100,
        "method": "entropy",
        "min_agreement": 0.95,
        "passed": True,
        "reason": "good",
        "agreement": figures,
        "ground_truth": None,
        "thin_evidence": False,
        **dict.fromkeys(("judged", "not_judged", "excluded", "fallbacks", "layers"), ()),
        **dict.fromkeys(("calibration_pictures", "holdout_pictures"), ()),
        **changes,
    }
    write_report(CalibrationReport(**said), folder / "model.int8.report.json")


def int8(folder: Path, **model: str) -> dict[str, object]:
    """Sections of a configuration that runs the INT8 file by its path."""
    return {"model": {"onnx": str(folder / "model.int8.onnx"), **model}, "cameras": SCENE}


def test_a_file_with_its_report_runs_and_says_so(edge_app, configured, folder):
    program = edge_app("run", configured(**int8(folder)))
    assert program.wait() == 0, program.log
    assert [m["model"]["precision"] for m in program.messages()] == ["int8"] * 3
    assert program.messages()[0]["model"]["sha256"] == sha256(folder / "model.int8.onnx")


def refused(program, code: int) -> str:
    """The one line of a program that refuses the model before anything comes out."""
    assert program.wait() == code, program.log
    assert not program.messages()
    assert len(program.log.splitlines()) == 1, program.log
    return program.log


def spoil(folder: Path, how: str) -> None:
    if how == "missing":
        (folder / "model.int8.report.json").unlink()
    elif how == "failed":
        vouch(folder, passed=False, reason="recall 0.8 below 0.95")
    elif how == "another file's":
        vouch(folder, int8_sha256="0" * 64)
    elif how == "other preprocessing":
        vouch(folder, preprocessing=SPEC.model_copy(update={"color": "rgb"}))
    elif how == "not JSON":
        (folder / "model.int8.report.json").write_text("{")
    elif how == "other golden inputs":
        vouch(folder, golden_sha256="0" * 64)
    else:
        (folder / "model.int8.golden.npz").unlink()


REPORTS = ["missing", "failed", "another file's", "other preprocessing", "not JSON", "other golden inputs", "no golden"]


@pytest.mark.parametrize("how", REPORTS)
def test_a_file_whose_report_does_not_vouch_for_it_is_refused(configured, folder, how):
    spoil(folder, how)
    path = configured(**int8(folder))
    with pytest.raises(ConfigError) as caught:
        read_detector(load_config(path, {}).detector)
    line = str(caught.value)
    assert len(line.splitlines()) == 1
    assert line.startswith(f"{path}:")
    assert "report" in line
    assert "model.int8" in line


@pytest.mark.parametrize("verb", ["run", "check"])
def test_run_and_check_refuse_it_with_a_line(edge_app, configured, folder, verb):
    spoil(folder, "missing")
    assert "report" in refused(edge_app(verb, configured(**int8(folder))), 78)


def test_the_user_may_take_a_file_without_a_report(edge_app, configured, folder):
    spoil(folder, "missing")
    own = sha256(folder / "model.int8.onnx")
    program = edge_app("run", configured(**int8(folder, accept_unverified=own)))
    assert program.wait() == 0, program.log
    assert len(program.messages()) == 3
    assert "its accuracy is unknown" in program.log
    other = hashlib.sha256(b"other").hexdigest()
    line = refused(edge_app("run", configured(**int8(folder, accept_unverified=other))), 78)
    assert own in line
    assert "accept_unverified" in line


def test_a_file_that_answers_its_golden_inputs_badly_is_refused(edge_app, configured, folder):
    quantized(folder / "model.onnx", folder / "model.int8.onnx", 60.0)
    vouch(folder)
    line = refused(edge_app("run", configured(**int8(folder))), 65)
    assert "model.int8.golden.npz" in line
    assert "below 0.95" in line


def started(path: Path) -> str:
    """The precision that starts with this configuration."""
    config = load_config(path, {})
    detector, engine = start_engine(read_detector(config.detector), config.engine)
    with engine:
        engine.slots[0].submit([Picture.from_bgr(np.zeros((SPEC.height, SPEC.width, 3), np.uint8))])
        assert engine.slots[0].wait().arrays[0].shape[2] == 5 + 4
    return detector.precision


@pytest.fixture
def street(configured, folder):
    """Writes a configuration of the model with two files, of which INT8 is by far the faster."""
    burdened(BUNDLED / "model.onnx", folder / "model.onnx")
    vouch(folder)
    return lambda **engine: configured(model={"name": "street"}, engine={"threads": 1, **engine}, cameras=SCENE)


def test_auto_takes_int8_where_it_is_faster_and_says_so(edge_app, street):
    program = edge_app("run", street())
    assert program.wait() == 0, program.log
    assert [message["model"]["precision"] for message in program.messages()] == ["int8"] * 3
    said = [line for line in program.log.splitlines() if "INT8 runs: a picture takes" in line]
    assert len(said) == 1
    assert "ms in INT8" in said[0]
    assert "ms in FP32" in said[0]


def test_auto_takes_fp32_where_int8_is_not_faster(street, folder, caplog):
    shutil.copy(BUNDLED / "model.onnx", folder / "model.onnx")
    burdened(folder / "model.int8.onnx", folder / "model.int8.onnx")
    vouch(folder)
    with caplog.at_level("INFO"):
        assert started(street()) == "fp32"
    assert "FP32 runs: a picture takes" in caplog.text


@pytest.mark.parametrize("how", ["missing", "bad answers"])
def test_auto_takes_fp32_where_int8_is_not_good(street, folder, caplog, how):
    if how == "missing":
        spoil(folder, how)
    else:
        quantized(BUNDLED / "model.onnx", folder / "model.int8.onnx", 60.0)
        vouch(folder)
    assert started(street()) == "fp32"
    assert "FP32 runs" in caplog.text


def test_int8_of_another_fp32_model_is_refused_and_auto_takes_fp32(street, folder, caplog):
    shutil.copy(BUNDLED / "model.onnx", folder / "model.onnx")  # retrained, and not calibrated again
    assert started(street()) == "fp32"
    assert "FP32 runs: " in caplog.text
    assert "its report is about INT8 of another FP32 model" in caplog.text
    with pytest.raises(ConfigError, match="another FP32 model"):
        started(street(precision="int8"))


def test_without_the_fp32_file_its_digest_in_the_card_counts(street, folder):
    def say(digest):
        card = yaml.safe_load((folder / "model.yaml").read_text()) | {"sha256": {"fp32": digest}}
        (folder / "model.yaml").write_text(yaml.safe_dump(card))

    say(sha256(folder / "model.onnx"))
    (folder / "model.onnx").unlink()
    assert started(street(precision="int8")) == "int8"
    say("0" * 64)
    with pytest.raises(ConfigError, match="another FP32 model"):
        started(street(precision="int8"))


def test_auto_does_not_take_what_was_judged_by_a_lower_bar(street, folder, caplog):
    vouch(folder, min_agreement=0.9)
    assert started(street()) == "fp32"
    assert "its calibration asked for an agreement of only 0.9; `precision: int8` runs it" in caplog.text
    assert started(street(precision="int8")) == "int8"


@pytest.mark.parametrize("how", ["missing", "truncated", "not the card's"])
def test_auto_takes_fp32_where_the_int8_file_is_no_good(street, folder, caplog, how):
    path = folder / "model.int8.onnx"
    if how == "missing":
        path.unlink()
    elif how == "truncated":
        path.write_bytes(path.read_bytes()[:1000])
    else:
        card = yaml.safe_load((folder / "model.yaml").read_text()) | {"sha256": {"int8": "0" * 64}}
        (folder / "model.yaml").write_text(yaml.safe_dump(card))
    assert started(street()) == "fp32"
    assert f"FP32 runs: {path}: " in caplog.text
    with pytest.raises((DataError, InputError)):
        started(street(precision="int8"))


@pytest.mark.parametrize("how", ["dynamic", "weights"])
def test_what_is_quantized_otherwise_wants_a_report_too(configured, folder, how):
    path = folder / "model.int8.onnx"
    if how == "dynamic":
        quantize_dynamic(folder / "model.onnx", path, weight_type=QuantType.QUInt8)
        assert {"ConvInteger", "DynamicQuantizeLinear"} <= {node.op_type for node in onnx.load(path).graph.node}
    else:
        dequantized(folder / "model.onnx", path)
    spoil(folder, "missing")
    with pytest.raises(ConfigError, match="no report beside it"):
        read_detector(load_config(configured(**int8(folder)), {}).detector)
    assert started(configured(**int8(folder, accept_unverified=sha256(path)))) == "int8"


def dequantized(source: Path, target: Path) -> None:
    """The model with the weights of one layer as bytes, and nothing else that tells."""
    model = onnx.load(source)
    node = next(node for node in model.graph.node if node.op_type == "Conv")
    weights = next(each for each in model.graph.initializer if each.name == node.input[1])
    values = numpy_helper.to_array(weights)
    scale = np.float32(np.abs(values).max() / 127)
    weights.CopyFrom(numpy_helper.from_array(np.rint(values / scale).astype(np.int8), weights.name))
    model.graph.initializer.append(numpy_helper.from_array(scale, "step"))
    model.graph.node.insert(0, helper.make_node("DequantizeLinear", [node.input[1], "step"], ["float weights"]))
    node.input[1] = "float weights"
    onnx.save(model, target)


def test_the_precision_that_is_asked_for_runs(street):
    assert started(street(precision="fp32")) == "fp32"
    assert started(street(precision="int8")) == "int8"


def test_bench_and_check_say_what_runs(edge_app, configured, folder):
    path = configured(**int8(folder))
    bench = edge_app("bench", path, "--seconds", "0.1", "--json")
    assert bench.wait() == 0, bench.log
    assert json.loads((path.parent / "program0/stdout").read_text())["precision"] == "int8"
    check = edge_app("check", path, "--probe")
    assert check.wait() == 0, check.log
    assert "model.int8, int8, 4 classes" in (path.parent / "program1/stdout").read_text()


def test_inspect_says_what_the_report_says_and_what_runs(edge_app, folder):
    for change in ({}, {"passed": False}, {"min_agreement": 0.9}):
        vouch(folder, **change)
        program = edge_app("models", "inspect", folder, "--json")
        assert program.wait() == 0, program.log
    good, bad, lowered = (json.loads((folder.parents[1] / f"program{i}/stdout").read_text()) for i in range(3))
    assert good["int8"] == {"value": "mAP50 0.980 against FP32", "from": "model.int8.report.json"}
    assert good["runs"]["value"] == "int8 where it is faster, else fp32"
    assert bad["int8"]["value"].startswith("refused: ")
    assert bad["runs"]["value"] == "fp32"
    assert lowered["int8"] == good["int8"]
    assert lowered["runs"]["value"] == "fp32"


def test_a_bare_int8_file_has_no_fp32(configured, folder):
    with pytest.raises(ConfigError, match="has no fp32 file"):
        read_detector(load_config(configured(**int8(folder), engine={"precision": "fp32"}), {}).detector)


def test_the_wrong_digest_is_a_mistake_at_its_place(configured, folder):
    with pytest.raises(ConfigError, match="accept_unverified: want 64 characters"):
        load_config(configured(**int8(folder, accept_unverified="1234")), {})
