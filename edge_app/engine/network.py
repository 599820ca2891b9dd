"""A network on a GPU, as a slot uses it: whichever library computes it, it is enqueued on a stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Protocol

from edge_app.cuda import Device, Stream
from edge_app.model import Tensor


class Network(Protocol):
    """A network that is one slot's."""

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """Its inputs; the first dimension is the pictures of a batch, all others are known."""

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """Its outputs, likewise."""

    @property
    def batch(self) -> int | None:
        """Its fixed batch, or None where it may vary."""

    @property
    def max_batch(self) -> int:
        """Pictures in a batch at most."""

    @property
    def stream(self) -> Stream:
        """Where it computes."""

    def bind(self, addresses: Mapping[str, int]) -> None:
        """Takes the slot's buffers by the tensors' names; they stay where they are."""

    def enqueue(self, batch: int) -> None:
        """Starts the first rows of the buffers on the stream and does not wait.

        Raises:
            EngineError: The library refuses.
        """


# Makes a network for each slot, on a device that is current; what the stack gets is freed after the slots.
LoadNetworks = Callable[[Device, ExitStack], Sequence[Network]]
