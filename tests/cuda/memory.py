"""Simulated memory: full of poison until something is written, and it knows who touched it when."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tests.cuda.timeline import Clock, HazardError, Operation

POISON = 0xCD
ALIGNMENT = 256


@dataclass(frozen=True, eq=False)
class Access:
    start: int
    stop: int
    writes: bool
    operation: Operation


@dataclass(eq=False)
class Block:
    """One allocation; its bytes are real, so that the kernel compiled as C++ finds them by their address."""

    label: str
    size: int
    raw: np.ndarray = field(init=False)
    written: np.ndarray = field(init=False)
    accesses: list[Access] = field(default_factory=list)
    freed: bool = False

    def __post_init__(self) -> None:
        spare = np.full(self.size + ALIGNMENT, POISON, np.uint8)
        skip = -spare.ctypes.data % ALIGNMENT
        self.raw = spare[skip : skip + self.size]
        self.written = np.zeros(self.size, bool)

    @property
    def address(self) -> int:
        return int(self.raw.ctypes.data)

    def touch(self, start: int, stop: int, operation: Operation, *, writes: bool) -> None:
        """The operation reads or writes these bytes; raises HazardError where another may do so at the same time."""
        if self.freed:
            raise HazardError(f"{operation} touches {self.label}, which was freed")
        if not writes and not self.written[start:stop].all():
            raise HazardError(f"{operation} reads {self.label}, which nothing has written")
        kept = []
        for access in self.accesses:
            overlaps = access.start < stop and start < access.stop
            ordered = access.operation.is_before(operation.clock)
            if overlaps and (writes or access.writes) and not ordered:
                raise HazardError(f"{operation} and {access.operation} touch {self.label}, in whichever order")
            if not (writes and ordered and start <= access.start and access.stop <= stop):
                kept.append(access)
        self.accesses = [*kept, Access(start, stop, writes, operation)]
        if writes:
            self.written[start:stop] = True

    def free(self, host: Clock) -> None:
        """Gives it back; raises HazardError where that is twice, or the host has not waited for whoever used it."""
        if self.freed:
            raise HazardError(f"{self.label} is freed twice")
        self.freed = True
        self.raw[:] = POISON
        for access in self.accesses:
            if not access.operation.is_before(host):
                raise HazardError(f"{self.label} is freed while {access.operation} may use it")


class Memory:
    """All allocations, of the GPU and pinned ones, those that were freed too."""

    def __init__(self, total: int) -> None:
        self.blocks: list[Block] = []
        self.total = total

    @property
    def used(self) -> int:
        return sum(block.size for block in self.live())

    def live(self) -> list[Block]:
        return [block for block in self.blocks if not block.freed]

    def allocate(self, label: str, size: int) -> Block:
        self.blocks.append(Block(f"{label} {len(self.blocks)}", size))
        return self.blocks[-1]

    def find(self, address: int, size: int) -> tuple[Block, int]:
        """The allocation that holds these bytes, and where they begin in it."""
        for block in self.blocks:
            if block.address <= address and address + size <= block.address + block.size:
                return block, address - block.address
        raise HazardError(f"{size} bytes at {address:#x} are in no allocation")

    def touch(self, address: int, size: int, operation: Operation, *, writes: bool) -> np.ndarray:
        """The bytes, for an operation that reads or writes them."""
        block, start = self.find(address, size)
        block.touch(start, start + size, operation, writes=writes)
        return block.raw[start : start + size]
