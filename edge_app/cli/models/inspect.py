"""`edge-app models inspect`: what is known of a model, and from where."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer

from edge_app.cli.options import AsJson, StateDir, state_folder
from edge_app.cli.output import write_lines
from edge_app.detector.inspection import Inspection, ModelFile, inspect, inspect_served
from edge_app.model import find_argument

EXAMPLE = "Example: edge-app models inspect yolox_tiny.onnx"
FIRST_LABELS = 8
KNOWN = ("decoder", "classes", "preprocessing", "labels", "thresholds", "int8", "runs")


def main(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A folder's name under models/, a folder with a model.yaml, an .onnx file, or a model on a server: "
            "grpc://HOST:PORT/NAME.",
            show_default=False,
        ),
    ],
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Say what a model takes and answers, how its output is read, and what each of these was taken from."""
    if model.startswith(("grpc://", "grpcs://")):
        inspection = inspect_served(model)
    else:
        inspection = inspect(find_argument(model, state_folder(state_dir)))
    if as_json:
        sys.stdout.write(json.dumps(_document(inspection)) + "\n")
    else:
        write_lines(_lines(inspection))
    if inspection.error is not None:
        sys.stdout.flush()
        raise inspection.error


def _document(inspection: Inspection) -> dict[str, Any]:
    card, signature = inspection.model.card, inspection.signature
    return {
        "schema": "edge_app.model/1",
        **card.model_dump(include={"name", "licence", "source"}),
        "folder": str(inspection.model.folder),
        "files": [{**asdict(file), "path": str(file.path)} for file in inspection.files],
        "inputs": [asdict(tensor) for tensor in signature.inputs] if signature else None,
        "outputs": [asdict(tensor) for tensor in signature.outputs] if signature else None,
        "quantized": {precision: signature.quantized for precision, signature in inspection.signatures.items()},
        "metadata": signature.metadata if signature else None,
        **{name: {"value": known.value, "from": known.origin} for name, known in inspection.known.items()},
        "error": str(inspection.error) if inspection.error else None,
    }


def _lines(inspection: Inspection) -> Iterator[str]:
    card = inspection.model.card
    yield _line("model", f"{card.name}, licence {card.licence}, source {card.source}")
    yield from (_line("file", _file(file)) for file in inspection.files)
    if signature := inspection.signature:
        yield from (_line("input", str(tensor)) for tensor in signature.inputs)
        yield from (_line("output", str(tensor)) for tensor in signature.outputs)
        quantized = [precision for precision, each in inspection.signatures.items() if each.quantized]
        yield _line("quantized", ", ".join(quantized) or "no")
        if signature.metadata:
            yield _line("metadata", ", ".join(sorted(signature.metadata)))
    for name in [name for name in KNOWN if name in inspection.known]:
        known = inspection.known[name]
        yield _line(name, f"{_words(name, known.value)}  [{known.origin}]")


def _line(name: str, text: str) -> str:
    return f"{name:14} {text}"


def _file(file: ModelFile) -> str:
    if file.sha256 is None:
        return f"{file.precision} {file.path}: {file.verdict}"
    return f"{file.precision} {file.path}, {file.bytes} bytes, sha256 {file.sha256} ({file.verdict})"


def _words(name: str, value: Any) -> str:
    """A value for people."""
    if name == "labels":
        more = ", …" if len(value) > FIRST_LABELS else ""
        return f"{len(value)}: {', '.join(value[:FIRST_LABELS])}{more}"
    return ", ".join(f"{key} {part}" for key, part in value.items()) if isinstance(value, dict) else str(value)
