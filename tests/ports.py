"""Ports for servers of tests that run beside each other."""

from __future__ import annotations

import random
import socket
from pathlib import Path

FIRST = 10_000


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on.

    It lies below those that Linux gives to connections, so that nobody gets it while a server is restarted on it.
    """
    choice = random.SystemRandom()  # not the generator that hypothesis seeds: two workers would choose the same
    while True:
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", choice.randrange(FIRST, _first_of_connections())))
            except OSError:
                continue
            return int(listener.getsockname()[1])


def _first_of_connections() -> int:
    """Where the range of ports begins that Linux gives to connections."""
    return max(FIRST + 1000, int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0]))
