"""What a file that is no ONNX model is instead, and what to do about it."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

HEAD = 1024  # bytes that tell
TORCH = "a PyTorch checkpoint (.pt): export it to ONNX"
TENSORRT = "a TensorRT engine: give the ONNX file that it was built from"

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
    (rb"(?s:....)TFL3", "a TensorFlow Lite model: export it to ONNX"),
    (rb"(?s:.{8})\{\"", "a safetensors file, which has weights and no network: export it to ONNX"),
    (rb"\x1f\x8b|BZh|\xfd7zXZ\x00|7z\xbc\xaf|Rar!|\x28\xb5\x2f\xfd|(?s:.{257})ustar", "an archive: unpack it"),
    (rb"\x00{64}", "begins with zeros, as a file that was not written to its end: fetch it again"),
)
SUFFIXES = {".pt": TORCH, ".pth": TORCH, ".engine": TENSORRT, ".plan": TENSORRT, ".trt": TENSORRT}


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
    known = (words for beginning, words in BEGINNINGS if re.match(beginning, head))
    return next(known, None) or SUFFIXES.get(path.suffix.lower()) or _text(head)


def _text(head: bytes) -> str | None:
    """For what a server says instead of sending the file."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)  # its last character may be cut
    except UnicodeDecodeError:
        return None
    readable = all(character.isprintable() or character in "\t\r\n" for character in text)
    return "a text, not a model: download the file itself" if readable else None
