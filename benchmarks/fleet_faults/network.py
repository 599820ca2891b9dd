"""Where boxes and members of etcd run: each in a network of its own on one bridge, or all on 127.0.0.1."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Protocol

from tests.ports import free_port

INSIDE = "FLEET_FAULTS_INSIDE"
BRIDGE, PEER_PORT, CLIENT_PORT = "10.99.0.1", 2380, 2379
SPLIT = f"""
    table ip split {{
        chain input {{ type filter hook input priority 0; tcp dport {PEER_PORT} drop; tcp sport {PEER_PORT} drop; }}
        chain output {{ type filter hook output priority 0; tcp dport {PEER_PORT} drop; tcp sport {PEER_PORT} drop; }}
    }}
"""


class Network(Protocol):
    """Hosts by name."""

    faults: tuple[str, ...]
    """What can happen to it."""

    def add(self, host: str) -> list[str]:
        """A new host; what runs a command on it."""

    def client(self, host: str) -> str:
        """Address and port at which etcd there is asked."""

    def peer(self, host: str) -> str:
        """Address and port at which it speaks with its peers."""

    def begin(self, host: str, fault: str) -> None:
        """Something happens to its connection."""

    def end(self, host: str, fault: str) -> None:
        """It is as it was."""


class Bridge:
    """A bridge in this process's network, and a namespace of Linux for each host with a cable to it. Needs root.

    `cut` pulls the cable; `split` loses what members of etcd say to each other, while boxes still reach them.
    """

    faults: tuple[str, ...] = ("cut", "split")

    def __init__(self) -> None:
        self._hosts: list[str] = []
        _run("ip link add hub type bridge")
        _run(f"ip address add {BRIDGE}/24 dev hub")
        _run("ip link set hub up")
        _run("ip link set lo up")

    def add(self, host: str) -> list[str]:
        self._hosts.append(host)
        _run(f"ip netns add {host}")
        _run(f"ip link add to_{host} type veth peer name eth0 netns {host}")
        _run(f"ip link set to_{host} master hub up")
        _run(f"ip -n {host} address add {self._address(host)}/24 dev eth0")
        _run(f"ip -n {host} link set lo up")
        _run(f"ip -n {host} link set eth0 up")
        return ["ip", "netns", "exec", host]

    def client(self, host: str) -> str:
        return f"{self._address(host)}:{CLIENT_PORT}"

    def peer(self, host: str) -> str:
        return f"{self._address(host)}:{PEER_PORT}"

    def begin(self, host: str, fault: str) -> None:
        if fault == "cut":
            _run(f"ip link set to_{host} down")
        else:
            _run(f"ip netns exec {host} nft -f -", SPLIT)

    def end(self, host: str, fault: str) -> None:
        if fault == "cut":
            _run(f"ip link set to_{host} up")
        else:
            _run(f"ip netns exec {host} nft flush ruleset")

    def _address(self, host: str) -> str:
        return f"10.99.0.{10 + self._hosts.index(host)}"


class Loopback:
    """All on 127.0.0.1, whose cable nobody pulls. Anybody may."""

    faults: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._ports: dict[tuple[str, str], int] = {}

    def add(self, host: str) -> list[str]:
        self._ports |= {(host, "client"): free_port(), (host, "peer"): free_port()}
        return []

    def client(self, host: str) -> str:
        return f"127.0.0.1:{self._ports[host, 'client']}"

    def peer(self, host: str) -> str:
        return f"127.0.0.1:{self._ports[host, 'peer']}"

    def begin(self, host: str, fault: str) -> None:
        raise NotImplementedError

    def end(self, host: str, fault: str) -> None:
        raise NotImplementedError


def go_inside(module: str) -> None:
    """Starts the module again in a network, with mounts and processes of its own: with it, all of them end."""
    if INSIDE in os.environ:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # the first process of its own is spared otherwise
        Path("/run/netns").mkdir(exist_ok=True)
        _run("mount -t tmpfs none /run/netns")
        return
    if os.geteuid():
        raise SystemExit("needs root, for networks of its own; or --loopback, without partitions")
    own = ["unshare", "--net", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc"]
    os.environ[INSIDE] = "1"
    os.execvp(own[0], [*own, sys.executable, "-m", module, *sys.argv[1:]])


def end_with_parent() -> None:
    """In a process that is being started: it is killed where this one ends."""
    ctypes.CDLL(None).prctl(1, 9)


def _run(command: str, given: str | None = None) -> None:
    done = subprocess.run(command.split(), input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command}: {done.stderr.strip()}")
