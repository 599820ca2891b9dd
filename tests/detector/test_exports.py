"""Models with weights beside them and with nodes in any order, through the verbs."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import yaml
from onnx import helper, numpy_helper

from edge_app.core.errors import DataError
from edge_app.model import Model, digest, find_argument, read_signature, sha256
from tests.onnx_models import beside, write
from tests.trt_build.models import quantized

TRAFFIC = Path(__file__).parents[2] / "models/traffic"
SCENE = {"scene": {"url": "synthetic://street?seed=5&frames=3"}}


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    """The bundled model as exporters might write it: nodes shuffled, weights beside the file."""
    folder = tmp_path_factory.mktemp("models") / "street"
    folder.mkdir()
    model = onnx.load(TRAFFIC / "model.onnx")
    nodes = list(model.graph.node)
    random.Random(0).shuffle(nodes)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, folder / "one.onnx")
    beside(folder / "one.onnx", folder / "model.onnx")
    (folder / "one.onnx").unlink()
    card = yaml.safe_load((TRAFFIC / "model.yaml").read_text())
    card |= {"name": "street", "files": {"fp32": "model.onnx"}, "sha256": {"fp32": digest(folder / "model.onnx")}}
    (folder / "model.yaml").write_text(yaml.safe_dump(card))
    return folder


@pytest.fixture
def copy(street, tmp_path):
    """One that may be changed."""
    return Path(shutil.copytree(street, tmp_path / "models/street"))


def test_it_runs_and_finds_what_the_one_file_finds(copy, verb, configured, tmp_path):
    def ran(name):
        out = tmp_path / f"{name}.ndjson"
        engine = {"threads": 1, "precision": "fp32"}
        sinks = [{"type": "file", "path": str(out)}]
        config = configured(model={"name": name}, engine=engine, cameras=SCENE, publish=sinks)
        code, _, err = verb("run", config)
        assert code == 0, err
        return [json.loads(line) for line in out.read_text().splitlines()]

    pairs = zip(ran("traffic"), ran("street"), strict=True)

    for wanted, found in pairs:
        assert found["model"]["sha256"] == digest(copy / "model.onnx") != sha256(copy / "model.onnx")
        assert [each["label"] for each in found["objects"]] == [each["label"] for each in wanted["objects"]] != []
        for one, other in zip(wanted["objects"], found["objects"], strict=True):
            assert one["box"] == pytest.approx(other["box"], abs=0.02)


def test_check_and_inspect_take_it(copy, verb, configured):
    code, out, err = verb("check", configured(model={"name": "street"}, cameras=SCENE), "--probe")
    assert (code, "street, fp32, 4 classes" in out) == (0, True), err
    code, out, _ = verb("models", "inspect", copy, "--json")
    assert (code, json.loads(out)["files"][0]["verdict"]) == (0, "as in the card")


def test_other_weights_are_not_the_cards(copy, verb, configured):
    data = bytearray((copy / "model.onnx.data").read_bytes())
    data[1000] ^= 1
    (copy / "model.onnx.data").write_bytes(data)

    code, _, err = verb("check", configured(model={"name": "street"}, cameras=SCENE))

    assert code == 65
    assert err.strip().endswith("model.onnx: its sha256 is not the card's; fetch the model again")


def test_weights_that_went_away_are_one_line_of_every_verb(copy, verb, configured, tmp_path):
    (copy / "model.onnx.data").unlink()
    config = configured(model={"name": "street"}, cameras=SCENE)
    for arguments in (
        ("run", config),
        ("check", config),
        ("models", "inspect", copy),
        ("calibrate", copy, "--data", tmp_path, "--out", tmp_path / "int8.onnx"),
    ):
        code, _, err = verb(*arguments)
        assert (code, err.strip().count("\n")) == (66, 0), err
        assert "its weights are in 'model.onnx.data', which is missing" in err


def test_an_int8_file_with_weights_beside_it_stands_for_both(copy, verb, configured):
    """The report's SHA-256 is that of all of its files; here it is taken without one."""
    quantized(TRAFFIC / "model.onnx", copy / "one.onnx")
    path = beside(copy / "one.onnx", copy / "int8.onnx")
    model = {"onnx": str(path), "decoder": "yolox", "accept_unverified": digest(path)}
    code, _, err = verb("check", configured(model=model, cameras=SCENE), "--probe")
    assert code == 0, err

    model["accept_unverified"] = sha256(path)
    code, _, err = verb("check", configured(model=model, cameras=SCENE))
    assert (code, f"has the sha256 {digest(path)}" in err) == (78, True)


