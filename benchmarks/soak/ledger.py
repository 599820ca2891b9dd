"""Which messages arrived: what a sink got, against what the program says that it has made."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

Line = tuple[str, str, str]  # session, camera, schema: `seq` counts in each


def lines_of(documents: Iterable[bytes | str]) -> dict[Line, list[int]]:
    """The `seq` of messages in the order in which they came."""
    found: defaultdict[Line, list[int]] = defaultdict(list)
    for document in documents:
        message: dict[str, Any] = json.loads(document)
        if "seq" in message:
            found[message["session"], message["camera"], message["schema"]].append(message["seq"])
    return dict(found)


@dataclass
class Verdict:
    """What became of the messages of one sink.

    Attributes:
        wanted: How many there are.
        missing: Those that did not come, by the line that they belong to.
        twice: How many came more than once.
        late: How many came after a later one, counted without those that came twice.
    """

    wanted: int = 0
    missing: dict[Line, list[int]] = field(default_factory=dict)
    twice: int = 0
    late: int = 0

    @property
    def lost(self) -> int:
        return sum(map(len, self.missing.values()))


def verdict(made: dict[Line, list[int]], arrived: dict[Line, list[int]]) -> Verdict:
    """What of the messages that were made has arrived; what arrived beyond them is no fault."""
    found = Verdict(wanted=sum(map(len, made.values())))
    for line, numbers in made.items():
        came = arrived.get(line, [])
        if lost := sorted({*numbers} - {*came}):
            found.missing[line] = lost
        found.twice += sum(times - 1 for times in Counter(came).values())
        first = list(dict.fromkeys(came))
        found.late += sum(after < before for before, after in pairwise(first))
    return found


def gaps(made: dict[Line, list[int]]) -> int:
    """How many numbers a program has left out: each line counts from 0 without a gap."""
    return sum(numbers != list(range(len(numbers))) for numbers in made.values())
