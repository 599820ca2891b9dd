"""Real Redis servers on free ports of 127.0.0.1: plain, with TLS and passwords, killed and frozen."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.ports import free_port
from tests.server import ServerProcess
from tests.waiting import until

SERVER = shutil.which("redis-server")
USER, PASSWORD = "edge", "r3d1s:/%41+pass"


class RedisServer(ServerProcess):
    """A redis-server that can be killed, frozen and started again on the same port; it remembers its streams."""

    def __init__(
        self, folder: Path, certificates: Path | None = None, *, password: bool = False, more: Sequence[str] = ()
    ) -> None:
        """Starts it with these `more` lines of its configuration."""
        self.port = free_port()
        self.ca = certificates / "ca.pem" if certificates else None
        self.password = password
        self.folder = folder
        port = f"port 0\ntls-port {self.port}" if certificates else f"port {self.port}"
        lines = [port, "bind 127.0.0.1", f"dir {folder}", "appendonly yes", "appendfsync always", 'save ""', *more]
        if certificates:
            lines += [f"tls-ca-cert-file {self.ca}", "tls-auth-clients no"]
            lines += [f"tls-cert-file {certificates}/broker.pem", f"tls-key-file {certificates}/broker.key"]
        if password:
            lines += ["user default off", f"user {USER} on >{PASSWORD} ~* &* +@all"]
        (folder / "redis.conf").write_text("\n".join(lines) + "\n")
        self.start()

    def start(self) -> None:
        with (self.folder / "redis.log").open("a") as log:
            self._process = subprocess.Popen(
                [str(SERVER), str(self.folder / "redis.conf")], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            until(self.answers)
        except BaseException:
            self.kill()
            raise

    def answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.AuthenticationError:
            return True
        except redis.RedisError:
            return False

    def client(self) -> redis.Redis:
        """Somebody who may do everything."""
        login = {"username": USER, "password": PASSWORD} if self.password else {}
        tls = {"ssl": True, "ssl_ca_certs": str(self.ca)} if self.ca else {}
        return redis.Redis(host="127.0.0.1", port=self.port, **login, **tls)

    def documents(self, stream: str) -> list[dict[str, Any]]:
        """What a stream holds, oldest first."""
        with self.client() as client:
            return [json.loads(fields[b"message"]) for _, fields in client.xrange(stream)]


@pytest.fixture
def start_redis(tmp_path: Path) -> Iterator[Callable[..., RedisServer]]:
    """Starts a server with the arguments of `RedisServer` after its folder; it ends with the test."""
    if SERVER is None:
        pytest.skip("redis-server is not installed: apt-get install redis-server")
    started: list[RedisServer] = []

    def start(*arguments: Path, **options: Any) -> RedisServer:
        folder = tmp_path / f"redis{len(started)}"
        folder.mkdir()
        started.append(RedisServer(folder, *arguments, **options))
        return started[-1]

    yield start
    for server in started:
        server.kill()


@pytest.fixture
def redis_server(start_redis: Callable[..., RedisServer]) -> RedisServer:
    """A server that lets everybody in, without encryption."""
    return start_redis()


@pytest.fixture
def tls_redis(start_redis: Callable[..., RedisServer], certificates: Path) -> RedisServer:
    """A server with TLS that lets in `USER` with `PASSWORD`."""
    return start_redis(certificates, password=True)
