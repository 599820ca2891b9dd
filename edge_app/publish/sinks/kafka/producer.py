"""librdkafka's producer: its log and its errors are ours, and its end takes no time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from edge_app.core.errors import SinkError
from edge_app.publish.sinks.kafka.cluster import NOT_IDEMPOTENT, KafkaCluster

logger = logging.getLogger(__name__)

CLOSE_S = 0.3
ALL_AWAY = "_ALL_BROKERS_DOWN"  # librdkafka says so after each of them has said why


class QuietLog:
    """Takes librdkafka's log, which repeats itself: what is of use in it comes as an error too."""

    def log(self, level: int, text: str, *arguments: Any) -> None:
        """One line."""
        logger.debug(text, *arguments)


class KafkaProducer:
    """One producer from its making to its end. Only one thread uses it; every call returns when it is told to.

    Attributes:
        may_be_idempotent: False once the cluster has said that it cannot, or we must not.
    """

    def __init__(self, cluster: KafkaCluster, *, idempotent: bool) -> None:
        """Begins to connect.

        Raises:
            SinkError: Not with these settings.
        """
        self.may_be_idempotent = idempotent
        self._cluster = cluster
        self._reason: KafkaError | None = None
        self._broken: SinkError | None = None
        settings = cluster.settings(idempotent=idempotent)
        try:
            self._producers = [Producer({**settings, "error_cb": self._on_error, "logger": QuietLog()})]
        except KafkaException as error:
            raise cluster.failed(error.args[0]) from error

    def connected(self, timeout_s: float) -> int | None:
        """How many brokers there are; None if none has told within the timeout.

        Raises:
            SinkError: They cannot be reached, or do not let us in.
        """
        try:
            brokers = len(self._producers[0].list_topics(timeout=timeout_s).brokers)
        except KafkaException:
            self.poll(0)
            self.check()
            return None
        self.forgive()
        return brokers

    def produce(
        self, topic: str, key: bytes | None, value: bytes, told: Callable[[KafkaError | None, Any], None]
    ) -> None:
        """Takes a message; `told` is called by `poll` when it is clear what has become of it.

        Raises:
            BufferError: There is no room.
            KafkaException: It can never be sent.
        """
        self._producers[0].produce(topic, value, key, on_delivery=told)

    def poll(self, timeout_s: float) -> None:
        """Waits for news until the timeout, and tells them."""
        try:
            self._producers[0].poll(timeout_s)
        except KafkaException as error:  # fatal ones are raised instead of told
            self._on_error(error.args[0])

    def check(self) -> None:
        """Raises SinkError if the cluster is away, or if the producer cannot be used any more."""
        if self._broken is not None:
            raise self._broken

    def forgive(self) -> None:
        """Forgets that brokers were away: they also hang up when they have nothing to do."""
        self.poll(0)
        self._reason = self._broken = None

    def close(self) -> None:
        """Throws away what was not sent. A look-up that hangs is waited for by another thread."""
        ending = threading.Thread(target=self._producers.clear, name="end of a Kafka producer", daemon=True)
        ending.start()
        ending.join(CLOSE_S)

    def _on_error(self, error: KafkaError) -> None:
        if error.name() == ALL_AWAY:
            why = self._cluster.failed(self._reason) if self._reason else self._cluster.error("no broker answers")
            self._broken = self._broken or why
            return
        self._reason = error
        if error.fatal() or error.name() == "_AUTHENTICATION":
            self._broken = self._cluster.failed(error)
        if error.fatal() and error.name() in NOT_IDEMPOTENT:
            self.may_be_idempotent = False
