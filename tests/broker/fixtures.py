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
from tests.server import ServerProcess
from tests.waiting import PATIENCE_S, until
from tests.wire import Wire

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
USER, PASSWORD = "edge", "br0ker:&=%41 pass"


class Broker(ServerProcess):
    """A mosquitto that can be killed, frozen and started again on the same port; it remembers sessions."""

    def __init__(
        self, folder: Path, certificates: Path | None = None, *, password: bool = False, more: Sequence[str] = ()
    ) -> None:
        """Starts it with these `more` lines of its configuration."""
        self.port, self.web_port = free_port(), free_port()  # MQTT, and MQTT in WebSockets
        self.ca = certificates / "ca.pem" if certificates else None
        self.password = password
        self.folder = folder
        lines = [f"listener {self.port} 127.0.0.1", "user root", "persistence true", f"persistence_location {folder}/"]
        lines += ["autosave_on_changes true", "autosave_interval 1", f"allow_anonymous {str(not password).lower()}"]
        lines += more
        tls = [f"cafile {self.ca}", f"certfile {certificates}/broker.pem", f"keyfile {certificates}/broker.key"]
        lines += tls if certificates else []
        if password:
            self.set_password(PASSWORD)
            lines += [f"password_file {folder}/users"]
        lines += [f"listener {self.web_port} 127.0.0.1", "protocol websockets", *(tls if certificates else [])]
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
        with contextlib.suppress(OSError):
            for port in (self.port, self.web_port):
                socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        return False

    def log(self) -> str:
        return (self.folder / "mosquitto.log").read_text()

    def reload(self) -> None:
        """Reads passwords and access lists again."""
        self._process.send_signal(signal.SIGHUP)


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


class Throttle(Wire):
    """A wire that lets so many acknowledgements (4 bytes each) a second back from the broker.

    Attributes:
        acknowledged: How many it let through, with those of the connection itself.
    """

    def __init__(self, broker: Broker, per_second: float) -> None:
        self._pause_s = 1 / per_second
        self.acknowledged = 0
        super().__init__(broker.port)

    def _pump(self, source: socket.socket, target: socket.socket, back: bool) -> None:
        if not back:
            super()._pump(source, target, back)
            return
        with contextlib.suppress(OSError):
            while data := source.recv(4):
                self.acknowledged += 1
                target.sendall(data)
                self._closed.wait(self._pause_s)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)


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
