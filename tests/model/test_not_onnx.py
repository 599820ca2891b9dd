"""Files that are given as ONNX models and are something else."""

from __future__ import annotations

import gzip
import io
import pickle
import re
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml

from edge_app.core.errors import DataError
from edge_app.model import read_any_signature
from edge_app.model.not_onnx import what_else
from tests.onnx_models import channel_means

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:1f2e\nsize 35858002\n"


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"\x80\x02}.")
    return buffer.getvalue()


def tarred() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("model.onnx"))
    return buffer.getvalue()


KINDS = [
    pytest.param(POINTER, "a Git LFS pointer: run git lfs pull", id="git lfs"),
    pytest.param(POINTER.replace(b"git-lfs", b"hawser"), "a Git LFS pointer", id="its old name"),
    pytest.param(b"", "is empty", id="empty"),
    pytest.param(b"\xef\xbb\xbf" + POINTER, "a Git LFS pointer", id="git lfs, behind a byte order mark"),
    pytest.param(POINTER.decode().encode("utf-16"), "a Git LFS pointer", id="git lfs, as PowerShell writes text"),
    pytest.param(b"<!DOCTYPE html>\n<html>", "an HTML page", id="html"),
    pytest.param(b"\r\n  <HTML lang=en>", "an HTML page", id="html without a doctype"),
    pytest.param(b"<?xml version='1.0'?><Error>", "an XML document", id="xml"),
    pytest.param(b"404: Not Found", "a text, not a model", id="what a server says"),
    pytest.param("Übergröße: gesperrt\n".encode() * 90, "a text, not a model", id="a long text, cut in a character"),
    pytest.param("Zugriff verweigert\r\n".encode("utf-16"), "a text, not a model", id="a text in UTF-16"),
    pytest.param("\ufeffgesperrt".encode("utf-16-be"), "a text, not a model", id="a text in UTF-16, the other way"),
    pytest.param(b"\xff\xfe" + "é".encode("utf-16-le") * 5000, "a text, not a model", id="a long text in UTF-16"),
    pytest.param("\ufeff<html>".encode("utf-16-le"), "an HTML page", id="html in UTF-16"),
    pytest.param(b'{"error":"not found"}', "a text, not a model", id="json"),
    pytest.param(zipped("best/data.pkl", "best/version"), "a PyTorch checkpoint", id="pytorch"),
    pytest.param(pickle.dumps({"model": 1}, 2), "a PyTorch checkpoint", id="old pytorch"),
    pytest.param(zipped("model.onnx"), "a zip archive", id="zip"),
    pytest.param(zipped(), "a zip archive", id="empty zip"),
    pytest.param(b"ptrt\x00\x01\x02", "a TensorRT engine", id="tensorrt"),
    pytest.param((300).to_bytes(4, "little") + b'{"stride": 32}', "a TensorRT engine", id="tensorrt of ultralytics"),
    pytest.param((60).to_bytes(8, "little") + b'{"weight": {}}', "a safetensors file", id="safetensors"),
    pytest.param(b"\x1c\x00\x00\x00TFL3\x14", "a TensorFlow Lite model", id="tflite"),
    pytest.param(b"\x20\x00\x00\x00ORTM\x00\x00", r"a model in ONNX Runtime's own format (.ort)", id="ort"),
    pytest.param(b"GGUF\x03\x00\x00\x00", "a GGUF file", id="gguf"),
    pytest.param(b"RKNN\x00\x00", "a model for Rockchip's NPU", id="rknn"),
    pytest.param(b"\x7fELF\x02\x01\x01" + bytes(9), "a program or a library", id="elf"),
    pytest.param(b"MZ\x90" + bytes(61), "a program or a library", id="a program of Windows"),
    pytest.param(b"\xff\xd8\xff\xe0\x00\x10JFIF", "a picture or a video", id="jpeg"),
    pytest.param(b"\x00\x00\x00\x20ftypisom", "a picture or a video", id="mp4"),
    pytest.param(b"%PDF-1.7", "a PDF", id="pdf"),
    pytest.param(b"\x89HDF\r\n\x1a\n", "an HDF5 file", id="hdf5"),
    pytest.param(gzip.compress(b"x"), "an archive", id="gzip"),
    pytest.param(tarred(), "an archive", id="tar"),
    pytest.param(bytes(5000), "begins with zeros", id="zeros"),
]


