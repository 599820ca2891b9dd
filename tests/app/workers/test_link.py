"""The connection between two processes: what is put in comes out, in order, and an end is an end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection

import pytest

from edge_app.app.workers.link import Link
from tests.waiting import PATIENCE_S, until


@pytest.fixture
def ends() -> Iterator[tuple[Link, Link]]:
    """Both ends; the first one sends."""
    ours, theirs = (Link(end) for end in socket.socketpair())
    sending = threading.Thread(target=ours.run)
    sending.start()
    yield ours, theirs
    ours.close()
    theirs.close()
    sending.join(PATIENCE_S)
    assert not sending.is_alive()


def received(link: Link, count: int) -> list[object]:
    found: list[object] = []
    while len(found) < count:
        found += link.receive()
    return found


def test_what_is_put_in_comes_out_in_order(ends: tuple[Link, Link]) -> None:
    ours, theirs = ends
    items = [*range(1000), b"x" * 10_000_000, "last"]
    for item in items:
        assert ours.put(item)
    assert received(theirs, len(items)) == items
    assert ours.flush(PATIENCE_S)


def test_what_may_be_left_out_waits_for_nobody(ends: tuple[Link, Link]) -> None:
    ours, theirs = ends
    ours.put(b"x" * 10_000_000)  # which the other end does not read yet
    until(lambda: ours.has_room(1))
    assert ours.put("first", 1)
    assert not ours.put("left out", 1)
    assert ours.put("not to be left out")
    assert not ours.wait_for_room(1, 0.01)
    assert received(theirs, 3)[1:] == ["first", "not to be left out"]
    assert ours.wait_for_room(1, PATIENCE_S)


def has_ended(link: Link) -> bool:
    try:
        link.receive()
    except EOFError:
        return True
    return False


@pytest.mark.parametrize("closed", [0, 1], ids=["ours", "theirs"])
def test_an_end_at_one_side_is_one_at_both(ends: tuple[Link, Link], closed: int) -> None:
    ours, theirs = ends
    ours.put("said before")
    assert ours.flush(PATIENCE_S)
    ends[closed].close()
    until(lambda: has_ended(theirs))
    until(lambda: not ours.put(b"x" * 100_000))
    assert ours.flush(0)


@pytest.mark.parametrize("nonsense", [b"no pickle", b"cedge_app.of_another_version\nNothing\n."])
def test_what_makes_no_sense_is_an_end(nonsense: bytes) -> None:
    ours, theirs = socket.socketpair()
    with Connection(ours.detach()) as raw:
        raw.send_bytes(nonsense)
        link = Link(theirs)
        assert has_ended(link)
        assert not link.put("anything")
