"""A site of boxes and members of etcd, to which things happen."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from contextlib import ExitStack
from pathlib import Path

from benchmarks.fleet_faults.hosts import BoxHost, EtcdHost, Host
from benchmarks.fleet_faults.journal import STILL_S
from benchmarks.fleet_faults.network import Network
from benchmarks.fleet_faults.outcome import Around, Outcome, judge
from benchmarks.fleet_faults.schedule import LEADER, Fault, Trial
from benchmarks.fleet_faults.spans import Span, common, minus, union

SETTLED_S = 1.0  # for so long each camera has to be read by one box
PATIENCE_S = 60.0


class Site:
    """Boxes, cameras and etcd; leaving the block kills them."""

    def __init__(self, network: Network, folder: Path, *, boxes: int, cameras: int, ttl_s: int) -> None:
        self.cameras = [f"cam{number:02}" for number in range(cameras)]
        self.etcd = {name: EtcdHost(name, network, folder) for name in ("etcd1", "etcd2", "etcd3")}
        self.boxes = {name: BoxHost(name, network, folder) for name in (f"box{n}" for n in range(1, boxes + 1))}
        members = list(self.etcd.values())
        for member in members:
            member.configure(members)
        for box in self.boxes.values():
            box.configure(
                self.cameras, etcd=[member.url for member in members], site="faults", ttl_s=ttl_s, capacity=cameras
            )
        self._stack = ExitStack()
        self._cut: dict[str, list[Span]] = defaultdict(list)
        self._etcd_away: list[Span] = []

    def __enter__(self) -> Site:
        for host in self._hosts.values():
            host.start()
            self._stack.callback(host.kill)
        self.settle()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def _hosts(self) -> dict[str, Host]:
        return {**self.etcd, **self.boxes}

    def endure(self, trial: Trial) -> Outcome:
        """Lets it happen, and waits until all is well again."""
        time.sleep(trial.pause_s)
        faults = self._named(trial.faults)
        began = time.monotonic()
        for fault in faults:
            self._hosts[fault.host].begin(fault.kind)
        begun = time.monotonic()
        time.sleep(trial.held_s)
        ending = time.monotonic()
        for fault in faults:
            self._hosts[fault.host].end(fault.kind)
        ended = time.monotonic()
        for fault in faults:
            if fault.kind == "cut" and fault.host in self.boxes:
                self._cut[fault.host].append((began, ended))
        if sum(fault.host in self.etcd for fault in faults) * 2 > len(self.etcd):
            self._etcd_away.append((begun, ending))
        settled = self.settle()
        journals = {name: box.journal for name, box in self.boxes.items()}
        around = Around(self.cameras, (began, settled), dict(self._cut), self._etcd_away)
        return judge(journals, around, faults, trial.held_s, settled - ended)

    def settle(self) -> float:
        """Waits until each camera is read by one box, etcd has answered all boxes, and all members have a leader; when.

        Raises:
            TimeoutError: That does not come.
        """
        began = time.monotonic()
        while not (self._is_settled(began) and all(member.status() for member in self.etcd.values())):
            if time.monotonic() > began + PATIENCE_S:
                read = {name: sorted(box.journal.now) for name, box in self.boxes.items()}
                raise TimeoutError(f"not settled within {PATIENCE_S:.0f} s: {read}")
            time.sleep(0.1)
        return time.monotonic()

    def shared_epochs(self) -> list[tuple[str, int]]:
        """Cameras and epochs in which more than one box has read them."""
        counts = Counter(key for box in self.boxes.values() for key in box.journal.epochs)
        return [key for key, count in counts.items() if count > 1]

    def _named(self, faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
        leader = next((name for name, member in self.etcd.items() if member.leads()), "etcd1")
        return tuple(Fault(leader, fault.kind) if fault.host == LEADER else fault for fault in faults)

    def _follow(self) -> None:
        for box in self.boxes.values():
            box.journal.follow()

    def _is_settled(self, since: float) -> bool:
        self._follow()
        journals = [box.journal for box in self.boxes.values()]
        now = time.monotonic()
        if any(each.state != "up" or each.stepped < since or now - each.at > STILL_S for each in journals):
            return False
        last = [(now - SETTLED_S, min(journal.at for journal in journals))]
        return all(
            sum(map(bool, read := [common(journal.reading[camera], last) for journal in journals])) == 1
            and not minus(last, union(*read))
            for camera in self.cameras
        )
