"""A model that is asked what its file does not say: what it answers to a blank picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_app.model import InputSpec, ModelSignature, TensorSpec
from edge_app.postprocess.decoder import Decoder, RawOutputs

GREY = 114


class Network(Protocol):
    """What can compute the model: a session, a server, whatever has it."""

    def answer(self, feed: Mapping[str, NDArray[Any]]) -> RawOutputs | None:
        """The outputs, in the signature's order, for all inputs by name; None if it cannot be computed here."""


@dataclass(frozen=True, slots=True)
class BlankAnswers:
    """A network's answers to a grey picture, each asked for once, when somebody wants to know.

    Attributes:
        network: What answers; None if nothing can.
        signature: Its inputs and outputs.
        wh: Width and height of its picture [px].
    """

    network: Network | None
    signature: ModelSignature
    wh: tuple[int, int]
    _known: dict[tuple[float, ...], RawOutputs | None] = field(default_factory=dict, init=False, repr=False)

    def to(self, decoder: Decoder) -> RawOutputs | None:
        """The answer to the picture as that family feeds it."""
        return self._ask(_grey(decoder.preprocessing), decoder.constants)

    def known_shapes(self) -> ModelSignature:
        """The signature, with the dimensions of its outputs that it leaves open as the network answers them.

        The number of pictures stays open, and so does whatever depends on what a picture shows.
        """
        if not any(map(_is_open, self.signature.outputs)):
            return self.signature
        arrays = self._ask((GREY / 255,) * 3, {})
        if arrays is None:
            return self.signature
        outputs = tuple(
            _closed(tensor, array, last_only=not self.signature.fixed_outputs)
            for tensor, array in zip(self.signature.outputs, arrays, strict=True)
        )
        return replace(self.signature, outputs=outputs)

    def _ask(self, grey: tuple[float, ...], constants: Mapping[str, NDArray[Any]]) -> RawOutputs | None:
        picture = self.signature.picture
        others = {tensor.name for tensor in self.signature.inputs if tensor != picture}
        if self.network is None or others != set(constants):
            return None
        if grey not in self._known:
            pixels = _blank(picture, self.wh, grey)
            batch = len(pixels) if pixels.ndim == 4 else 1
            rows = {name: np.repeat(row, batch, axis=0) for name, row in constants.items()}
            arrays = self.network.answer({picture.name: pixels, **rows})
            self._known[grey] = arrays if arrays is not None and as_declared(self.signature, arrays) else None
        return self._known[grey]


def as_declared(signature: ModelSignature, arrays: RawOutputs) -> bool:
    """Whether the outputs have the ranks and sizes that the file declares, and a picture."""
    return len(arrays) == len(signature.outputs) and all(
        not tensor.shape
        or (
            len(tensor.shape) == array.ndim
            and all(size in (None, found) for size, found in zip(tensor.shape[1:], array.shape[1:], strict=True))
            and (array.ndim < 3 or len(array) > 0)
        )
        for tensor, array in zip(signature.outputs, arrays, strict=True)
    )


def _grey(spec: InputSpec) -> tuple[float, ...]:
    """Grey as that preprocessing makes it, channel by channel."""
    return tuple((GREY * spec.scale - mean) / std for mean, std in zip(spec.mean, spec.std, strict=True))


def _blank(picture: TensorSpec, wh: tuple[int, int], channels: tuple[float, ...]) -> NDArray[Any]:
    """A picture of one colour in the input's shape and dtype; as many as its batch has, or one."""
    width, height = wh
    batch = [size or 1 for size in picture.shape[:-3]]
    colour = np.array(channels).astype(picture.dtype)
    if picture.channels_last:
        return np.broadcast_to(colour, (*batch, height, width, 3)).copy()
    return np.broadcast_to(colour[:, None, None], (*batch, 3, height, width)).copy()


def _is_open(tensor: TensorSpec) -> bool:
    """Whether the file leaves more open than how many pictures there are; without a rank it says nothing."""
    return not tensor.shape or None in tensor.shape[1:]


def _closed(tensor: TensorSpec, array: NDArray[Any], *, last_only: bool) -> TensorSpec:
    """The output with the dimensions that were found, but for the first; or the last alone, its columns."""
    declared = tensor.shape if len(tensor.shape) == array.ndim else (None,) * array.ndim
    first = max(1, array.ndim - 1) if last_only else 1
    found = (old or new for old, new in zip(declared[first:], array.shape[first:], strict=True))
    return replace(tensor, shape=(*declared[:first], *found))
