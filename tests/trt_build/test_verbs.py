"""`edge-app build` and `edge-app engines` as their users call them."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from tests.trt_build.models import convolution, quantized, touch

TRAFFIC = Path("models/traffic/model.onnx")
pytestmark = pytest.mark.usefixtures("rtx")


@pytest.fixture
def verb(verb, monkeypatch, tmp_path):
    """As everywhere, with a cache of its own."""
    monkeypatch.setenv("CACHE_DIRECTORY", str(tmp_path / "cache"))
    return verb


def test_build_ends_with_the_engine_files_path_and_a_hit_says_cached(verb, toy):
    code, out, err = verb("build", toy, "--target", "sm86")

    engine_file = Path(out.splitlines()[-1])
    assert (code, err) == (0, "")
    assert "built in" in out
    assert (
        json.loads(Path(f"{engine_file}.json").read_text())["sha256"]
        == hashlib.sha256(engine_file.read_bytes()).hexdigest()
    )
    code, out, _ = verb("build", toy, "--target", "sm86")
    assert code == 0
    assert "cached" in out
    assert out.splitlines()[-1] == str(engine_file)


def test_build_copies_engine_file_and_metadata(verb, toy, tmp_path):
    code, out, _ = verb("build", toy, "--target", "sm86", "--out", tmp_path / "box.plan")

    assert code == 0
    assert out.splitlines()[-1] == str(tmp_path / "box.plan")
    metadata = json.loads((tmp_path / "box.plan.json").read_text())
    assert metadata["sha256"] == hashlib.sha256((tmp_path / "box.plan").read_bytes()).hexdigest()

    touch(toy)
    assert verb("build", toy, "--target", "sm86", "--out", tmp_path / "box.plan")[0] == 0


@pytest.mark.parametrize("name", ["toy.onnx", "box", "box.json"])
def test_build_takes_the_place_of_nothing_but_a_plan(name, verb, toy, tmp_path):
    """The model, a file, and one that the metadata's name would fall on."""
    there = tmp_path / name
    if there != toy:
        there.write_text("{}")
    before = there.read_bytes()

    code, _, err = verb("build", toy, "--target", "sm86", "--out", there.with_name(name.removesuffix(".json")))

    assert code == 64
    assert err.splitlines()[-1].endswith(f"{there} is there and is no engine file of ours")
    assert there.read_bytes() == before


def test_build_again_says_because(verb, toy):
    verb("build", toy, "--target", "sm86")
    touch(toy)

    _, out, _ = verb("build", toy, "--target", "sm86")

    assert "because onnx_sha256 was" in out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["traffic", "--target", "sm87"], 64, "JetPack"),
        (["traffic", "--backend", "tensorrt", "--target", "sm86"], 69, "tensorrt is not installed"),
        (["nothing", "--target", "sm86"], 66, "no model nothing"),
        (["missing.onnx", "--target", "sm86"], 66, "missing.onnx"),
        (["traffic", "--max-batch", "0"], 64, "max-batch"),
        (["traffic", "--out", "/", "--target", "sm86"], 64, "is a folder"),
    ],
)
def test_mistakes_are_one_line(arguments, code, words, verb):
    result, _, err = verb("build", *arguments)

    assert result == code
    assert words in err
    assert err.count("\n") == 1


def test_what_run_would_not_take_is_not_built(verb, tmp_path):
    path = convolution(tmp_path / "model.onnx")

    code, _, err = verb("build", path, "--target", "sm86")

    assert code == 78
    assert re.fullmatch(rf"{path}: no known layout has the output .*\n", err)


def test_the_family_may_be_said_as_the_configuration_says_it(verb, toy):
    assert verb("build", toy, "--target", "sm86", "--decoder", "ultralytics")[0] == 0
    assert verb("engines", "explain", toy, "--decoder", "ultralytics")[1].count("is up to date") == 1

    code, _, err = verb("build", toy, "--target", "sm86", "--decoder", "yolox")
    assert (code, err.count("\n")) == (78, 1)
    assert "is not laid out as decoder yolox wants it" in err
    assert "cannot be built again: " in verb("engines", "explain", toy, "--decoder", "yolox")[1]


def test_int8_of_a_model_that_has_none_is_one_line(verb, toy):
    code, _, err = verb("build", toy, "--precision", "int8", "--target", "sm86")

    assert code == 78
    assert "has no INT8" in err
    assert err.count("\n") == 1


def test_a_quantized_file_without_a_report_is_one_line(verb, tmp_path):
    path = quantized(TRAFFIC, tmp_path / "model.int8.onnx")

    code, _, err = verb("build", path, "--precision", "int8", "--target", "sm86")

    assert code == 78
    assert "report" in err
    assert err.count("\n") == 1


def test_int8_on_rtx_is_built_with_a_warning(verb):
    code, out, err = verb("build", "traffic", "--precision", "int8", "--target", "sm75,sm86")

    assert code == 0
    assert "not asked yet" in out
    assert "does not fuse INT8 convolutions" in err
    assert "on sm75 TensorRT-RTX computes quantized convolutions in FP16" in err


def test_a_broken_file_is_one_line(verb, toy):
    toy.write_bytes(toy.read_bytes()[:300])

    code, _, err = verb("build", toy, "--target", "sm86")

    assert code == 65
    assert str(toy) in err
    assert err.count("\n") == 1


def test_engines_list_shows_what_is_there(verb, toy):
    assert verb("engines", "list")[:2] == (0, "")
    engine_file = Path(verb("build", toy, "--target", "sm86")[1].splitlines()[-1])

    _, out, _ = verb("engines", "list")
    assert str(engine_file) in out
    assert "fp16" in out
    (found,) = json.loads(verb("engines", "list", "--json")[1])["engines"]
    assert (found["path"], found["error"], found["model"]) == (str(engine_file), None, "toy")
    engine_file.write_bytes(b"else")
    assert "not usable" in verb("engines", "list")[1]


def test_engines_explain_has_a_line_a_part(verb, toy):
    verb("build", toy, "--target", "sm86")
    touch(toy)

    code, out, _ = verb("engines", "explain", toy)

    assert code == 0
    parts = [line for line in out.splitlines() if line.startswith("  ")]
    assert len(parts) == 12
    assert [line.split()[0] for line in parts if "changed, was" in line] == ["onnx_sha256"]
    (engine_file,) = json.loads(verb("engines", "explain", toy, "--json")[1])["engines"]
    assert [part["name"] for part in engine_file["parts"] if part["changed"]] == ["onnx_sha256"]


def test_engines_explain_of_what_was_never_built(verb, toy):
    code, _, err = verb("engines", "explain", toy)

    assert code == 66
    assert "no engine file of it" in err


def test_engines_prune_says_what_went(verb, toy):
    old = verb("build", toy, "--target", "sm86")[1].splitlines()[-1]
    touch(toy)
    verb("build", toy, "--target", "sm86")

    code, out, _ = verb("engines", "prune")

    assert code == 0
    assert out == f"{old}: a newer one has replaced it\n"
    assert not Path(old).exists()
    assert json.loads(verb("engines", "prune", "--json")[1])["engines"] == []
