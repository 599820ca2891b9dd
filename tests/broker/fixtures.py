"""Real MQTT brokers on free ports of 127.0.0.1: plain, with TLS and passwords, killed, frozen and throttled."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest

from tests.ports import free_port
from tests.waiting import PATIENCE_S, until

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
USER, PASSWORD = "edge", "br0ker:&=%41 pass"


class Broker:
    """A mosquitto that can be killed, frozen and started again on the same port; it remembers sessions."""

    def __init__(
        self, folder: Path, certificates: Path | None = None, *, password: bool = False, more: Sequence[str] = ()
    ) -> None:
        """Starts it with these `more` lines of its configuration."""
        self.port = free_port()
        self.ca = certificates / "ca.pem" if certificates else None
        self.password = password
        self.folder = folder
        lines = [f"listener {self.port} 127.0.0.1", "user root", "persistence true", f"persistence_location {folder}/"]
        lines += ["autosave_on_changes true", "autosave_interval 1", f"allow_anonymous {str(not password).lower()}"]
        lines += more
        if certificates:
            lines += [f"cafile {self.ca}", f"certfile {certificates}/broker.pem", f"keyfile {certificates}/broker.key"]
        if password:
            self.set_password(PASSWORD)
            lines += [f"password_file {folder}/users"]
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
        self.start()

    def set_password(self, password: str) -> None:
        """Lets the user in with this password from the next start, or `reload`, on."""
        users = self.folder / "users"
        subprocess.run(["mosquitto_passwd", "-b", "-c", users, USER, password], check=True, capture_output=True)

    def start(self) -> None:
        with (self.folder / "mosquitto.log").open("a") as log:
            self._process = subprocess.Popen(
                [str(MOSQUITTO), "-c", str(self.folder / "mosquitto.conf"), "-v"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(self.listens)

    def listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def log(self) -> str:
        return (self.folder / "mosquitto.log").read_text()

    def reload(self) -> None:
        """Reads passwords and access lists again."""
        self._process.send_signal(signal.SIGHUP)

    def freeze(self) -> None:
        """Stops answering without closing a connection."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Dies as in a power cut."""
        self._process.kill()
        self._process.wait()


class Subscriber:
    """Everything that a broker passes on, in a session that outlives the broker."""

    def __init__(self, broker: Broker, name: str = "subscriber") -> None:
        self.received: list[mqtt.MQTTMessage] = []
        self._changed = threading.Condition()
        self._subscribed = threading.Event()
        client = self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, name, clean_session=False)
        client.reconnect_delay_set(0.1, 0.1)
        if broker.password:
            client.username_pw_set(USER, PASSWORD)
        if broker.ca:
            client.tls_set(str(broker.ca), cert_reqs=ssl.CERT_REQUIRED)
        client.on_connect = lambda *_: client.subscribe("#", 1)
        client.on_subscribe = lambda *_: self._subscribed.set()
        client.on_message = self._on_message
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        assert self._subscribed.wait(PATIENCE_S)

    def _on_message(self, client: mqtt.Client, data: object, message: mqtt.MQTTMessage) -> None:
        with self._changed:
            self.received.append(message)
            self._changed.notify_all()

    def on(self, topic: str) -> list[bytes]:
        """What came on a topic so far."""
        with self._changed:
            return [message.payload for message in self.received if message.topic == topic]

    def wait_for(self, condition: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
        """Waits until what was received makes it true."""
        with self._changed:
            assert self._changed.wait_for(condition, timeout_s), [m.topic for m in self.received][-5:]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


class Throttle:
    """A TCP proxy that lets so many acknowledgements (4 bytes each) a second back from the broker.

    Attributes:
        acknowledged: How many it let through, with those of the connection itself.
    """

    def __init__(self, broker: Broker, per_second: float) -> None:
        self._broker, self._pause_s = broker, 1 / per_second
        self.acknowledged = 0
        self._closed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while not self._closed.is_set():
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._broker.port))
                self._sockets += client, server
                for source, target, pause_s in ((client, server, 0.0), (server, client, self._pause_s)):
                    self._threads.append(
                        threading.Thread(target=self._pump, args=(source, target, pause_s), daemon=True)
                    )
                    self._threads[-1].start()

    def _pump(self, source: socket.socket, target: socket.socket, pause_s: float) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(4 if pause_s else 65536):
                self.acknowledged += bool(pause_s)
                target.sendall(data)
                self._closed.wait(pause_s)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """Breaks every connection; new ones are welcome."""
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._closed.set()
        for each in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE_S)
        for each in (self._listener, *self._sockets):
            each.close()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA, `ca.pem`, and the certificate and key of a broker on 127.0.0.1; `other.pem` is another CA."""
    folder = tmp_path_factory.mktemp("certificates")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    authority = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]  # Python 3.13 refuses an authority without

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)

    for name in ("ca", "other"):
        openssl(
            "req", "-x509", *curve, *authority, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem"
        )
    openssl("req", *curve[:-2], "-subj", "/CN=127.0.0.1", "-keyout", "broker.key", "-out", "broker.csr")
    (folder / "broker.ext").write_text("subjectAltName=IP:127.0.0.1\nauthorityKeyIdentifier=keyid\n")
    signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "broker.ext"]
    openssl("x509", "-req", "-in", "broker.csr", *signing, "-out", "broker.pem")
    return folder


@pytest.fixture
def start_broker(tmp_path: Path) -> Iterator[Callable[..., Broker]]:
    """Starts a broker with the arguments of `Broker` after its folder; it ends with the test."""
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed: apt-get install mosquitto mosquitto-clients")
    started: list[Broker] = []

    def start(*arguments: Path, **options: Any) -> Broker:
        folder = tmp_path / f"broker{len(started)}"
        folder.mkdir()
        started.append(Broker(folder, *arguments, **options))
        return started[-1]

    yield start
    for broker in started:
        broker.kill()


@pytest.fixture
def broker(start_broker: Callable[..., Broker]) -> Broker:
    """A broker that lets everybody in, without encryption."""
    return start_broker()


@pytest.fixture
def tls_broker(start_broker: Callable[..., Broker], certificates: Path) -> Broker:
    """A broker with TLS that lets in `USER` with `PASSWORD`."""
    return start_broker(certificates, password=True)


@pytest.fixture
def subscribe() -> Iterator[Callable[[Broker], Subscriber]]:
    """Subscribes to everything of a broker."""
    with contextlib.ExitStack() as stack:

        def start(broker: Broker) -> Subscriber:
            subscriber = Subscriber(broker)
            stack.callback(subscriber.close)
            return subscriber

        yield start


@pytest.fixture
def throttle() -> Iterator[Callable[[Broker, float], Throttle]]:
    """Puts a slow line in front of a broker."""
    with contextlib.ExitStack() as stack:

        def start(broker: Broker, per_second: float) -> Throttle:
            proxy = Throttle(broker, per_second)
            stack.callback(proxy.close)
            return proxy

        yield start