@pytest.mark.parametrize(("content", "words"), KINDS)
def test_a_file_that_is_no_model_is_called_what_it_is(tmp_path, content, words):
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"^{re.escape(str(path))}: {re.escape(words)}") as caught:
        read_any_signature(path)
    assert "\n" not in str(caught.value)


def test_the_ending_tells_where_the_content_does_not(tmp_path):
    endings = {
        "m.engine": "a TensorRT engine",
        "m.pt": "a PyTorch checkpoint",
        "m.pdmodel": "convert it with paddle2onnx",
        "m.pb": "convert it with tf2onnx",
        "m.weights": "Darknet's weights",
    }
    for name, words in endings.items():
        (tmp_path / name).write_bytes(b"\x07\xff\xfe\x01" * 40)
        assert words in str(what_else(tmp_path / name))


def test_a_model_that_was_cut_off_is_still_called_a_broken_model(tmp_path):
    path = channel_means(tmp_path / "m.onnx", 1)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match="not a whole ONNX model"):
        read_any_signature(path)


@pytest.fixture
def pointer(tmp_path: Path) -> Path:
    path = tmp_path / "pointer.onnx"
    path.write_bytes(POINTER)
    return path


@pytest.mark.parametrize("arguments", [["models", "inspect"], ["build", "--backend", "tensorrt_rtx"]])
def test_every_verb_that_takes_a_model_says_so(verb, pointer, arguments):
    code, _, err = verb(*arguments, pointer)
    if code == 69:
        pytest.skip("no TensorRT here")
    assert (code, err) == (65, f"{pointer}: a Git LFS pointer: run git lfs pull\n")


def test_calibrate_says_so(verb, pointer, tmp_path):
    code, _, err = verb("calibrate", pointer, "--data", tmp_path, "--out", tmp_path / "o.onnx")
    assert (code, err) == (65, f"{pointer}: a Git LFS pointer: run git lfs pull\n")


@pytest.mark.parametrize("name", ["check", "run"])
def test_check_and_run_say_so(verb, configured, pointer, name):
    config = configured(model={"onnx": str(pointer)}, cameras={"a": {"url": "synthetic://street?frames=3"}})
    code, _, err = verb(name, config)
    assert (code, err) == (65, f"{pointer}: a Git LFS pointer: run git lfs pull\n")


def test_the_sha256_of_a_card_does_not_hide_what_the_file_is(verb, tmp_path, pointer):
    card = {"name": "toy", "files": {"fp32": pointer.name}, "sha256": {"fp32": "0" * 64}}
    (tmp_path / "model.yaml").write_text(yaml.safe_dump(card))
    code, _, err = verb("models", "inspect", tmp_path)
    assert (code, err) == (65, f"{pointer}: a Git LFS pointer: run git lfs pull (its sha256 is not the card's)\n")


def test_a_file_is_taken_as_a_model_whatever_its_name_ends_in(verb, tmp_path):
    (tmp_path / "best.pt").write_bytes(zipped("best/data.pkl"))
    code, _, err = verb("models", "inspect", tmp_path / "best.pt")
    assert (code, err) == (65, f"{tmp_path / 'best.pt'}: a PyTorch checkpoint (.pt): export it to ONNX\n")


def test_a_file_that_is_given_as_a_name_is_told_the_right_key(verb, configured, tmp_path):
    (tmp_path / "best.onnx").write_bytes(b"")
    config = configured(model={"name": "best.onnx"}, cameras={"a": {"url": "synthetic://street"}})
    code, _, err = verb("check", config)
    assert code == 66
    assert re.fullmatch(rf"{config}:\d+:\d+: model\.name: best\.onnx is a file; name it with `onnx:` instead\n", err)
