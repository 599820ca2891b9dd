"""Pictures that a model describes: what it is asked, and what it costs when it is away, slow or rude."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge_app.core.backoff import Backoff
from edge_app.core.metrics import Metrics
from edge_app.evidence import PrivacyMasks
from edge_app.evidence.describe import Describer, DescriptionOrder, describer
from edge_app.evidence.describe.config import DescribeConfig
from edge_app.evidence.describe.vision_model import LONGEST_PX
from edge_app.publish.messages import Message
from tests.evidence.chat_server import KEY, ChatServer, answer, says
from tests.publish.hook_server import Answer, drip, flood, reset
from tests.waiting import PATIENCE_S, Stopwatch, until

HUGE = 1 << 20


@dataclass
class Describing:
    """A describer that runs, and what it has told."""

    describer: Describer
    folder: Path
    masks: PrivacyMasks
    metrics: Metrics
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def order(self, name: str = "a.jpg", camera: str = "gate") -> DescriptionOrder:
        """An event with a picture, which is to be described."""
        message = Message(camera=camera, kind="events", payload=name.encode(), droppable=True)
        order = DescriptionOrder(message=message, picture=name, mask=self.masks.of(camera))
        self.describer.order(order)
        return order

    def texts(self, count: int) -> list[str]:
        until(lambda: len(self.told) >= count)
        return [news["description"] for _, news in self.told]

    def dropped(self, reason: str) -> int:
        return self.metrics.total("descriptions_dropped", reason=reason)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(describer, "_backoff", lambda: Backoff(initial_s=0.02, max_s=0.02))


@pytest.fixture
def describing(tmp_path: Path) -> Iterator[Callable[..., Describing]]:
    """Starts describers: `describing(server, timeout_s=…)`; there is a picture `a.jpg` of 1600 × 900."""
    cv2.imwrite(str(tmp_path / "a.jpg"), np.full((900, 1600, 3), (10, 200, 30), np.uint8))
    running: list[tuple[Describing, threading.Thread]] = []

    def start(server: ChatServer, **keys: Any) -> Describing:
        masks, metrics = PrivacyMasks({"gate": ()}), Metrics()
        told = list[tuple[str, dict[str, Any]]]()
        each = Describer(
            config(server, **keys), tmp_path, masks, metrics, lambda m, n: told.append((m.payload.decode(), dict(n)))
        )
        thread = threading.Thread(target=each.run, daemon=True)
        thread.start()
        running.append((Describing(each, tmp_path, masks, metrics, told), thread))
        return running[-1][0]

    yield start
    for each, thread in running:
        each.describer.close()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def config(server: ChatServer, **keys: Any) -> DescribeConfig:
    return DescribeConfig.model_validate(
        {"url": server.url, "model": "m", "api_key": KEY, "max_per_minute": 6000, "timeout_s": 5, **keys}
    )


def test_a_picture_is_shown_small_with_the_prompt_and_the_answer_is_told(describing) -> None:
    with ChatServer(says("A van."), says("A man.")) as server:
        room = describing(server, prompt="What is in {this} picture?")
        room.order()
        room.order()
        assert room.texts(2) == ["A van.", "A man."]
        assert room.told[0] == ("a.jpg", {"description": "A van.", "verified": None})
        assert server.texts == ["What is in {this} picture?"] * 2
        assert {picture.shape for picture in server.pictures} == {(432, LONGEST_PX, 3)}
        assert server.wrong == []
    assert room.metrics.total("descriptions", camera="gate") == 2
    assert room.metrics.histogram("description", camera="gate").count == 2


def test_the_question_is_asked_in_the_same_request(describing) -> None:
    with ChatServer(says('{"description": "A man on a fence.", "verified": true}')) as server:
        room = describing(server, prompt="Look.", verify="Does anybody climb?")
        room.order()
        until(lambda: room.told)
        assert room.told == [("a.jpg", {"description": "A man on a fence.", "verified": True})]
        (text,) = server.texts
        assert "Look." in text and "Does anybody climb?" in text  # noqa: PT018


def test_without_a_key_none_is_sent_and_a_connection_is_used_again(describing) -> None:
    kept = says("A van.").replace(b"Connection: close\r\n", b"")
    with ChatServer(lambda connection: [connection.sendall(kept), connection.recv(1)], key=None) as server:
        room = describing(server, api_key="")
        room.order()
        assert room.texts(1) == ["A van."]
        assert server.wrong == []


RUDE: dict[str, Callable[[ChatServer], Answer]] = {
    "500": lambda _: 500,
    "401": lambda _: (401, {"WWW-Authenticate": f"Bearer {KEY}"}),
    "404": lambda _: 404,
    "redirects": lambda _: (302, {"Location": f"http://127.0.0.1/{KEY}"}),
    "hangs up": lambda _: None,
    "resets": lambda _: reset(b"HTTP/1.1 200 OK\r\n"),
    "no HTTP": lambda _: b"SSH-2.0-OpenSSH_9.9\r\n",
    "drips a head": lambda server: drip(server.over, b"HTTP/1.1 200 OK\r\nX: "),
    "drips a body": lambda server: drip(server.over, b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n"),
    "drips a body without an end": lambda server: drip(server.over, b"HTTP/1.1 200 OK\r\n\r\n"),
    "says nothing": lambda server: lambda _: server.over.wait(),
    "is cut off": lambda _: b'HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"choices"',
}
NONSENSE: dict[str, Callable[[ChatServer], Answer]] = {
    "is huge": lambda _: answer(b'{"x": "' + b"x" * HUGE + b'"}'),
    "has no end": lambda _: flood(b"HTTP/1.1 200 OK\r\n\r\n"),
    "is HTML": lambda _: answer(b"<html>proxy</html>"),
    "is empty": lambda _: says(""),
    "repeats the key": lambda _: answer(KEY.encode()),
}


@pytest.mark.parametrize(
    ("rude", "reason"),
    [pytest.param(each, "failed", id=name) for name, each in RUDE.items()]
    + [pytest.param(each, "nonsense", id=name) for name, each in NONSENSE.items()],
)
def test_whatever_a_server_does_costs_one_description_and_is_told_once(
    describing, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, rude: Any, reason: str
) -> None:
    monkeypatch.setattr(describer, "_backoff", lambda: Backoff(initial_s=0.02, max_s=0.02, refused_s=0.02))
    with ChatServer() as server, caplog.at_level(logging.DEBUG):
        bad = rude(server)
        server.answers = [bad, bad, says("A van.")]
        room = describing(server, timeout_s=0.3 if reason == "failed" else 10)
        while not room.told:  # on a busy machine the last answer may be too late as well
            room.order()
            until(lambda: room.describer.is_idle)
        assert room.texts(1) == ["A van."]
        assert room.dropped(reason) >= 2
        assert room.dropped(reason) + room.dropped("failed") >= room.metrics.total("descriptions_dropped")
        assert room.describer.status.state == "failing", "it has just failed"
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert warnings[0].startswith("describe: ")
    assert f"127.0.0.1:{server.port}" in warnings[0]
    assert KEY not in caplog.text + str(room.describer.status)


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_says_when_it_has_time_is_asked_then_and_nothing_is_lost(
    describing, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(describer, "_backoff", lambda: Backoff(initial_s=PATIENCE_S, max_s=PATIENCE_S))
    with ChatServer((status, {"Retry-After": "1"}), says("A van.")) as server:
        room, began_mono = describing(server), time.monotonic()
        room.order()
        assert room.texts(1) == ["A van."]
        assert time.monotonic() - began_mono >= 1
        assert room.metrics.total("descriptions_dropped") == 0


def test_a_pause_that_is_absurd_is_not_kept(describing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(describer, "LONGEST_PAUSE_S", 0.05)
    with ChatServer((429, {"Retry-After": "999999999"}), says("A van.")) as server:
        room = describing(server)
        room.order()
        assert room.texts(1) == ["A van."]


def test_what_happens_while_it_is_away_is_described_when_it_is_back(describing, caplog) -> None:
    server = ChatServer()
    room = describing(server)
    room.order()
    until(lambda: room.describer.status.state == "failing")
    with server:
        assert room.texts(1) == ["a quiet street"]
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1


def test_what_is_too_old_when_it_is_back_is_left_out(describing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(describer, "MOST_AGE_S", 0.0)
    with ChatServer() as server:
        room = describing(server)
        room.order()
        until(lambda: room.dropped("late") == 1)
        assert server.asked == []


def test_only_the_newest_wait_for_a_slow_model(describing) -> None:
    with ChatServer() as server:
        server.answers = [lambda _: server.over.wait()]
        room = describing(server)
        room.order()
        until(lambda: server.asked)
        orders = [room.order() for _ in range(100)]
        assert room.dropped("queue") >= 100 - describer.MOST_WAITING
        assert list(room.describer._waiting) == orders[-describer.MOST_WAITING :]


def test_nothing_is_shown_in_which_something_is_now_not_to_be_seen(describing) -> None:
    with ChatServer() as server:
        room = describing(server)
        order = DescriptionOrder(
            message=Message(camera="gate", kind="events", payload=b"", droppable=True),
            picture="a.jpg",
            mask=room.masks.of("gate"),
        )
        area = ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5))
        room.masks.use({"gate": (area,)})
        room.masks.use({"gate": ()})  # what was drawn in between shows it or not
        room.describer.order(order)
        until(lambda: room.dropped("privacy") == 1)
        assert server.asked == []


def test_a_reload_that_hides_nothing_new_hides_no_picture(describing) -> None:
    area, other = ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5)), ((0.5, 0.5), (1.0, 0.5), (1.0, 1.0))
    with ChatServer() as server:
        room = describing(server)
        room.masks.use({"gate": (area,)})
        order = DescriptionOrder(
            message=Message(camera="gate", kind="events", payload=b"", droppable=True),
            picture="a.jpg",
            mask=room.masks.of("gate"),
        )
        room.masks.use({"gate": (area, area), "yard": (other,)})  # old and new together, as within a reload
        room.masks.use({"gate": (area,), "yard": (other,)})
        room.describer.order(order)
        assert room.texts(1) == ["a quiet street"]


def test_it_is_asked_so_often_and_no_more(describing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(describer, "MINUTE_S", 1.5)
    with ChatServer() as server:
        room = describing(server, max_per_minute=2)
        began_mono = time.monotonic()
        for _ in range(4):
            room.order()
        room.texts(4)
        assert time.monotonic() - began_mono >= 1.5


def test_a_picture_that_is_gone_or_none_is_not_shown(describing) -> None:
    with ChatServer() as server:
        room = describing(server)
        (room.folder / "b.jpg").write_bytes(b"no picture")
        (room.folder / "c.jpg").touch()
        for name in ("gone.jpg", "b.jpg", "c.jpg", "a.jpg"):
            room.order(name)
        assert room.texts(1) == ["a quiet street"]
        assert room.dropped("picture") == 3


@pytest.mark.parametrize("how", ["says nothing", "drips a head", "drips a body", "drips a body without an end"])
def test_the_end_waits_for_no_answer(describing, how: str) -> None:
    with ChatServer() as server:
        server.answers = [RUDE[how](server)]
        room = describing(server, timeout_s=PATIENCE_S)
        for _ in range(3):
            room.order()
        until(lambda: server.asked)
        watch = Stopwatch()
        room.describer.finish(at_once=True)
        until(lambda: room.describer.is_idle)
        assert watch.read() < 1.0
        assert room.dropped("ended") == 3
        room.order()
        assert room.dropped("ended") == 4


def test_the_end_of_files_waits_for_what_is_asked_but_not_for_a_server_that_is_away(describing) -> None:
    with ChatServer() as server:
        room = describing(server)
        for _ in range(3):
            room.order()
        room.describer.finish(at_once=False)
        until(lambda: room.describer.is_idle)
        assert len(room.told) == 3
    away = describing(ChatServer())
    away.order()
    away.describer.finish(at_once=False)
    until(lambda: away.describer.is_idle)
    assert away.dropped("ended") == 1


def test_another_model_is_asked_what_the_one_before_did_not_answer(describing) -> None:
    with ChatServer() as slow, ChatServer(says("A van."), model="n") as other:
        slow.answers = [lambda _: slow.over.wait()]
        room = describing(slow, timeout_s=PATIENCE_S)
        room.order()
        until(lambda: slow.asked)
        room.describer.use(config(other, model="n"))
        assert room.texts(1) == ["A van."]
        assert other.wrong == []
        assert room.describer.status.state == "up"


def test_answers_that_are_too_long_take_no_memory(describing) -> None:
    with ChatServer() as server:
        server.answers = [answer(os.urandom(HUGE // 2).hex().encode())]
        room = describing(server)
        for _ in range(30):
            room.order()
            until(lambda: room.describer.is_idle)
        before = _resident()
        for _ in range(100):
            room.order()
            until(lambda: room.describer.is_idle)
            server.asked.clear()
        assert _resident() - before < 20e6


def _resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
