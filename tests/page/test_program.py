"""The page of a program that runs: cameras that move, die and come back, and events as they happen."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_app.synthetic import Settings, Street
from tests.page.fixtures import OpenView, View
from tests.ports import free_port
from tests.program import StartProgram
from tests.rtsp.clips import write_clip
from tests.rtsp.fixtures import StartServer
from tests.waiting import PATIENCE_S

TOKEN = "write-0123456789abcdef"
FPS = 10
SHOWN = """tile => { const shown = [...tile.querySelectorAll("video, img")].find(e => e.checkVisibility()
    && (e.videoWidth || e.naturalWidth)); if (!shown) return null;
  const canvas = document.createElement("canvas"); canvas.width = 64; canvas.height = 36;
  const g = canvas.getContext("2d"); g.drawImage(shown, 0, 0, 64, 36);
  return [shown.tagName, g.getImageData(0, 0, 64, 36).data.join()]; }"""
DRAWN = """tile => { const c = tile.querySelector("canvas.overlay"); if (!c || !c.width) return 0;
  const data = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
  return data.filter((v, i) => i % 4 == 3 && v > 20).length; }"""


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds of the rendered street as H.264."""
    scene = Street(Settings(seed=3, fps=FPS, width=320, height=192))
    pictures = (scene.render(index)[0] for index in range(10 * FPS))
    return write_clip(tmp_path_factory.mktemp("street") / "street.mp4", pictures, fps=FPS)


def changes(page: View, camera: str, times: int = 3) -> set[str]:
    """Waits until its picture has changed so often; as what it is shown."""
    kinds, before, found = set[str](), "", 0

    def changed() -> bool:
        nonlocal before, found
        shown = page.tile(camera).evaluate(SHOWN)
        if shown is not None and shown[1] != before:
            kinds.add(shown[0])
            before, found = shown[1], found + 1
        return found > times

    page.until(changed)
    return kinds


def test_a_user_sees_what_is_now_and_what_happens(
    edge_app: StartProgram, configured: Callable[..., Path], rtsp_server: StartServer, browse: OpenView, street: Path
) -> None:
    server, port = rtsp_server(street, fps=FPS), free_port()
    everywhere = [[0.02, 0.02], [0.98, 0.02], [0.98, 0.98], [0.02, 0.98]]
    config = configured(
        cameras={
            "gate": {"url": server.url, "reconnect": {"initial_s": 0.2, "max_s": 1}},
            "yard": {"url": "synthetic://street?seed=3&fps=5&size=320x192", "zones": {"road": _zone(everywhere)}},
        },
        evidence={"snapshots": {"types": ["enter"]}},
        web={"port": port, "token": TOKEN},
        publish=[{"type": "file", "path": "out.ndjson"}],
    )
    program = edge_app("run", config)
    program.until(lambda: _answers(port))
    page = browse(f"http://127.0.0.1:{port}")
    page.open()
    page.until(lambda: page.page.get_by_label("Token").count())
    page.sign_in(TOKEN)
    page.until(lambda: page.page.locator("[data-camera]").count() == 2)

    # Both move: one as it was coded, the other, of which there are no packets, as pictures; with what is found in them.
    page.until(lambda: "VIDEO" in changes(page, "gate", 1))
    assert changes(page, "yard") == {"IMG"}
    page.until(lambda: page.tile("yard").evaluate(DRAWN) > 50)
    page.until(lambda: page.tile("gate").evaluate(DRAWN) > 50)

    # What happens comes by itself, with its picture, newest first.
    rows = page.page.locator("[data-event-id]")
    page.until(lambda: rows.count() > 0)
    first = rows.first.get_attribute("data-event-id")
    page.until(lambda: rows.first.get_attribute("data-event-id") != first)
    page.until(lambda: rows.locator("img").evaluate_all("i => i.some(e => e.naturalWidth > 8)"))
    ids = rows.evaluate_all("rows => rows.map(r => r.dataset.eventId)")
    began = [_began(port, event_id) for event_id in ids]
    assert began == sorted(began, reverse=True)

    # The camera dies, which is told in words, and comes back; the other one goes on.
    server.kill()
    page.until(lambda: page.tile("gate").get_attribute("data-state") == "down")
    assert "Down: " in page.tile("gate").inner_text()
    changes(page, "yard")
    server.start()
    page.until(lambda: page.tile("gate").get_attribute("data-state") == "up")
    page.until(lambda: "VIDEO" in changes(page, "gate", 1))
    assert TOKEN not in str(page.urls)
    assert _cookies(page) == [(True, "Strict")]
    assert TOKEN not in page.page.evaluate(
        "() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
    )

    # A program that stops says no more, and the page says so.
    assert program.terminate()[0] == 0
    page.until(lambda: "does not answer" in page.text)


def _zone(polygon: list[list[float]]) -> dict[str, Any]:
    return {"polygon": polygon, "inertia": 1}


def _cookies(page: View) -> list[tuple[bool, str]]:
    return [(cookie["httpOnly"], cookie["sameSite"]) for cookie in page.context.cookies()]


def _began(port: int, event_id: str) -> float:
    event = json.loads(_asked(port, f"/api/v1/events/{event_id}"))["event"]
    return float(event.get("start_time", event["capture_time"]))


def _answers(port: int) -> bool:
    try:
        return b"true" in _asked(port, "/startup")
    except OSError:
        return False


def _asked(port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
        return connection.getresponse().read()
    finally:
        connection.close()
