"""Lines over TCP and datagrams over UDP, to listeners in processes of their own."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from edge_app.config import TlsConfig
from edge_app.core.errors import ConfigError, SinkError
from edge_app.publish.sinks import RefusedError
from edge_app.publish.sinks.ndjson import TcpSinkConfig, UdpSinkConfig
from tests.listener.fixtures import Listener
from tests.ports import free_port
from tests.publish.conftest import Running, fast_backoff, never
from tests.waiting import PATIENCE_S, until


def tcp(port: int, **more: Any) -> TcpSinkConfig:
    return TcpSinkConfig(host="127.0.0.1", port=port, **more)


def udp(port: int) -> UdpSinkConfig:
    return UdpSinkConfig(host="127.0.0.1", port=port)


def seqs(listener: Listener) -> list[int]:
    return [document["seq"] for document in listener.documents()]


def in_order(numbers: list[int]) -> list[int]:
    """As they came first, without what came again."""
    return list(dict.fromkeys(numbers))


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "TLS"])
def test_lines_arrive_in_order_over_tcp(
    listen: Any, certificates: Path, running: Running, message: Any, encrypted: bool
) -> None:
    listener = listen("tcp", certificates if encrypted else None)
    tls = TlsConfig(ca=certificates / "ca.pem") if encrypted else None
    delivery = running.start(tcp(listener.port, tls=tls).open())
    for number in range(300):
        delivery.put(message(number), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    until(lambda: seqs(listener) == list(range(300)))


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "TLS"])
def test_a_peer_that_stops_reading_holds_back_the_queue_and_loses_nothing(
    listen: Any, certificates: Path, running: Running, message: Any, encrypted: bool
) -> None:
    listener = listen("tcp", certificates if encrypted else None)
    tls = TlsConfig(verify=False) if encrypted else None
    delivery = running.start(tcp(listener.port, tls=tls).open(), capacity=100)
    until(lambda: delivery.status.state == "up")
    listener.freeze()
    number = 0
    while delivery.put(large(message, number), lambda: False):
        number += 1
        assert number < 1000, "the system's buffers have no end"
    running.assert_beats("publish sink", longest_s=1.5)
    listener.thaw()
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    until(lambda: seqs(listener) == list(range(number)))
    assert listener.connections() == 1


def large(message: Any, number: int) -> Any:
    """A message of a finite source, which waits for room, of 100 kB."""
    made = message(number, live=False)
    return type(made)(camera=made.camera, kind=made.kind, payload=made.payload + b" " * 100_000, droppable=False)


def test_a_listener_that_dies_is_found_again_and_gets_whole_lines_in_order(
    listen: Any, running: Running, message: Any
) -> None:
    listener = listen("tcp")
    delivery = running.start(tcp(listener.port).open(), backoff=fast_backoff())
    for number in range(100):
        delivery.put(message(number), never)
    until(lambda: len(seqs(listener)) == 100)
    listener.kill()
    until(lambda: delivery.status.state == "down")
    for number in range(100, 200):
        delivery.put(message(number), never)
    listener.start()
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    until(lambda: in_order(seqs(listener)) == list(range(200)))
    assert delivery.status.state == "up"


def test_a_peer_that_hangs_up_is_noticed_although_nothing_is_sent(running: Running) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        delivery = running.start(tcp(server.getsockname()[1]).open())
        peer, _ = server.accept()
        until(lambda: delivery.status.state == "up")
        peer.close()
        until(lambda: delivery.status.state == "down")
    assert delivery.status.reason is not None
    assert delivery.status.reason.endswith("the peer hung up")


def test_a_peer_that_never_stops_talking_changes_nothing(running: Running, message: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        delivery = running.start(tcp(server.getsockname()[1]).open())
        peer, _ = server.accept()
        ended = threading.Event()

        def talk() -> None:
            while not ended.is_set():
                peer.sendall(b"x" * 65536)

        talker = threading.Thread(target=talk, daemon=True)
        talker.start()
        delivery.put(message(0), never)
        assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
        ended.set()
        talker.join(PATIENCE_S)
        peer.close()


def test_a_handshake_that_never_ends_holds_the_thread_up_for_a_moment_only(running: Running) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        running.start(tcp(silent.getsockname()[1], tls=TlsConfig(verify=False)).open())
        running.assert_beats("publish sink", longest_s=1.5)
        assert running.end() == []
    until(lambda: not [t for t in threading.enumerate() if t.name.startswith("connect ")])


def test_probing_tcp_says_what_it_found(listen: Any, certificates: Path) -> None:
    plain, encrypted = listen("tcp"), listen("tcp", certificates)
    assert tcp(plain.port).probe() == f"127.0.0.1:{plain.port}: not encrypted"
    trusting = tcp(encrypted.port, tls=TlsConfig(ca=certificates / "ca.pem"))
    assert trusting.probe() == f"127.0.0.1:{encrypted.port}: TLS 1.3"
    with pytest.raises(SinkError, match="the peer's certificate was rejected"):
        tcp(encrypted.port, tls=TlsConfig(ca=certificates / "other.pem")).probe()
    with pytest.raises(SinkError, match="Connection refused"):
        tcp(free_port()).probe()
    with pytest.raises(SinkError, match="name not found"):
        TcpSinkConfig(host="no-such-host.invalid", port=1).probe()
    with pytest.raises(ConfigError, match="no such file"):
        tcp(encrypted.port, tls=TlsConfig(ca=certificates / "none.pem")).open()


def test_each_document_is_a_datagram_over_udp(listen: Any, running: Running, message: Any) -> None:
    listener = listen("udp")
    delivery = running.start(udp(listener.port).open())
    for number in range(100):
        delivery.put(message(number), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    until(lambda: seqs(listener) == list(range(100)))


def test_what_is_larger_than_a_datagram_does_not_keep_the_others_back(
    listen: Any, running: Running, message: Any
) -> None:
    listener = listen("udp")
    delivery = running.start(udp(listener.port).open())
    delivery.put(large(message, 0), never)
    delivery.put(message(1), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    until(lambda: seqs(listener) == [1])
    assert running.metrics.by("publish_dropped", "reason", sink="sink") == {"refused": 1}
    assert delivery.status.state == "up"


def test_the_largest_datagram_is_sent(listen: Any, message: Any) -> None:
    listener = listen("udp")
    sink = udp(listener.port).open()
    until(lambda: sink.open(lambda: None))
    small = message(7)
    fits = type(small)(camera="gate", kind="events", payload=small.payload.ljust(65_506), droppable=True)
    assert sink.send(fits)
    until(lambda: seqs(listener) == [7])
    with pytest.raises(RefusedError, match="65507"):
        sink.send(type(small)(camera="gate", kind="events", payload=small.payload.ljust(65_507), droppable=True))
    sink.close()


def test_datagrams_that_nobody_takes_wait(listen: Any, running: Running, message: Any) -> None:
    listener = listen("udp")
    listener.kill()
    delivery = running.start(udp(listener.port).open(), backoff=fast_backoff())
    for number in range(10):
        delivery.put(message(number), never)
    until(lambda: delivery.status.state == "down")
    assert (delivery.status.queued, running.metrics.total("published", sink="sink")) == (10, 0)
    assert "Connection refused" in str(delivery.status.reason)
    listener.start()
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    until(lambda: set(seqs(listener)) == set(range(10)))


def test_probing_udp_looks_up_the_name_only() -> None:
    port = free_port()
    assert udp(port).probe() == f"127.0.0.1:{port}: there is a way to 127.0.0.1; who listens there does not answer"
    with pytest.raises(SinkError, match="name not found"):
        UdpSinkConfig(host="no-such-host.invalid", port=1).probe()
