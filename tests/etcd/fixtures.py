"""etcd on free ports of 127.0.0.1: one member, which can be killed, frozen and started again with what it knew."""

from __future__ import annotations

import contextlib
import json
import shutil
import ssl
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port
from tests.server import ServerProcess
from tests.waiting import until

SERVER = shutil.which("etcd")


class EtcdServer(ServerProcess):
    """One member of a cluster that is it alone.

    Attributes:
        url: Where it is asked.
    """

    def __init__(self, folder: Path, certificates: Path | None = None) -> None:
        """Starts it, with this certificate if there is one."""
        scheme, self._certificates = "http" if certificates is None else "https", certificates
        self.url, peer = f"{scheme}://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}"
        self._folder = folder
        self._command = [
            str(SERVER), "--name", "one", "--data-dir", str(folder / "etcd"), "--listen-client-urls", self.url,
            "--advertise-client-urls", self.url, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", f"one={peer}", "--log-level", "warn",
        ]  # fmt: skip
        if certificates is not None:
            self._command += ["--cert-file", f"{certificates}/broker.pem", "--key-file", f"{certificates}/broker.key"]
        self.start()

    def start(self) -> None:
        with (self._folder / "etcd.log").open("a") as log:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            until(self.answers)
        except BaseException:
            self.kill()
            raise

    def answers(self) -> bool:
        with contextlib.suppress(OSError):
            return bool(self.ask("/v3/maintenance/status", {}).get("leader"))
        return False

    def ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """What it says to that, without a login."""
        context = None
        if self._certificates is not None:
            context = ssl.create_default_context(cafile=self._certificates / "ca.pem")
        request = urllib.request.Request(self.url + path, json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=5, context=context) as response:
            found: dict[str, Any] = json.loads(response.read())
        return found

    def log_ins(self, user: str, password: str) -> None:
        """From now on only that user, who may do everything, is answered."""
        self.ask("/v3/auth/user/add", {"name": "root", "password": "of the tests"})
        self.ask("/v3/auth/user/grant", {"user": "root", "role": "root"})
        self.ask("/v3/auth/user/add", {"name": user, "password": password})
        self.ask("/v3/auth/user/grant", {"user": user, "role": "root"})
        self.ask("/v3/auth/enable", {})


@pytest.fixture
def start_etcd(tmp_path: Path) -> Iterator[Callable[..., EtcdServer]]:
    """Starts etcd with the arguments of `EtcdServer` after its folder; it ends with the test."""
    if SERVER is None:
        pytest.skip("etcd is not installed: apt-get install etcd-server")
    started: list[EtcdServer] = []

    def start(certificates: Path | None = None) -> EtcdServer:
        started.append(EtcdServer(tmp_path, certificates))
        return started[-1]

    yield start
    for server in started:
        server.thaw()
        server.kill()
