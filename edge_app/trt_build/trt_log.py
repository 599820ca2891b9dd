"""TensorRT's log: into ours, and its errors into a line that says which node, which operator and what to do."""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Iterable
from typing import Any

logger = logging.getLogger(__name__)

MARKS = (  # how TensorRT says it, and what helps
    ("Plugin not found", "TensorRT does not have this operator; export the model without it"),
    ("No importer registered", "TensorRT does not have this operator; export the model without it"),
    ("Non-zero zero point", "TensorRT takes symmetric INT8 only; make the INT8 file with edge-app calibrate"),
    ("out of memory", "not enough memory"),
    ("OutOfMemory", "not enough memory"),
    ("insufficient memory", "not enough memory"),
    (
        "Could not find any implementation",
        "no kernel computes it, or not in the memory that is free; try another precision",
    ),
    ("Version tag does not match", "another TensorRT made it; have it built again: edge-app build"),
    ("incompatible device", "it is for another GPU; have it built again: edge-app build"),
    ("CUDA initialization failure", "NVIDIA's driver does not answer; see edge-app doctor"),
    ("compute capability", "this TensorRT does not build for this GPU; see edge-app doctor"),
    ("driver version is insufficient", "NVIDIA's driver is too old for this TensorRT, or missing; see edge-app doctor"),
)
LOW_MEMORY = (
    "close other programs, the desktop too (sudo systemctl isolate multi-user.target), add swap, or use --max-batch 1"
)
# A missing driver is no mistake if RTX builds for a target, but it is worth telling if there is nothing else to tell.
DRIVER = "catchCudaError"
NOISE = re.compile(rf"{DRIVER}|^\[\d+\] |^-+ |^Node name|^While parsing|^Invalid Node")
CLUTTER = re.compile(
    r"^\w+::\w+: |^\[[\w.:~]+::\d+\] |Error Code \d+: "
    r"|\.? In \w+ at [^\s)]+|\(\w+\.(cpp|h|hpp):\d+\)|\w+\.(cpp|h|hpp):\d+:? ?"
)


class LogMessages:
    """TensorRT's messages during a build."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.warnings: list[str] = []

    def add(self, level: int, text: str) -> None:
        """Keeps errors and warnings, each once, and passes everything on to the log as details."""
        logger.debug("%s: %s", logging.getLevelName(level), text)
        kept = {logging.ERROR: self.errors, logging.WARNING: self.warnings}.get(level)
        if kept is not None and text not in kept:
            kept.append(text)

    def clear(self) -> None:
        """Forgets."""
        self.errors.clear()
        self.warnings.clear()


@functools.cache
def trt_logger(trt: Any) -> Any:
    """The logger of this TensorRT with its `messages`; TensorRT itself keeps one per process and ignores others."""
    severity = trt.ILogger.Severity
    levels = {severity.INTERNAL_ERROR: logging.ERROR, severity.ERROR: logging.ERROR, severity.WARNING: logging.WARNING}

    class Logger(trt.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.messages = LogMessages()

        def log(self, severity: Any, text: str) -> None:
            self.messages.add(levels.get(severity, logging.DEBUG), text.strip())

    return Logger()


def parser_error(parser: Any) -> str:
    """The parser's first error in words: node, operator, reason, what helps."""
    if not parser.num_errors:
        return "TensorRT cannot parse it and does not say why"
    error = parser.get_error(0)
    operator, node = error.node_operator(), error.node_name()
    where = f"node {node or error.node()} ({operator}): " if operator else ""
    return where + joined_errors([error.desc()])


def joined_errors(errors: Iterable[str]) -> str:
    """What matters in TensorRT's errors, and what to do if that is known."""
    text = "\n".join(errors)
    every = [line.strip() for line in text.splitlines()]
    told = [line for line in every if not NOISE.search(line)] or [line for line in every if DRIVER in line]
    lines = [clean for line in told if (clean := _plain(line))]
    advice = next((advice for mark, advice in MARKS if mark in text and mark in "\n".join(lines)), "")
    if advice == "not enough memory":
        advice = f"{advice}: {LOW_MEMORY}"
    return " — ".join(filter(None, [lines[0] if lines else "TensorRT does not say why", advice]))


def _plain(line: str) -> str:
    """A line without source files and error numbers."""
    line = CLUTTER.sub("", line.strip()).strip(' "')
    return re.sub(r"^(?:(?:API Usage|Internal|Shape) Error|Serialization|Miscellaneous) \((.*)\)$", r"\1", line).strip()
