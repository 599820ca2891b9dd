"""A Kafka cluster: how it is reached, and what its errors mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaError
from pydantic import SecretStr

from edge_app.core.errors import SinkError
from edge_app.publish.messages import Message
from edge_app.publish.sinks.sink import BusyError, LoginError, RefusedError

CONNECT_MS = 5000
REQUEST_MS = 10_000
NEVER_MS = 300_000  # the sink gives up long before: librdkafka would give up one message and go on with the next
UNKNOWN_TOPIC_MS = 10_000  # for a topic to be made; then it is not there
BATCH = 1 << 16  # bytes that are sent at once; a broker refuses a batch as a whole
BUFFERED_KB = 1 << 14

# Names of Kafka's errors, and with `_` of librdkafka's own.
LOGIN = {"_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED", "UNSUPPORTED_SASL_MECHANISM", "ILLEGAL_SASL_STATE"}
BUSY = {"NOT_ENOUGH_REPLICAS", "NOT_ENOUGH_REPLICAS_AFTER_APPEND", "THROTTLING_QUOTA_EXCEEDED", "KAFKA_STORAGE_ERROR"}
OF_ONE_MESSAGE = {
    "MSG_SIZE_TOO_LARGE", "RECORD_LIST_TOO_LARGE", "INVALID_MSG", "INVALID_RECORD", "INVALID_TIMESTAMP",
    "POLICY_VIOLATION", "TOPIC_AUTHORIZATION_FAILED", "TOPIC_EXCEPTION", "UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC",
}  # fmt: skip
TOO_LARGE = {"MSG_SIZE_TOO_LARGE", "RECORD_LIST_TOO_LARGE"}
NOT_IDEMPOTENT = {"_UNSUPPORTED_FEATURE", "CLUSTER_AUTHORIZATION_FAILED"}
SLOW = {"_TIMED_OUT", "_TIMED_OUT_QUEUE", "_MSG_TIMED_OUT"}

# `sasl_plaintext://10.0.0.5:9092/bootstrap: Connect to … failed: Connection refused (after 2ms in state CONNECT)`
WHERE = re.compile(r"^(?:\w+://)?(?P<broker>[^\s/]+)/(?:bootstrap|\d+): ")
DURATION = re.compile(r" \(after \d+ms in state [^)]*\)")


@dataclass(frozen=True, slots=True)
class KafkaCluster:
    """How a cluster is reached.

    Attributes:
        brokers: `host:port` of some of its brokers; the others are asked for.
        mechanism: How the login is proved, as SASL calls it.
        username: Who logs in; None for no login.
        password: Of that user.
        encrypted: Whether TLS is spoken.
        ca: File or folder of the certificates that may sign the brokers'; None for the system's.
        verify: Whether the brokers' certificates are checked.
    """

    brokers: tuple[str, ...]
    mechanism: str
    username: str | None
    password: SecretStr | None
    encrypted: bool
    ca: Path | None
    verify: bool

    def settings(self, *, idempotent: bool) -> dict[str, Any]:
        """What librdkafka calls all this; without idempotence one request at a time keeps the order."""
        login = self.username is not None
        settings: dict[str, Any] = {
            "bootstrap.servers": ",".join(self.brokers),
            "client.id": "edge_app",
            "security.protocol": ("sasl_" if login else "") + ("ssl" if self.encrypted else "plaintext"),
            "acks": "all",
            "enable.idempotence": idempotent,
            "max.in.flight.requests.per.connection": 5 if idempotent else 1,
            "batch.size": BATCH,
            "queue.buffering.max.kbytes": BUFFERED_KB,
            "message.timeout.ms": NEVER_MS,
            "request.timeout.ms": REQUEST_MS,
            "socket.timeout.ms": REQUEST_MS,
            "socket.connection.setup.timeout.ms": CONNECT_MS,
            "socket.keepalive.enable": True,
            "topic.metadata.propagation.max.ms": UNKNOWN_TOPIC_MS,
            "reconnect.backoff.max.ms": 2000,
        }
        if login:
            password = self.password.get_secret_value() if self.password else ""
            settings |= {"sasl.mechanism": self.mechanism, "sasl.username": self.username, "sasl.password": password}
        if self.encrypted:
            settings["enable.ssl.certificate.verification"] = self.verify
            settings |= {} if self.ca is None else {"ssl.ca.location": str(self.ca)}
        return settings

    def error(self, why: str) -> SinkError:
        """A failure of this cluster."""
        return SinkError(f"{self.brokers[0]}: {why}")

    def failed(self, error: KafkaError) -> SinkError:
        """Why nothing can be sent; the text is the same for the same reason."""
        said = error.str()
        where = found["broker"] if (found := WHERE.match(said)) else self.brokers[0]
        words = " ".join(DURATION.sub("", WHERE.sub("", said)).split())
        if error.name() in LOGIN:
            return LoginError(f"{where}: authentication refused: {words}")
        if error.name() in BUSY:
            return BusyError(f"{where}: {words}")
        if error.name() == "_RESOLVE":
            return SinkError(f"{where}: name not found")
        if error.name() in SLOW or "timed out" in words:
            return SinkError(f"{where}: no answer in time")
        return SinkError(f"{where}: {words}")

    def judged(self, message: Message, error: KafkaError) -> SinkError:
        """What it means that a message was not taken."""
        too_large = error.name() in TOO_LARGE and len(message.payload) < BATCH  # or those that were sent with it
        if error.name() in OF_ONE_MESSAGE and not too_large:
            return RefusedError(message, f"refused: {error.str()}", error.name())
        return self.failed(error)
