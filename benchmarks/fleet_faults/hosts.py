"""What runs on the hosts: members of etcd, and boxes. Each can be killed, frozen and cut off, and is then as before."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.fleet_faults.journal import Journal
from benchmarks.fleet_faults.network import Network, end_with_parent
from tests.server import ServerProcess

ROOT = Path(__file__).parents[2]


class Host(ServerProcess):
    """A process on a host."""

    def __init__(self, name: str, network: Network, folder: Path) -> None:
        self.name, self._network, self._folder = name, network, folder
        self._prefix = network.add(name)
        self._command: list[str] = []

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    def start(self) -> None:
        with (self._folder / f"{self.name}.log").open("a") as log:
            self._process = subprocess.Popen(
                [*self._prefix, *self._command],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=end_with_parent,
            )

    def begin(self, fault: str) -> None:
        """`killed`, `frozen`, or one of its network's."""
        if fault == "killed":
            self.kill()
        elif fault == "frozen":
            self.freeze()
        else:
            self._network.begin(self.name, fault)

    def end(self, fault: str) -> None:
        """It is started again, goes on, or is reached again."""
        if fault == "killed":
            self.start()
        elif fault == "frozen":
            self.thaw()
        else:
            self._network.end(self.name, fault)


class EtcdHost(Host):
    """A member of etcd."""

    def configure(self, members: Sequence[EtcdHost]) -> None:
        """Tells it who the others are."""
        self.url, peer = f"http://{self._network.client(self.name)}", f"http://{self._network.peer(self.name)}"
        all_peers = ",".join(f"{each.name}=http://{self._network.peer(each.name)}" for each in members)
        self._command = [
            "etcd", "--name", self.name, "--data-dir", str(self._folder / self.name), "--log-level", "warn",
            "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", all_peers,
            "--pre-vote=true",  # as etcd does from 3.5 on: else a member that comes back has the others elect a leader
        ]  # fmt: skip

    def status(self) -> dict[str, Any]:
        """What it says about itself; nothing if it does not answer or has no leader."""
        with contextlib.suppress(OSError):
            request = urllib.request.Request(f"{self.url}/v3/maintenance/status", b"{}")
            with urllib.request.urlopen(request, timeout=1) as response:
                found: dict[str, Any] = json.loads(response.read())
                return found if found.get("leader", "0") != "0" else {}
        return {}

    def leads(self) -> bool:
        """Whether it is the leader."""
        status = self.status()
        return bool(status) and status["leader"] == status["header"]["member_id"]


class BoxHost(Host):
    """A box; see `box.py`."""

    def configure(self, cameras: Sequence[str], **fleet: object) -> None:
        """Tells it what it may read, and the section `fleet`."""
        config, journal = self._folder / f"{self.name}.json", self._folder / f"{self.name}.journal"
        config.write_text(json.dumps({"cameras": cameras, "fleet": {"box": self.name, **fleet}}))
        self._command = [sys.executable, "-m", "benchmarks.fleet_faults.box", str(config), str(journal)]
        self.journal = Journal(journal)
