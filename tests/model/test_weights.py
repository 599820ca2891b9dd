"""Weights beside the ONNX file: taken from its own folder only, there whole, and part of the model's digest."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from edge_app.core.errors import DataError, InputError
from edge_app.engine.ort.session import open_session
from edge_app.model import digest, load_onnx, may_name_weights, read_signature, sha256
from tests.onnx_models import beside
from tests.trt_build.models import convolution


@pytest.fixture
def one(tmp_path):
    """A model in one file; a Constant node has weights too."""
    path = convolution(tmp_path / "one.onnx", nodes=[helper.make_node("Add", ["relu", "more"], ["output"])])
    model = onnx.load(path)
    more = numpy_helper.from_array(np.arange(16, dtype=np.float32).reshape(1, 16, 1, 1))
    model.graph.node.insert(0, helper.make_node("Constant", [], ["more"], value=more))
    onnx.save(model, path)
    return path


@pytest.fixture
def two(one, tmp_path):
    """The same with its weights in a file beside it, in a folder of its own."""
    (tmp_path / "two").mkdir()
    return beside(one, tmp_path / "two" / "model.onnx")


def said(path, place=0, **keys):
    """Changes what the file says of where weights are."""
    model = onnx.load(path, load_external_data=False)
    tensors = [*model.graph.initializer, *(a.t for node in model.graph.node for a in node.attribute if a.HasField("t"))]
    entries = {entry.key: entry.value for entry in tensors[place].external_data} | keys
    del tensors[place].external_data[:]
    for key, value in entries.items():
        if value is not None:
            tensors[place].external_data.add(key=key, value=value)
    path.write_bytes(model.SerializeToString())


def test_only_a_file_that_may_name_weights_is_parsed_for_them(one, two):
    assert (may_name_weights(one), may_name_weights(two)) == (False, True)
    assert (digest(one) == sha256(one), digest(two) == sha256(two)) == (True, False)


def test_weights_beside_the_file_are_read_from_its_folder(one, two, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    assert read_signature(two).outputs == read_signature(one).outputs
    assert load_onnx(two) == onnx.load(one)
    assert (onnx.load(two, load_external_data=False), sha256(two)) != (onnx.load(one), sha256(one))


def test_the_digest_is_of_all_files_and_a_shell_can_tell_it(one, two):
    assert digest(one) == sha256(one) == hashlib.sha256(one.read_bytes()).hexdigest()
    shell = "sha256sum model.onnx model.onnx.data | cut -c1-64 | sha256sum | cut -c1-64"
    told = subprocess.run(shell, shell=True, cwd=two.parent, check=True, capture_output=True, text=True).stdout
    assert digest(two) == told.strip()

    data = bytearray(two.with_name("model.onnx.data").read_bytes())
    data[0] ^= 1
    two.with_name("model.onnx.data").write_bytes(data)
    assert digest(two) != told.strip()


def test_a_folder_may_be_moved_and_linked(two, tmp_path):
    before = digest(two)
    two.parent.rename(tmp_path / "moved")
    (tmp_path / "link").symlink_to(tmp_path / "moved")
    os.link(tmp_path / "moved/model.onnx.data", tmp_path / "backup")  # as backups and stores of packages do

    assert digest(tmp_path / "link/model.onnx") == before
    assert read_signature(tmp_path / "link/model.onnx")
    assert load_onnx(tmp_path / "link/model.onnx")


def test_links_that_stay_in_the_folder_are_followed(two):
    """As a ConfigMap's are."""
    (two.parent / "..data").mkdir()
    shutil.move(two.with_name("model.onnx.data"), two.parent / "..data")
    two.with_name("model.onnx.data").symlink_to("..data/model.onnx.data")
    assert read_signature(two)


