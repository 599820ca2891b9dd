"""Connections to the host of one camera, whose name may take minutes to be looked up."""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Event, Thread
from time import monotonic
from typing import Any, TypeAlias

LEAST_S = 0.25  # for each address, however little time is left

HostAddress: TypeAlias = "tuple[socket.AddressFamily, Any]"
"""An address, and of which kind."""


class Host:
    """A host by its name or number.

    A name is looked up in a thread of its own, because nothing ends a look-up: where no name server answers, it takes
    minutes. An attempt that comes meanwhile waits for the same one, so that there is one thread at a time.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._look_up: LookUp | None = None

    def connected(self, port: int, deadline: float) -> socket.socket:
        """A connection to one of its addresses, which share the time that is left until the deadline [s, monotonic].

        Raises:
            OSError, UnicodeError: There is none; `gaierror` if the name is not found, or not in time.
        """
        found = self._addresses(deadline)
        for index, (family, address) in enumerate(found):
            connection = socket.socket(family, socket.SOCK_STREAM)
            try:
                connection.settimeout(max(LEAST_S, (deadline - monotonic()) / (len(found) - index)))
                connection.connect((address[0], port, *address[2:]))
            except OSError:
                connection.close()
                if index == len(found) - 1:
                    raise
            else:
                return connection
        raise TimeoutError  # not reached: a name that is not found raises

    def _addresses(self, deadline: float) -> list[HostAddress]:
        with suppress(socket.gaierror):
            return _found(self._name, socket.AI_NUMERICHOST)
        self._look_up = look_up = self._look_up or LookUp(self._name)
        if not look_up.over.wait(max(0.0, deadline - monotonic())):
            raise socket.gaierror(socket.EAI_AGAIN, "no answer in time")
        self._look_up = None
        if look_up.failure is not None:
            raise socket.gaierror(*look_up.failure)
        return look_up.found


class LookUp:
    """One look-up of a name, in a thread that ends with it.

    Attributes:
        over: Set when it has ended.
        found: The addresses, then.
        failure: What its error says where there are none.
    """

    def __init__(self, name: str) -> None:
        """Begins."""
        self.over = Event()
        self.found: list[HostAddress] = []
        self.failure: tuple[object, ...] | None = None
        Thread(target=self._run, args=(name,), name=f"look up {name}", daemon=True).start()

    def _run(self, name: str) -> None:
        try:
            self.found = _found(name)
        except OSError as error:
            self.failure = error.args
        finally:
            self.over.set()


def _found(name: str, flags: int = 0) -> list[HostAddress]:
    every = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM, flags=flags)
    return [(family, address) for family, _, _, _, address in every]
