"""`edge-app engines explain`: every part of the key of a model's engine files, as it was and as it is."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from edge_app import trt_build
from edge_app.cli.options import AsJson, DecoderOption, state_folder
from edge_app.cli.output import write_lines
from edge_app.core.errors import InputError
from edge_app.detector import Overrides
from edge_app.detector.backends.trt import explain_engines
from edge_app.model import find_argument
from edge_app.trt_build import Explanation

EXAMPLE = "Example: edge-app engines explain traffic"


def main(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A name, a folder with a model.yaml, or an .onnx file.")
    ],
    device: Annotated[int, typer.Option(min=0, help="Number of the GPU, as `engine.device`.")] = 0,
    decoder: DecoderOption = None,
    as_json: AsJson = False,
) -> None:
    """Say of each engine file of a model what it depends on, what has changed since, and why it was built."""
    found = find_argument(model, state_folder())
    cache = trt_build.EngineCache(trt_build.default_cache_dir(os.environ))
    explanations = explain_engines(found, cache, Overrides(family=decoder), device)
    if not explanations:
        raise InputError(f"{model}: no engine file of it in {cache.folder}; edge-app build makes one")
    if as_json:
        sys.stdout.write(
            json.dumps({"schema": "edge_app.explain/1", "engines": [e.document() for e in explanations]}) + "\n"
        )
    else:
        write_lines(line for explanation in explanations for line in _lines(explanation))


def _lines(explanation: Explanation) -> Iterator[str]:
    yield f"{explanation.file.path}: {explanation.verdict}"
    for part in explanation.parts:
        note = "" if part.was is None else "  (as before)" if part.was == part.now else f"  (changed, was {part.was})"
        yield f"  {part.name:19} {part.now}{note}"
