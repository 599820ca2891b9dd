"""A model that is asked what its file does not say: what it answers to a blank picture, and to one of patches.

Of a blank picture all scores are low, and so may be what is no score, such as an angle; patches bring that out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_app.model import ModelSignature, TensorSpec
from edge_app.postprocess.decoder import OutputDecoder, RawOutputs

GREY = 114
PATCH = 16  # [px]


class Network(Protocol):
    """What can compute the model: a session, a server, whatever has it."""

    def answer(self, feed: Mapping[str, NDArray[Any]]) -> RawOutputs | None:
        """The outputs, in the signature's order, for all inputs by name; None if it cannot be computed here."""


class _Feeding(NamedTuple):
    """What is done to pixels: multiplied, then less the mean, by the deviation of each channel."""

    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """A network's answers to a grey picture and to one of patches, each asked for once, when somebody wants to know.

    Attributes:
        network: What answers; None if nothing can.
        signature: Its inputs and outputs.
        wh: Width and height of its picture [px].
    """

    network: Network | None
    signature: ModelSignature
    wh: tuple[int, int]
    _known: dict[tuple[bool, _Feeding], RawOutputs | None] = field(default_factory=dict, init=False, repr=False)

    def to(self, decoder: OutputDecoder) -> list[RawOutputs]:
        """The answers to the pictures as that family feeds them; none if the network cannot answer."""
        spec = decoder.preprocessing
        feeding = _Feeding(spec.scale, tuple(spec.mean), tuple(spec.std))
        answers = [self._ask(blank, feeding, decoder.constants) for blank in (True, False)]
        return [answer for answer in answers if answer is not None]

    def known_shapes(self) -> ModelSignature:
        """The signature, with the dimensions of its outputs that it leaves open as the network answers them.

        The number of pictures stays open, and so does whatever depends on what a picture shows.
        """
        if not any(map(_is_open, self.signature.outputs)):
            return self.signature
        arrays = self._ask(True, _Feeding(1 / 255, (0.0,) * 3, (1.0,) * 3), {})
        if arrays is None:
            return self.signature
        outputs = tuple(
            _closed(tensor, array, last_only=not self.signature.fixed_outputs)
            for tensor, array in zip(self.signature.outputs, arrays, strict=True)
        )
        return replace(self.signature, outputs=outputs)

    def _ask(self, blank: bool, feeding: _Feeding, constants: Mapping[str, NDArray[Any]]) -> RawOutputs | None:
        picture = self.signature.picture
        others = {tensor.name for tensor in self.signature.inputs if tensor != picture}
        if self.network is None or others != set(constants):
            return None
        if (blank, feeding) not in self._known:
            pixels = _fed(picture, _grey(self.wh) if blank else _patches(self.wh), feeding)
            batch = len(pixels) if pixels.ndim == 4 else 1
            rows = {name: np.repeat(row, batch, axis=0) for name, row in constants.items()}
            arrays = self.network.answer({picture.name: pixels, **rows})
            known = arrays is not None and as_declared(self.signature, arrays)
            self._known[blank, feeding] = arrays if known else None
        return self._known[blank, feeding]


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


def _grey(wh: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture of one colour, shape (height, width, 3)."""
    return np.full((wh[1], wh[0], 3), GREY, np.uint8)


def _patches(wh: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture of squares, each of a colour of its own and always the same, shape (height, width, 3)."""
    columns, rows = (-(-side // PATCH) for side in wh)
    colours = np.random.default_rng(0).integers(0, 256, (rows, columns, 3), np.uint8)
    return colours.repeat(PATCH, axis=0).repeat(PATCH, axis=1)[: wh[1], : wh[0]]


def _fed(picture: TensorSpec, pixels: NDArray[np.uint8], feeding: _Feeding) -> NDArray[Any]:
    """The pixels in the input's shape and dtype; as many times as its batch has pictures, or once."""
    mean, std = np.array(feeding.mean, np.float32), np.array(feeding.std, np.float32)
    scaled = (pixels * np.float32(feeding.scale) - mean) / std
    each = scaled.astype(picture.dtype)
    each = each if picture.channels_last else each.transpose(2, 0, 1)
    return np.broadcast_to(each, (*(size or 1 for size in picture.shape[:-3]), *each.shape)).copy()


def _is_open(tensor: TensorSpec) -> bool:
    """Whether the file leaves more open than how many pictures there are; without a rank it says nothing."""
    return not tensor.shape or None in tensor.shape[1:]


def _closed(tensor: TensorSpec, array: NDArray[Any], *, last_only: bool) -> TensorSpec:
    """The output with the dimensions that were found, but for the first; or the last alone, its columns."""
    declared = tensor.shape if len(tensor.shape) == array.ndim else (None,) * array.ndim
    first = max(1, array.ndim - 1) if last_only else 1
    found = (old or new for old, new in zip(declared[first:], array.shape[first:], strict=True))
    return replace(tensor, shape=(*declared[:first], *found))
