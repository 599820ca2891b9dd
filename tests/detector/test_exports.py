"""Models with weights beside them and with nodes in any order, through the verbs."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path

import onnx
import pytest
import yaml

from edge_app.core.errors import DataError
from edge_app.model import Model, digest, find_argument, sha256
from tests.onnx_models import beside
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