def test_the_digest_of_what_is_not_whole_is_the_cards(copy):
    found = find_argument(str(copy), Path())
    assert isinstance(found, Model)
    before = found.digest("fp32")
    os.truncate(copy / "model.onnx.data", 10)

    assert found.digest("fp32") == before
    with pytest.raises(DataError, match="copy it again"):
        found.file("fp32")


def answering(path: Path, declared: list[int | str], answered: list[int], side: int = 64) -> Path:
    """A model that declares one shape of its output and answers another."""
    shape = numpy_helper.from_array(np.array(answered, np.int64), "shape")
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Expand", ["nothing", "shape"], ["output"]),
    ]
    tensors = [shape, numpy_helper.from_array(np.float32(0), "zero")]
    output = helper.make_tensor_value_info("output", onnx.TensorProto.FLOAT, declared)
    picture = helper.make_tensor_value_info("images", onnx.TensorProto.FLOAT, ["b", 3, side, side])
    return write(path, nodes, [picture], [output], tensors)


@pytest.mark.parametrize(
    ("declared", "answered"),
    [
        pytest.param(["b", 84, 7], [8, 83, 7], id="other rows"),
        pytest.param(["b", 84, 7], [8, 84, 6], id="other columns"),
        pytest.param(["b", 84, 7], [8, 84], id="another rank"),
    ],
)
def test_an_answer_that_the_file_does_not_declare_ends_the_start(tmp_path, verb, configured, declared, answered):
    path = answering(tmp_path / "m.onnx", declared, answered)
    model = {"onnx": str(path), "decoder": "yolox"}
    code, _, err = verb("run", configured(model=model, engine={"threads": 1, "max_batch": 8}, cameras=SCENE))
    assert code == 65, err
    assert re.search(r"m\.onnx: (it answers 8 pictures with|its answer .* cannot be read as|ONNX Runtime)", err)


def of_one_picture(path: Path) -> Path:
    """A model that declares any batch and fails on more pictures than one, as a traced `view(1, -1)` leaves it."""
    nodes = [
        helper.make_node("Reshape", ["images", "flat"], ["pixels"]),
        helper.make_node("ReduceMean", ["pixels"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Expand", ["nothing", "shape"], ["output"]),
    ]
    constants = {"flat": np.array([1, 3 * 64 * 64]), "zero": np.float32(0), "shape": np.array([1, 84, 7])}
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    value = helper.make_tensor_value_info
    picture = value("images", onnx.TensorProto.FLOAT, ["b", 3, 64, 64])
    return write(path, nodes, [picture], [value("output", onnx.TensorProto.FLOAT, ["b", 84, 7])], tensors)


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("fails", [True, False])
def test_a_model_whose_batch_is_one_inside_runs_picture_by_picture(tmp_path, verb, configured, fails, threads):
    path = tmp_path / "m.onnx"
    _ = of_one_picture(path) if fails else answering(path, ["b", 84, 7], [1, 84, 7])
    model = {"onnx": str(path), "decoder": "yolox"}
    code, _, err = verb("run", configured(model=model, engine={"threads": threads, "max_batch": 8}, cameras=SCENE))
    assert code == 0, err
    assert ("it computes one picture at a time" in err) is (threads == 4), "fewer than three compute none together"


def test_an_input_beyond_reason_is_blamed_on_the_metadata_that_give_it(tmp_path, verb, configured):
    path = answering(tmp_path / "m.onnx", ["b", 84, 7], [1, 84, 7], side="side")
    model = onnx.load(path)
    helper.set_model_props(model, {"imgsz": "[1000000, 1000000]"})
    onnx.save(model, path)
    code, _, err = verb("check", configured(model={"onnx": str(path)}, cameras=SCENE))
    assert code == 78
    assert re.search(r"model: \S+m\.onnx: by its metadata's imgsz, an input of 1000000x1000000 is too large", err)
    assert "decoder" not in err


@pytest.mark.parametrize("size", ["16384x16384", "4097x4096"])
def test_an_input_beyond_reason_is_refused(tmp_path, verb, configured, size):
    path = answering(tmp_path / "m.onnx", ["b", 84, 7], [1, 84, 7], side="side")
    code, _, err = verb("check", configured(model={"onnx": str(path), "size": size}, cameras=SCENE))
    assert (code, f"an input of {size} is too large; want 4096x4096 at most" in err) == (78, True), err


def test_a_git_lfs_pointer_in_place_of_the_weights_is_named(copy):
    data = copy / "model.onnx.data"
    data.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    with pytest.raises(DataError, match=r"model\.onnx\.data.*run git lfs pull"):
        read_signature(copy / "model.onnx")
