"""The Redis sink against real servers."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_app.config import TlsConfig
from edge_app.core.errors import ConfigError, SinkError
from edge_app.publish import Message
from edge_app.publish.sinks.redis import RedisSinkConfig, transport
from edge_app.publish.sinks.sink import BusyError, LoginError
from tests.ports import free_port
from tests.publish.conftest import Running, fast_backoff, never, shown
from tests.redis_server.fixtures import PASSWORD, USER, RedisServer
from tests.waiting import PATIENCE_S, Stopwatch, until

STREAM = "edge_app:gate:detections"


def config(port: int, **more: Any) -> RedisSinkConfig:
    return RedisSinkConfig(host="127.0.0.1", port=port, **more)


def login(server: RedisServer, password: str = PASSWORD) -> RedisSinkConfig:
    return config(server.port, tls=TlsConfig(ca=server.ca), username=USER, password=password)


def seqs(server: RedisServer, stream: str = STREAM) -> list[int]:
    return [document["seq"] for document in server.documents(stream)]


def in_order(numbers: list[int]) -> list[int]:
    """As they came first, without what came again."""
    return list(dict.fromkeys(numbers))


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    until(lambda: not [t for t in threading.enumerate() if t.name.startswith("deliver ")])


def test_messages_arrive_in_order_in_the_stream_of_their_camera_and_kind(
    redis_server: RedisServer, running: Running, message: Any
) -> None:
    delivery = running.start(config(redis_server.port, prefix="site:7").open())
    delivery.put_state(shown("gate", "up"))
    delivery.put_state(Message(camera=None, kind="stats", payload=b'{"schema":"s"}', droppable=True))
    for number in range(300):
        delivery.put(message(number), never)
        delivery.put(replace(message(number, camera="yard"), kind="events"), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert seqs(redis_server, "site:7:gate:detections") == seqs(redis_server, "site:7:yard:events") == list(range(300))
    assert redis_server.documents("site:7:gate:status")[-1]["state"] == "up"
    assert redis_server.documents("site:7:stats") == [{"schema": "s"}]
    assert running.metrics.total("published", sink="sink") >= 600


def test_a_stream_is_cut_to_about_maxlen(redis_server: RedisServer, running: Running, message: Any) -> None:
    delivery = running.start(config(redis_server.port, maxlen=50).open())
    for number in range(900):
        delivery.put(message(number), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    kept = seqs(redis_server)
    assert 50 <= len(kept) < 300
    assert kept[-1] == 899


@pytest.mark.parametrize("password", [None, PASSWORD], ids=["default user", "default user off"])
def test_a_server_that_is_killed_loses_nothing_that_it_confirmed_and_gets_the_rest(
    start_redis: Any, running: Running, message: Any, password: str | None
) -> None:
    redis_server = start_redis(password=password is not None)
    known = config(redis_server.port, username=USER if password else None, password=password)
    delivery = running.start(known.open(), backoff=fast_backoff())
    for number in range(600):
        delivery.put(message(number), never)
        if number == 300:
            redis_server.kill()
    until(lambda: delivery.status.state == "down")
    redis_server.start()
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert in_order(seqs(redis_server)) == list(range(600))
    assert delivery.status.state == "up"


def test_a_frozen_server_holds_the_thread_up_for_a_moment_only(
    redis_server: RedisServer, running: Running, message: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "ANSWER_S", 2.0)
    delivery = running.start(config(redis_server.port).open(), backoff=fast_backoff())
    until(lambda: delivery.status.state == "up")
    redis_server.freeze()
    for number in range(500):
        delivery.put(message(number), never)
    running.assert_beats("publish sink", longest_s=1.5)
    until(lambda: delivery.status.reason == f"127.0.0.1:{redis_server.port}: no answer in time")
    running.assert_beats("publish sink", longest_s=1.5)  # now while it connects
    redis_server.thaw()
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert in_order(seqs(redis_server)) == list(range(500))


def test_a_stop_with_a_frozen_server_takes_a_moment_only(
    redis_server: RedisServer, running: Running, message: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "ANSWER_S", 10 * PATIENCE_S)
    delivery = running.start(config(redis_server.port).open())
    until(lambda: delivery.status.state == "up")
    redis_server.freeze()
    delivery.put(message(0), never)
    running.stop.wait(0.5)  # until it is on its way
    watch = Stopwatch()
    assert running.end() == []
    assert watch.read() < 1.5
    until(lambda: not [t for t in threading.enumerate() if t.name.startswith("deliver ")])
    redis_server.thaw()


def test_a_connection_on_which_nothing_happens_ends_with_its_sink(
    redis_server: RedisServer, running: Running, message: Any
) -> None:
    delivery = running.start(config(redis_server.port).open())
    delivery.put(message(0), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    asking = redis_server.client()
    assert len(asking.client_list()) == 2
    assert running.end() == []
    until(lambda: len(asking.client_list()) == 1)
    asking.close()


def test_a_full_memory_is_refused_for_now_and_order_is_kept(
    redis_server: RedisServer, running: Running, message: Any
) -> None:
    delivery = running.start(config(redis_server.port).open(), backoff=fast_backoff())
    with redis_server.client() as client:
        client.config_set("maxmemory", 1)
        for number in range(300):
            delivery.put(message(number), never)
        until(lambda: delivery.status.state == "down")
        assert "used memory > 'maxmemory'" in str(delivery.status.reason)
        client.config_set("maxmemory", 0)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert seqs(redis_server) == list(range(300))
    assert running.metrics.by("publish_dropped", "reason", sink="sink") == {}


def test_a_key_that_is_no_stream_does_not_keep_the_others_back(
    redis_server: RedisServer, running: Running, message: Any, caplog: Any
) -> None:
    with redis_server.client() as client:
        client.set("edge_app:yard:detections", "mine")
    delivery = running.start(config(redis_server.port).open())
    for number in range(100):
        delivery.put(message(number), never)
        delivery.put(message(number, camera="yard"), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert seqs(redis_server) == list(range(100))
    assert running.metrics.by("publish_dropped", "reason", sink="sink") == {"refused": 100}
    assert (running.metrics.total("publish_failed"), delivery.status.state) == (0, "up")
    assert caplog.text.count("detections of yard: refused: WRONGTYPE") == 1
    assert running.metrics.by("publish_refused", "code", sink="sink") == {"WRONGTYPE": 100}


def test_a_stream_that_an_access_list_refuses_does_not_keep_the_others_back(
    start_redis: Any, running: Running, message: Any
) -> None:
    server = start_redis(more=[f"user few on >{PASSWORD} ~edge_app:gate:* +xadd"])
    delivery = running.start(config(server.port, username="few", password=PASSWORD).open())
    for number in range(100):
        delivery.put(message(number), never)
        delivery.put(message(number, camera="yard"), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert seqs(server) == list(range(100))
    assert running.metrics.by("publish_refused", "code", sink="sink") == {"NOPERM": 100}
    assert running.metrics.by("publish_dropped", "reason", sink="sink") == {"refused": 100}
    assert delivery.status.state == "up"


def test_a_replica_that_takes_nothing_keeps_all_messages_waiting(
    redis_server: RedisServer, running: Running, message: Any
) -> None:
    with redis_server.client() as client:
        client.replicaof("127.0.0.1", free_port())
        delivery = running.start(config(redis_server.port).open(), backoff=fast_backoff())
        delivery.put(message(0), never)
        until(lambda: delivery.status.state == "down")
        assert "read only replica" in str(delivery.status.reason)
        client.replicaof("NO", "ONE")
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert seqs(redis_server) == [0]


def test_a_password_alone_is_that_of_the_default_user(start_redis: Any) -> None:
    server = start_redis(more=[f"requirepass {PASSWORD}"])
    assert config(server.port, password=PASSWORD).probe().endswith("not encrypted, authenticated")
    with pytest.raises(LoginError, match="Authentication required"):
        config(server.port).probe()


def test_a_refused_login_waits_and_shows_no_password(tls_redis: RedisServer, running: Running, caplog: Any) -> None:
    delivery = running.start(login(tls_redis, "wr0ng-one").open())
    until(lambda: delivery.status.state == "down")
    assert "authentication refused: invalid username-password pair" in str(delivery.status.reason)
    with pytest.raises(LoginError):
        login(tls_redis, "wr0ng-one").probe()
    assert "wr0ng-one" not in caplog.text


def test_messages_arrive_over_tls_with_a_login(tls_redis: RedisServer, running: Running, message: Any) -> None:
    delivery = running.start(login(tls_redis).open())
    for number in range(300):
        delivery.put(message(number), never)
    assert delivery.drain(time.monotonic() + PATIENCE_S) == 0
    assert seqs(tls_redis) == list(range(300))


def test_probing_says_what_it_found(tls_redis: RedisServer, redis_server: RedisServer, certificates: Path) -> None:
    assert login(tls_redis).probe() == f"127.0.0.1:{tls_redis.port}: TLS, authenticated"
    strange = login(tls_redis).model_copy(update={"tls": TlsConfig(ca=certificates / "other.pem")})
    with pytest.raises(SinkError, match="the server's certificate was rejected"):
        strange.probe()
    assert strange.model_copy(update={"tls": TlsConfig(verify=False)}).probe().endswith("TLS, authenticated")
    with pytest.raises(SinkError, match="no answer in time"):  # it waits for the end of what it takes for a command
        config(redis_server.port, tls=TlsConfig(verify=False)).probe()
    with pytest.raises(SinkError, match="does this port want TLS"):
        config(tls_redis.port).probe()
    with pytest.raises(SinkError, match="Connection refused"):
        config(free_port()).probe()
    with pytest.raises(SinkError, match="name not found"):
        RedisSinkConfig(host="no-such-host.invalid").probe()
    with pytest.raises(ConfigError, match="no such file"):
        config(1, tls=TlsConfig(ca=certificates / "none.pem")).open()
    with pytest.raises(SinkError, match="DB index is out of range"):
        config(redis_server.port, db=99).probe()


def test_certificates_may_lie_in_a_folder(tls_redis: RedisServer, certificates: Path, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes((certificates / "ca.pem").read_bytes())
    subprocess.run(["openssl", "rehash", tmp_path], check=True)
    found = login(tls_redis).model_copy(update={"tls": TlsConfig(ca=tmp_path)})
    assert found.probe().endswith("TLS, authenticated")


def test_what_speaks_another_protocol_is_a_failure_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            peer, _ = server.accept()
            with peer:
                peer.recv(1000)
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(SinkError) as caught:
            config(server.getsockname()[1]).probe()
    assert "\n" not in str(caught.value)


def test_a_server_that_still_loads_is_busy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            peer, _ = server.accept()
            with peer:
                while peer.recv(1000):
                    peer.sendall(b"-LOADING Redis is loading the dataset in memory\r\n" * 3)

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(BusyError, match="loading the dataset"):
            config(server.getsockname()[1]).probe()
