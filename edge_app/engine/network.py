"""A network on a GPU, as a slot uses it: whichever library computes it, it is enqueued on a stream."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from edge_app.cuda import Device, Stream
from edge_app.model import Tensor


@dataclass(eq=False)
class Network(ABC):
    """A network that is one slot's.

    Attributes:
        inputs, outputs: Its tensors; the first dimension is the pictures of a batch, all others are known.
        batch: Its fixed batch, or None where it may vary.
        max_batch: Pictures in a batch at most.
        stream: Where it computes.
        addresses: The slot's buffers by the tensors' names.
    """

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    batch: int | None
    max_batch: int
    stream: Stream
    addresses: Mapping[str, int] = field(init=False, default_factory=dict)

    def bind(self, addresses: Mapping[str, int]) -> None:
        """Takes the slot's buffers, which stay where they are."""
        self.addresses = dict(addresses)

    @abstractmethod
    def enqueue(self, batch: int) -> None:
        """Starts the first rows of the buffers on the stream and does not wait.

        Raises:
            EngineError: The library refuses.
        """

    @abstractmethod
    def free(self) -> None:
        """Lets go of what the library has made, while the stream is still there."""


# Makes a network for each slot, on a device that is current; what the stack gets is freed after the slots.
LoadNetworks = Callable[[Device, ExitStack], Sequence[Network]]
