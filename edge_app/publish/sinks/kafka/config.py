"""The section of the configuration for a Kafka cluster."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from edge_app.config.section import BROKER, DOTTED, Name, OptionalTls, check_login, checked_text, wrong
from edge_app.publish.messages import ALL_KINDS, MessageKind
from edge_app.publish.sinks.network import cautions_about_login, want_library
from edge_app.publish.sinks.sink import SinkConfig
from edge_app.publish.spool.config import OptionalSpool, SpoolConfig

if TYPE_CHECKING:  # an extra, which need not be installed
    from edge_app.publish.sinks.kafka.cluster import KafkaCluster
    from edge_app.publish.sinks.kafka.sink import KafkaSink

PROBE_S, SLICE_S = 5.0, 0.5


class KafkaSinkConfig(SinkConfig):
    """Messages to a Kafka cluster, a topic for each kind, with the camera as key; needs the extra `kafka`."""

    type: Literal["kafka"] = "kafka"
    """What kind of sink this is."""
    name: Name = "kafka"
    """What logs and metrics call it."""
    messages: tuple[MessageKind, ...] = Field(default=ALL_KINDS, min_length=1)
    """Which messages it takes."""
    spool: OptionalSpool = SpoolConfig()
    """`false`, `true` or a section: what the cluster does not take is kept on the disk, also over restarts."""
    brokers: tuple[Annotated[str, Field(pattern=BROKER, max_length=260)], ...] = Field(min_length=1)
    """Some of the brokers, each HOST:PORT; they tell of the others."""
    tls: OptionalTls = None
    """`true` for the system's certificates, or {ca: FILE, verify: true}; null or `false`: unencrypted."""
    username: str | None = None
    """Who logs in."""
    password: SecretStr | None = None
    """Best written as ${VAR}, so that it is not in this file."""
    mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = "SCRAM-SHA-512"
    """How the login is proved. `PLAIN`, which most clouds want, sends the password itself."""
    prefix: str = Field(default="edge_app", pattern=DOTTED, max_length=200)
    """First part of every topic's name: <prefix>.detections."""

    @field_validator("username", "password")
    @classmethod
    def _can_be_sent(cls, value: str | SecretStr | None) -> str | SecretStr | None:
        checked_text(value)
        return value

    @model_validator(mode="after")
    def _login_is_whole(self) -> KafkaSinkConfig:
        check_login(self.username, self.password)
        if self.username is not None and self.password is None:
            raise wrong("needs password beside it", "username")
        want_library("confluent_kafka", "confluent-kafka", "kafka")
        return self

    def cautions(self) -> Iterator[str]:
        """See `SinkConfig.cautions`."""
        for broker in self.brokers if self.mechanism == "PLAIN" else ():
            host = broker.rpartition(":")[0].strip("[]")
            yield from cautions_about_login(
                host, encrypted=self.tls is not None, has_password=self.password is not None
            )

    def cluster(self) -> KafkaCluster:
        """How the cluster is reached; raises ConfigError or AccessError if the certificates cannot be read."""
        from edge_app.publish.sinks.kafka.cluster import KafkaCluster

        if self.tls is not None:
            self.tls.context()
        return KafkaCluster(
            brokers=self.brokers,
            mechanism=self.mechanism,
            username=self.username,
            password=self.password,
            encrypted=self.tls is not None,
            ca=self.tls.ca if self.tls else None,
            verify=self.tls is None or self.tls.verify,
        )

    def open(self) -> KafkaSink:
        """The sink, not yet connected; see `SinkConfig.open`."""
        from edge_app.publish.sinks.kafka.sink import KafkaSink

        return KafkaSink(self.cluster(), prefix=self.prefix, kinds=self.messages)

    def probe(self) -> str:
        """Connects, logs in, and sends nothing."""
        from edge_app.publish.sinks.kafka.producer import KafkaProducer

        cluster = self.cluster()
        producer = KafkaProducer(cluster, idempotent=False)
        until = time.monotonic() + PROBE_S
        try:
            while (brokers := producer.connected(SLICE_S)) is None and time.monotonic() < until:
                pass
        finally:
            producer.close()
        if brokers is None:
            raise cluster.error("no answer in time")
        login = "authenticated" if self.username else "no login"
        many = f"{brokers} broker{'s' if brokers != 1 else ''}"
        return f"{self.brokers[0]}: {many}, {'TLS' if self.tls else 'not encrypted'}, {login}"