def test_files_that_are_all_links_into_one_folder_are_weights(two, tmp_path):
    """As the cache of the Hugging Face hub has them."""
    snapshot = tmp_path / "snapshot"
    snapshot.mkdir()
    for number, name in enumerate(("model.onnx", "model.onnx.data")):
        (two.parent / name).rename(two.parent / f"blob{number}")
        (snapshot / name).symlink_to(two.parent / f"blob{number}")

    assert read_signature(snapshot / "model.onnx")
    assert load_onnx(snapshot / "model.onnx")


def test_weights_are_beside_the_real_file_where_it_alone_is_a_link(two, tmp_path):
    """As a deployment links to the model that it runs."""
    (tmp_path / "current").mkdir()
    link = tmp_path / "current" / "model.onnx"
    link.symlink_to(two)

    assert read_signature(link)
    assert load_onnx(link) == load_onnx(two)
    assert digest(link) == digest(two)
    assert open_session(link, threads=1).get_outputs()[0].name == "output"
    two.with_name("model.onnx.data").unlink()
    with pytest.raises(InputError, match="is missing"):
        read_signature(link)


def test_missing_weights_are_named(two):
    two.with_name("model.onnx.data").unlink()
    words = r"model\.onnx: its weights are in 'model\.onnx\.data', which is missing; put it into its folder$"
    for reads in (read_signature, digest, load_onnx):
        with pytest.raises(InputError, match=words):
            reads(two)


def test_weights_that_end_too_soon_are_named(two):
    data = two.with_name("model.onnx.data")
    size = data.stat().st_size
    os.truncate(data, size - 1)
    words = rf"model\.onnx: its weights in 'model\.onnx\.data' end at byte {size - 1}, want {size}; copy it again$"
    for reads in (read_signature, digest, load_onnx):
        with pytest.raises(DataError, match=words):
            reads(two)


@pytest.mark.parametrize("place", [0, 1], ids=["an initializer", "a Constant"])
@pytest.mark.parametrize(
    ("location", "words"),
    [
        pytest.param("../secret", "only its own folder is looked in", id="above"),
        pytest.param("down/../../secret", "only its own folder is looked in", id="above by way of below"),
        pytest.param("SECRET", "only its own folder is looked in", id="an absolute path"),
        pytest.param("link", "are a link out of the folder; put the file itself there", id="a link"),
        pytest.param("linked/secret", "are a link out of the folder", id="a linked folder"),
        pytest.param("dangling", "are a link out of the folder", id="a link to nothing"),
        pytest.param("null", "are a link out of the folder", id="a link to a device"),
        pytest.param("loop", "which cannot be read (", id="a link to itself"),
        pytest.param("fifo", "which is no file", id="a pipe"),
        pytest.param("", "which is no file", id="nothing"),
        pytest.param(".", "which is no file", id="the folder"),
        pytest.param("model.onnx.data/x", "which cannot be read (Not a directory)", id="a file as a folder"),
        pytest.param("*/_ORT_MEM_ADDR_/*", "which is missing", id="what ONNX Runtime takes for an address"),
        pytest.param("a\0b", "null", id="a NUL"),
        pytest.param("n" * 5000, "which cannot be read (File name too long)", id="too long"),
    ],
)
def test_only_files_of_its_own_folder_are_weights(two, tmp_path, location, words, place):
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(10_000))
    (two.parent / "down").mkdir()
    for link, target in {
        "link": secret,
        "linked": tmp_path,
        "dangling": tmp_path / "none",
        "null": "/dev/null",
    }.items():
        (two.parent / link).symlink_to(target)
    (two.parent / "loop").symlink_to("loop")
    os.mkfifo(two.parent / "fifo")
    said(two, place, location=location.replace("SECRET", str(secret)))

    for reads in (read_signature, digest, load_onnx):
        with pytest.raises((DataError, InputError), match=re.escape(words)):
            reads(two)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        pytest.param({"offset": "-1"}, "the offset of 'weights' in its file of weights is '-1'", id="below zero"),
        pytest.param({"offset": "1e3"}, "is '1e3'", id="no integer"),
        pytest.param({"offset": ""}, "is ''", id="empty"),
        pytest.param(
            {"length": "-4"}, "the length of 'weights' in its file of weights is '-4'", id="a negative length"
        ),
        pytest.param({"offset": "99999999"}, "end at byte 1792, want 100001727", id="beyond the end"),
        pytest.param({"offset": str(2**70)}, "want 1180591620717411305152", id="far beyond the end"),
        pytest.param({"offset": "9" * 5000}, "limit", id="more digits than Python reads"),
        pytest.param({"length": "4"}, "says that 'weights' has 4 bytes; its shape wants 1728", id="too short"),
        pytest.param({"length": str(2**40)}, "its shape wants 1728", id="too long"),
    ],
)
def test_places_that_cannot_be_are_one_line(two, keys, words):
    said(two, **keys)
    with pytest.raises(DataError, match=re.escape(words)):
        read_signature(two)


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param({"length": None}, id="no length: as much as the shape wants"),
        pytest.param({"checksum": "da39a3ee"}, id="a checksum, which nobody writes right"),
        pytest.param({"basepath": "/tmp"}, id="the exporter's own folder"),
        pytest.param({"location": "./model.onnx.data"}, id="a dot"),
        pytest.param({"something": "new"}, id="an unknown key"),
    ],
)
def test_places_that_can_be_understood_are(one, two, keys):
    said(two, **keys)
    assert load_onnx(two) == onnx.load(one)
    assert read_signature(two)


