"""A sink whose deliveries block, and may hang: each connection has a courier of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from edge_app.publish.messages import Message, MessageKind
from edge_app.publish.sinks.courier import Courier, Transport
from edge_app.publish.sinks.sink import OutageError

WAIT_S = 0.5
FAREWELL_S = 0.3


class BlockingSink:
    """Delivers through a transport. There is never more than one thread that hangs: the next one waits for its end."""

    def __init__(
        self,
        name: str,
        kinds: Iterable[MessageKind],
        transport: Callable[[], Transport],
        *,
        limit_s: float,
        most: int = 1,
        linger_s: float = 0.0,
    ) -> None:
        """Connects to nothing yet.

        Args:
            name: What errors call the other side; nothing secret.
            kinds: Which messages it takes.
            transport: Makes what delivers, for each connection.
            limit_s: A call of the transport that takes longer [s] has failed.
            most: How many messages are delivered at once.
            linger_s: How long the first of them waits for others [s].
        """
        self.kinds = frozenset(kinds)
        self._name, self._transport, self._limit_s = name, transport, limit_s
        self._most, self._linger_s = most, linger_s
        self._courier: Courier | None = None
        self._last: Courier | None = None

    def open(self, wake: Callable[[], None]) -> bool:
        if self._courier is None:
            if self._last is not None and not self._last.join(WAIT_S):
                raise OutageError(f"{self._name}: no answer in time, and the call cannot be ended")
            self._courier = Courier(
                self._name,
                self._transport(),
                wake,
                limit_s=self._limit_s,
                most=self._most,
                linger_s=self._linger_s,
            )
        return self._courier.connected(WAIT_S)

    def send(self, message: Message) -> bool:
        return self._opened().put(message, WAIT_S)

    def confirmed(self) -> Sequence[Message]:
        return self._opened().confirmed()

    def close(self) -> None:
        if self._courier is not None:
            self._courier.stop()
            self._courier.join(FAREWELL_S)
            self._last, self._courier = self._courier, None

    def _opened(self) -> Courier:
        if self._courier is None:
            raise ValueError("want an open sink")
        return self._courier
