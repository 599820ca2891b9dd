"""Python literals that exporters write into an ONNX file's metadata."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any


def literal(metadata: Mapping[str, str], key: str) -> Any:
    """The value of a Python literal, such as Ultralytics' `names` and `imgsz`; None if there is none."""
    try:
        return ast.literal_eval(metadata.get(key, ""))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):  # all that it raises for bad text
        return None
