"""The store of the evidence, as a worker has it: the main process alone writes it, for all of them."""

from __future__ import annotations

import threading
from itertools import count
from pathlib import Path

from edge_app.app.workers.link import Link
from edge_app.app.workers.wire import Keep, Kept, ToKeep
from edge_app.evidence.config import KeepConfig

LOOK_S = 1.0  # how often whoever waits for an answer looks whether the main process is still there


class RemoteStore:
    """What `EvidenceStore` is to its keeper, whose thread alone calls all but `kept`.

    Attributes:
        keep: How much is kept; it is the main process that sees to it.
    """

    def __init__(self, link: Link, keep: KeepConfig) -> None:
        """Asks at the other end of `link`."""
        self.keep, self._link = keep, link
        self._what: list[ToKeep] = []
        self._numbers = count()
        self._asked = -1
        self._answer: Kept | None = None
        self._changed = threading.Condition()

    def add(self, document: bytes) -> None:
        """As `EvidenceStore.add`."""
        self._what.append(ToKeep("document", content=document))

    def put(self, name: str, content: bytes) -> None:
        """As `EvidenceStore.put`, with the next commit."""
        self._what.append(ToKeep("picture", name, content))

    def adopt(self, name: str, draft: Path) -> None:
        """As `EvidenceStore.adopt`, with the next commit."""
        self._what.append(ToKeep("clip", name, draft=draft))

    def commit(self) -> None:
        """Asks for all of it to be kept, and waits for the answer; raises OSError if it was not."""
        what, self._what = self._what, []
        if not what:
            return
        self._asked = next(self._numbers)
        if not self._link.put(Keep(self._asked, what)):
            raise OSError("the main process has gone")
        with self._changed:
            while not self._changed.wait_for(self._is_answered, LOOK_S):  # as long as a disk hangs, or a sink is full
                if self._link.has_ended:
                    raise OSError("the main process has gone")
            error = self._answer.error if self._answer is not None else None
        if error is not None:
            raise OSError(error)

    def kept(self, answer: Kept) -> None:
        """The answer has come; any thread may say so."""
        with self._changed:
            self._answer = answer
            self._changed.notify_all()

    def review(self) -> None:
        """Does nothing: the main process deletes what is too old or too much."""

    def close(self) -> None:
        """What was not committed is not kept."""
        self._what.clear()

    def _is_answered(self) -> bool:
        return self._answer is not None and self._answer.number == self._asked
