"""Messages to a Kafka cluster, a topic for each kind."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException

from edge_app.core.errors import SinkError
from edge_app.publish.messages import ALL_KINDS, Message, MessageKind
from edge_app.publish.sinks.kafka.cluster import KafkaCluster
from edge_app.publish.sinks.kafka.producer import KafkaProducer
from edge_app.publish.sinks.sink import RefusedError

logger = logging.getLogger(__name__)

IN_FLIGHT = 500  # messages without a delivery report; beyond that a slow cluster holds back the queue
ANSWER_S = 20.0  # for the oldest message, since the one before it was settled
OPEN_S = 15.0
WAIT_S = 0.5


class KafkaSink:
    """Counts a message as delivered when all replicas that are in sync have it.

    A camera is the key of its messages, so they are in one partition, in order. The first message that fails ends the
    producer: librdkafka would go on with the next.
    """

    def __init__(self, cluster: KafkaCluster, *, prefix: str, kinds: Iterable[MessageKind] = ALL_KINDS) -> None:
        """Does not connect yet.

        Args:
            cluster: Where messages go.
            prefix: First part of every topic's name.
            kinds: Which messages it takes.
        """
        self.kinds = frozenset(kinds)
        self._cluster, self._prefix = cluster, prefix
        self._producer: KafkaProducer | None = None
        self._idempotent = True
        self._began_mono = self._waits_since_mono = 0.0
        self._in_flight = 0
        self._delivered: list[Message] = []
        self._refused: deque[RefusedError] = deque()
        self._error: SinkError | None = None

    def open(self, wake: Callable[[], None]) -> bool:
        if self._producer is None:
            self._in_flight, self._delivered, self._error = 0, [], None
            self._refused.clear()
            self._began_mono = time.monotonic()
            self._producer = KafkaProducer(self._cluster, idempotent=self._idempotent)
        if self._producer.connected(WAIT_S) is not None:
            return True
        if time.monotonic() - self._began_mono > OPEN_S:
            raise self._cluster.error("no answer in time")
        return False

    def send(self, message: Message) -> bool:
        producer = self._opened()
        if self._in_flight >= IN_FLIGHT:
            producer.poll(WAIT_S)
        if self._in_flight >= IN_FLIGHT or self._error is not None:
            return False
        if not self._in_flight:
            producer.forgive()
            self._waits_since_mono = time.monotonic()
        key = message.camera.encode() if message.camera else None
        try:
            producer.produce(f"{self._prefix}.{message.kind}", key, message.payload, partial(self._told, message))
        except BufferError:
            producer.poll(WAIT_S)
            return False
        except KafkaException as error:
            if error.args[0].name() == "_FATAL":
                producer.poll(0)
                producer.check()  # which knows why
            raise self._cluster.judged(message, error.args[0]) from error
        self._in_flight += 1
        return True

    def confirmed(self) -> Sequence[Message]:
        producer = self._opened()
        producer.poll(0)
        if self._refused:
            raise self._refused.popleft()
        delivered, self._delivered = self._delivered, []
        if not delivered:
            self._check(producer)
        return delivered

    def close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is None:
            return
        producer.close()
        if self._idempotent and not producer.may_be_idempotent:
            self._idempotent = False
            logger.warning(
                "%s: does without idempotence from now on: a message that is sent again may come twice",
                self._cluster.brokers[0],
            )

    def _opened(self) -> KafkaProducer:
        if self._producer is None:
            raise ValueError("want an open sink")
        return self._producer

    def _check(self, producer: KafkaProducer) -> None:
        """Raises what has ended the producer, once all that it has delivered is told."""
        if self._error is not None:
            raise self._error
        if self._in_flight:
            producer.check()
            if time.monotonic() - self._waits_since_mono > ANSWER_S:
                raise self._cluster.error(f"a message was not confirmed in {ANSWER_S:g} s")

    def _told(self, message: Message, error: KafkaError | None, _: Any) -> None:
        """A delivery report."""
        self._in_flight -= 1
        self._waits_since_mono = time.monotonic()
        if error is None and self._error is None:
            self._delivered.append(message)
        elif error is not None:
            judged = self._cluster.judged(message, error)
            if isinstance(judged, RefusedError):
                self._refused.append(judged)
            else:
                self._error = self._error or judged
