"""What the spool of a sink is to do: collected as messages come and go, and given out in batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from edge_app.publish.messages import Message

BATCH = 100  # how many messages are written at once at most


@dataclass(slots=True, eq=False)
class Queued:
    """A message that waits, or is in flight.

    Attributes:
        message: The message.
        place: In the order of all messages; below 0: of an earlier session.
        since_mono: Since when it is in memory [s].
        older_s: How long it had waited on the disk before [s].
        on_disk: `asked`: it is to be written, or is being written.
        gone: It was delivered or dropped after it was asked to be written.
    """

    message: Message
    place: int
    since_mono: float
    older_s: float = 0.0
    on_disk: Literal["no", "asked", "yes"] = "no"
    gone: bool = False


@dataclass(frozen=True, slots=True)
class DiskWork:
    """What the spool is to do next.

    Attributes:
        write: These, in order.
        forget: The places of what was delivered.
        refused: What the sink will never take, and why.
    """

    write: Sequence[Queued]
    forget: Sequence[int]
    refused: Sequence[tuple[Message, str]]


NOTHING = DiskWork((), (), ())


class DiskOrders:
    """What is to be done and was not given out yet."""

    def __init__(self) -> None:
        self._write: list[Queued] = []
        self._forget: list[int] = []
        self._refused: list[tuple[Message, str]] = []

    def __len__(self) -> int:
        return len(self._write) + len(self._forget) + len(self._refused)

    def write(self, entry: Queued) -> None:
        """Writes a message, unless that is ordered or done."""
        if entry.on_disk == "no" and not entry.message.is_state:
            entry.on_disk = "asked"
            self._write.append(entry)

    def forget(self, entry: Queued) -> None:
        """Deletes what was written of a message, now or when it is written."""
        if entry.on_disk == "yes":
            self._forget.append(entry.place)
        entry.gone = True

    def keep_refused(self, message: Message, why: str) -> None:
        """Keeps what a sink will never take, apart from what waits."""
        self._refused.append((message, why))

    def write_none(self) -> Sequence[Queued]:
        """Takes back what was ordered to be written, and returns it."""
        taken_back, self._write = self._write, []
        for entry in taken_back:
            entry.on_disk = "no"
        return taken_back

    def take(self) -> DiskWork:
        """The next of it, which has begun from then on."""
        write = [entry for entry in self._write if not entry.gone]
        work = DiskWork(write[:BATCH], self._forget, self._refused)
        self._write, self._forget, self._refused = write[BATCH:], [], []
        return work

    def put_back(self, undone: DiskWork) -> None:
        """That is still to be done, before all else."""
        self._write[:0] = undone.write
        self._forget[:0] = undone.forget
        self._refused[:0] = undone.refused

    def clear(self) -> None:
        """Forgets all of it."""
        for orders in (self._write, self._forget, self._refused):
            orders.clear()