def test_weights_of_graphs_in_nodes_and_of_functions_count(tmp_path):
    """In a branch of an If, in a function, and in a sparse initializer."""
    value = helper.make_tensor_value_info("b", onnx.TensorProto.FLOAT, [2])
    inner = helper.make_graph([helper.make_node("Identity", ["w"], ["b"])], "then", [], [value], [_outside("w")])
    constant = helper.make_node("Constant", [], ["c"], value=_outside(""))
    function = helper.make_function("own", "F", [], ["c"], [constant], [helper.make_opsetid("", 17)])
    x = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 3, 8, 8])
    flag = helper.make_tensor("flag", onnx.TensorProto.BOOL, [], [1])
    nodes = [
        helper.make_node("If", ["flag"], ["branch"], then_branch=inner, else_branch=inner),
        helper.make_node("F", [], ["called"], domain="own"),
        helper.make_node("ReduceSum", ["x"], ["sum"], keepdims=0),
        helper.make_node("Sum", ["branch", "called", "sum", "sparse"], ["y"]),
    ]
    sparse = helper.make_sparse_tensor(
        _outside("sparse"), helper.make_tensor("", onnx.TensorProto.INT64, [2], [0, 1]), [2]
    )
    y = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [2])
    graph = helper.make_graph(nodes, "g", [x], [y], [flag], sparse_initializer=[sparse])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    path = tmp_path / "m.onnx"
    path.write_bytes(helper.make_model(graph, opset_imports=opsets, functions=[function]).SerializeToString())

    with pytest.raises(InputError, match=r"'w\.bin', which is missing"):
        read_signature(path)
    (tmp_path / "w.bin").write_bytes(np.float32([1, 2]).tobytes())
    assert [tensor.name for tensor in read_signature(path).inputs] == ["x"]
    loaded = load_onnx(path)
    assert b"w.bin" not in loaded.SerializeToString()
    assert digest(path) != sha256(path)


def _outside(name):
    tensor = onnx.TensorProto(name=name, data_type=onnx.TensorProto.FLOAT, dims=[2])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="w.bin")
    return tensor


def test_inspect_shows_what_it_can_of_a_model_without_its_weights(two, verb):
    code, out, _ = verb("models", "inspect", two, "--json")
    assert json.loads(out)["files"][0]["sha256"] == digest(two)
    two.with_name("model.onnx.data").unlink()

    code, out, err = verb("models", "inspect", two, "--json")

    document = json.loads(out)
    assert code == 66
    assert (document["files"][0]["sha256"], document["files"][0]["verdict"]) == (None, "not whole")
    assert err.strip() == document["error"]
    assert "model.onnx.data" in err
