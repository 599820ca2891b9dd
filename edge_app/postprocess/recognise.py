"""Which family a model is of, from its outputs' names and shapes and its metadata."""

from __future__ import annotations

from collections.abc import Callable

from edge_app.errors import ConfigError
from edge_app.model import Graph
from edge_app.postprocess.decoder import Decoder
from edge_app.postprocess.ultralytics import UltralyticsDecoder
from edge_app.postprocess.yolox import YoloxDecoder

FAMILIES: dict[str, Callable[[Graph], Decoder | None]] = {
    YoloxDecoder.family: YoloxDecoder.recognise,
    UltralyticsDecoder.family: UltralyticsDecoder.recognise,
}


def recognise(graph: Graph, family: str | None) -> Decoder:
    """The decoder of the model.

    Args:
        graph: The model's inputs and outputs.
        family: What `decoder:` says, or None to find out.

    Raises:
        ConfigError: No family fits, or more than one does, or not the named one; the text lists the choices.
    """
    if family is not None and family not in FAMILIES:
        raise ConfigError(f"{graph.path}: unknown decoder {family}; the choices: {', '.join(FAMILIES)}")
    names = [family] if family else list(FAMILIES)
    fitting = [decoder for name in names if (decoder := FAMILIES[name](graph)) is not None]
    if len(fitting) == 1:
        return fitting[0]
    outputs = ", ".join(map(str, graph.outputs))
    if fitting:
        choices = ", ".join(decoder.family for decoder in fitting)
        raise ConfigError(f"{graph.path}: its output {outputs} may be of {choices}; say which with `decoder:`")
    if family:
        raise ConfigError(f"{graph.path}: its output {outputs} is not laid out as decoder {family} wants it")
    raise ConfigError(
        f"{graph.path}: no known layout has the output {outputs}; `decoder:` may be {', '.join(FAMILIES)}"
    )
