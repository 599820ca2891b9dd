"""The table of all trials, and what was broken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

from benchmarks.fleet_faults.outcome import Outcome

UNREAD_S, LETS_GO_S = 10.0, 5.0  # what is promised; the second beyond `ttl_s`


@dataclass
class Run:
    """Every trial of a run.

    Attributes:
        command: What does the same again.
        machine: On what.
        ttl_s: Of the leases [s].
        outcomes: Of the trials, in order.
        shared_epochs: Cameras and epochs in which more than one box has read them.
        stuck: What was wrong if the last trial did not end well.
        cpu: Of all boxes and members of etcd [cores].
    """

    command: str
    machine: str
    ttl_s: int
    outcomes: list[Outcome] = field(default_factory=list)
    shared_epochs: list[tuple[str, int]] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    cpu: float = 0.0

    def add(self, outcome: Outcome) -> None:
        """One more."""
        self.outcomes.append(outcome)

    def broken(self) -> list[str]:
        """What was promised and did not hold, a line each."""
        found = []
        for number, each in enumerate(self.outcomes, 1):
            if each.unread_s > UNREAD_S:
                found.append(f"{number}: a camera was unread for {each.unread_s:.1f} s")
            if each.twice_s > self.ttl_s + LETS_GO_S:
                found.append(f"{number}: a camera was read twice for {each.twice_s:.1f} s")
        return (
            found
            + self.stuck
            + [f"{camera}: two boxes read it in epoch {epoch}" for camera, epoch in self.shared_epochs]
        )

    def page(self) -> str:
        """Markdown."""
        broken = [f"**Broken**: {line}" for line in self.broken()] or ["Nothing was broken."]
        head = f"`{self.command}`, {self.machine}, `ttl_s: {self.ttl_s}`; all boxes and etcd took {self.cpu:.2f} cores:"
        return "\n".join([head, "", *_by_kind(self.outcomes), "", *broken, "", *_all(self.outcomes)])


def what(outcome: Outcome) -> str:
    """Such as `box frozen + etcd cut`, whichever box it was."""
    return " + ".join(sorted(f"{fault.host.rstrip('0123456789')} {fault.kind}" for fault in outcome.faults))


def _by_kind(outcomes: Iterable[Outcome]) -> list[str]:
    kinds = defaultdict(list)
    for outcome in outcomes:
        kinds[what(outcome)].append(outcome)
    lines = [
        "| what | trials | unread [s]: min, median, max | twice [s] | twice, apart [s] |",
        "| --- | --: | --- | --- | --- |",
    ]
    for kind in sorted(kinds, key=lambda kind: ("+" in kind, kind)):
        of = kinds[kind]
        columns = [_spread(values) for values in zip(*((o.unread_s, o.twice_s, o.apart_s) for o in of), strict=True)]
        lines.append(f"| {kind} | {len(of)} | {' | '.join(columns)} |")
    return lines


def _spread(values: Iterable[float]) -> str:
    values = list(values)
    return f"{min(values):.1f}, {median(values):.1f}, {max(values):.1f}"


def _all(outcomes: Iterable[Outcome]) -> list[str]:
    lines = [
        "| | what | for [s] | unread [s] | twice [s] | twice, apart [s] | moves | settled after [s] |",
        "| --: | --- | --: | --: | --: | --: | --: | --: |",
    ]
    for number, each in enumerate(outcomes, 1):
        faults = ", ".join(f"{fault.host} {fault.kind}" for fault in each.faults)
        seconds = f"{each.unread_s:.1f} | {each.twice_s:.1f} | {each.apart_s:.1f}"
        happened = f"{faults} | {each.held_s:.1f}"
        lines.append(f"| {number} | {happened} | {seconds} | {each.moves} | {each.settled_s:.1f} |")
    return lines
