"""A network of a test's own, which loses packets and whose names nobody knows any more: a namespace of Linux."""

from __future__ import annotations

import contextlib
import ctypes
import ipaddress
import os
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

CLONE_NEWNET = 0x40000000
DNS_PORT = 53
A = b"\0\1"
LOSS = """
    table inet lossy {{
        chain input {{
            type filter hook input priority 0
            numgen random mod 100 < {percent} drop
        }}
    }}
"""


class Network:
    """Of this thread: what it starts and which sockets it makes from now on are in it. It has a loopback alone."""

    def lose(self, percent: int) -> None:
        """So many of a hundred packets are lost from now on, of whatever kind and in either direction."""
        nft = shutil.which("nft", path=f"{os.environ['PATH']}:/usr/sbin")
        if nft is None:
            pytest.skip("no nft: apt-get install nftables")
        rules = f"flush ruleset\n{LOSS.format(percent=percent) if percent else ''}"
        done = subprocess.run([nft, "-f", "-"], input=rules, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"nft loses no packets here: {done.stderr.splitlines()[:1]}")

    @contextlib.contextmanager
    def name_server(self) -> Iterator[NameServer]:
        """Where this machine looks names up."""
        found = re.search(r"^nameserver\s+([\d.]+)", Path("/etc/resolv.conf").read_text(), re.MULTILINE)
        if found is None:
            pytest.skip("this machine asks no name server of IPv4")
        if not ipaddress.ip_address(found[1]).is_loopback:
            subprocess.run(["ip", "address", "add", f"{found[1]}/32", "dev", "lo"], check=True)
        with socket.socket(type=socket.SOCK_DGRAM) as listener:
            listener.bind((found[1], DNS_PORT))
            listener.settimeout(0.2)
            server = NameServer(listener)
            yield server
            server.close()


class NameServer:
    """Answers that every name is this machine's, with an address of IPv4.

    Attributes:
        gone: While it is set, it does not answer.
    """

    def __init__(self, listener: socket.socket) -> None:
        self.gone, self._over, self._listener = threading.Event(), threading.Event(), listener
        self._thread = threading.Thread(target=self._serve, name="name server", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def _serve(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(OSError):
                query, client = self._listener.recvfrom(4096)
                if not self.gone.is_set():
                    self._listener.sendto(answer(query), client)


def answer(query: bytes) -> bytes:
    """127.0.0.1 for questions of that kind, nothing for others (RFC 1035)."""
    question = query[12 : query.index(b"\0", 12) + 5]
    record = b"\xc0\x0c" + A + b"\0\1" + bytes(4) + b"\0\4\x7f\0\0\1" if question[-4:-2] == A else b""
    return query[:2] + b"\x81\x80\0\1\0" + bytes([bool(record)]) + bytes(4) + question + record


@pytest.fixture
def own_network() -> Iterator[Network]:
    """What the test starts is in a network of its own; servers have to be named after this fixture."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/thread-self/ns/net").open() as home:
        if libc.unshare(CLONE_NEWNET):
            pytest.skip(f"no network of its own: {os.strerror(ctypes.get_errno())}")
        try:
            if subprocess.run(["ip", "link", "set", "lo", "up"], check=False).returncode:
                pytest.skip("no ip: apt-get install iproute2")
            yield Network()
        finally:
            assert libc.setns(home.fileno(), CLONE_NEWNET) == 0
