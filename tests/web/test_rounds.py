"""The loop of the HTTP side is woken for all cameras together, and forgets nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from edge_app.web.live.cameras import LiveCameras
from edge_app.web.live.rounds import Rounds
from edge_app.web.live.viewer import Viewer
from tests.waiting import PATIENCE_S
from tests.web.served import view
from tests.web.watched import PlayedCamera


def in_loop(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs it in a thread of its own: that of the tests has a loop once one of them has used a browser."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(asyncio.wait_for(scene(), PATIENCE_S))).result()


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


def wakeups(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What wakes the loop from here on."""
    loop, found = asyncio.get_running_loop(), list[object]()
    wake = loop.call_soon_threadsafe

    def call(what: Callable[..., object], *given: Any) -> asyncio.Handle:
        found.append(what)
        return wake(what, *given)

    monkeypatch.setattr(loop, "call_soon_threadsafe", call)
    return found


def test_what_comes_together_wakes_the_loop_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        woken, called, rounds = wakeups(monkeypatch), list[int](), Rounds()
        for turn in (1, 2):
            for n in range(8):
                rounds.call(lambda n=n: called.append(n))
            await until(lambda turn=turn: len(called) == 8 * turn)
            assert len(woken) == turn
        assert called == [*range(8), *range(8)]

    in_loop(scene)


def test_packets_of_two_cameras_wake_the_loop_once(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        cameras = {"gate": PlayedCamera(clip), "yard": PlayedCamera(clip)}
        watched = LiveCameras(view(camera=lambda name: cameras[name].view))
        viewers = {name: Viewer(only_pictures=False) for name in cameras}
        with ExitStack() as watching:
            for name, viewer in viewers.items():
                watching.enter_context(watched.watching(name, viewer))
            woken = wakeups(monkeypatch)
            for camera in cameras.values():
                camera.send(25)
            for viewer in viewers.values():
                assert len(await viewer.next()) == 3  # what the video is, its head, a picture
            assert len(woken) == 1

    in_loop(scene)


def test_one_that_fails_costs_the_others_nothing() -> None:
    async def scene() -> None:
        failed, called, rounds = list[object](), list[int](), Rounds()
        asyncio.get_running_loop().set_exception_handler(lambda _, what: failed.append(what["exception"]))
        for n in (1, 0, 2, 0, 3):
            rounds.call(lambda n=n: called.append(6 // n))
        await until(lambda: len(called) == 3)
        assert called == [6, 3, 2]
        assert [type(each) for each in failed] == [ZeroDivisionError, ZeroDivisionError]

    in_loop(scene)


def test_of_what_many_threads_want_nothing_is_forgotten() -> None:
    async def scene() -> None:
        called, rounds = list[tuple[int, int]](), Rounds()

        def want(thread: int) -> None:
            for n in range(2000):
                rounds.call(partial(called.append, (thread, n)))

        threads = [threading.Thread(target=want, args=(thread,)) for thread in range(4)]
        for each in threads:
            each.start()
        await until(lambda: len(called) == 8000)
        for each in threads:
            each.join()
        assert all([n for of, n in called if of == thread] == list(range(2000)) for thread in range(4))

    in_loop(scene)


def test_what_is_wanted_of_a_loop_that_has_ended_is_passed_over() -> None:
    made: list[Rounds] = []

    async def scene() -> None:
        made.append(Rounds())

    in_loop(scene)
    made[0].call(lambda: pytest.fail("it has ended"))
