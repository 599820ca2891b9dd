"""Calls that one thread makes for others."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from edge_app.core.calls import Calls
from edge_app.core.errors import StoppedError
from tests.waiting import PATIENCE_S, until


def test_a_call_is_made_in_the_thread_that_serves_and_its_answer_comes_back():
    calls = Calls()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(calls.make, threading.current_thread)
        until(lambda: calls.serve() or asked.done())
    assert asked.result() is threading.current_thread()


def test_what_a_call_raises_is_raised_where_it_was_asked_for():
    calls = Calls()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(calls.make, lambda: 1 / 0)
        until(lambda: calls.serve() or asked.done())
    with pytest.raises(ZeroDivisionError):
        asked.result()


def test_nobody_waits_for_a_thread_that_has_ended():
    calls = Calls()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(calls.make, lambda: 1)
        until(lambda: asked.running())
        calls.close()
        with pytest.raises(StoppedError):
            asked.result(PATIENCE_S)
    with pytest.raises(StoppedError):
        calls.make(lambda: 1)
