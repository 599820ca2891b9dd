"""What a file that is no ONNX model is instead, and what to do about it."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

HEAD = 1024  # bytes that tell
TORCH = "a PyTorch checkpoint (.pt): export it to ONNX"
TENSORRT = "a TensorRT engine: give the ONNX file that it was built from"
TEXT = "a text, not a model: download the file itself"
PADDLE = "a model of PaddlePaddle's: convert it with paddle2onnx"
BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

# What the file begins with; the first that fits counts.
BEGINNINGS = (
    (rb"version https://(git-lfs|hawser)\.github\.com/spec/", "a Git LFS pointer: run git lfs pull"),
    (rb"\s*(?i:<(!doctype html|html|head|body|script)\b)", "an HTML page: download the file itself"),
    (rb"\s*<\?xml", "an XML document, such as OpenVINO's or a server's error: fetch or export the ONNX file"),
    (rb"PK\x03\x04(?s:.*)(data\.pkl|constants\.pkl|\.format_version|/version)", TORCH),
    (rb"PK(\x03\x04|\x05\x06|\x07\x08)", "a zip archive: unpack it, or export the checkpoint that it is"),
    (rb"\x80[\x02-\x05]", TORCH),  # a pickle, as before PyTorch 1.6
    (rb"[pf]trt|(?s:..)\x00\x00\{\"", TENSORRT),  # Ultralytics puts metadata before it, and their length before these
    (rb"\x89HDF\r\n", "an HDF5 file, such as Keras's: export it to ONNX"),
    (rb"(?s:....)ORTM", "a model in ONNX Runtime's own format (.ort): give the ONNX file that it was made from"),
    (rb"(?s:....)TFL3", "a TensorFlow Lite model: export it to ONNX"),
    (rb"(?s:.{8})\{\"", "a safetensors file, which has weights and no network: export it to ONNX"),
    (rb"GGUF|ggml|lmgg", "a GGUF file, as of language models: it has no network to run; want a detector in ONNX"),
    (rb"RKNN", "a model for Rockchip's NPU (.rknn): give the ONNX file that it was made from"),
    (rb"\x7fELF|MZ(?s:.{58})|\xcf\xfa\xed\xfe", "a program or a library, such as a plugin: want the ONNX file itself"),
    (rb"\xff\xd8\xff|\x89PNG\r\n|GIF8|RIFF(?s:....)(WEBP|AVI )|(?s:....)ftyp", "a picture or a video, not a model"),
    (rb"%PDF", "a PDF, not a model"),
    (rb"SQLite format 3\x00", "a database, not a model"),
    (rb"\x1f\x8b|BZh|\xfd7zXZ\x00|7z\xbc\xaf|Rar!|\x28\xb5\x2f\xfd|(?s:.{257})ustar", "an archive: unpack it"),
    (rb"\x00{64}", "begins with zeros, as a file that was not written to its end: fetch it again"),
)
SUFFIXES = {
    ".pt": TORCH,
    ".pth": TORCH,
    ".engine": TENSORRT,
    ".plan": TENSORRT,
    ".trt": TENSORRT,
    ".pdmodel": PADDLE,
    ".pdiparams": PADDLE,
    ".pb": "a TensorFlow graph (.pb): convert it with tf2onnx",
    ".weights": "Darknet's weights, without a network: export the model to ONNX",
}


def instead(path: Path) -> str | None:
    """What is at `path` in place of a document, as `what_else`; None if it may be one."""
    what = what_else(path)
    return None if what == TEXT else what


def what_else(path: Path) -> str | None:
    """What is at `path`, by its first bytes, in words that follow `FILE: `; None if these do not tell.

    To be asked of what could not be read as an ONNX model only: those have no beginning of their own.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError:
        return None
    if not head:
        return "is empty"
    head = _without_bom(head)
    known = (words for beginning, words in BEGINNINGS if re.match(beginning, head))
    return next(known, None) or SUFFIXES.get(path.suffix.lower()) or _text(head)


def _without_bom(head: bytes) -> bytes:
    """The same as UTF-8 without a byte order mark, if one is before it: what some editors and shells write."""
    for bom, encoding in BOMS:
        if head.startswith(bom):
            return codecs.getincrementaldecoder(encoding)("replace").decode(head[len(bom) :]).encode()
    return head


def _text(head: bytes) -> str | None:
    """For what a server says instead of sending the file."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)  # its last character may be cut
    except UnicodeDecodeError:
        return None
    readable = all(character.isprintable() or character in "\t\r\n" for character in text)
    return TEXT if readable else None
