"""The page by itself: what it shows of a program, on any screen, with a keyboard, for whoever cannot see it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge_app.evidence import EVIDENCE, EvidenceReader
from edge_app.evidence.names import file_name
from tests.evidence.test_store import document, opened
from tests.page.fixtures import OpenView, View
from tests.web.served import HEALTH, Serve, view
from tests.web.watched import FPS, PlayedCamera

TOKEN, READ = "write-0123456789abcdef", "read-0123456789abcdef"
VIEWS = ["#/cameras", "#/camera/gate", "#/events", "#/numbers"]
EVIL = '<img src=x onerror="document.title=1">'
UP = {
    "state": "up", "reason": None, "detail": "", "since": "2026-11-30T00:00:00.000Z", "last_frame": None,
    "fps": 25.0, "age_ms": 80.0, "next_retry": None,
}  # fmt: skip
DOWN = {**UP, "state": "down", "reason": "auth_failed", "detail": EVIL, "fps": 0.0, "age_ms": None}
DURATION = {"count": 10, "sum_s": 0.1, "buckets": []}
STATS = {
    "cameras": {
        "gate": {"analysed": 10, "dropped": {"stale": 2}, "durations": {"infer": DURATION, "decode": DURATION}}
    },
    "sinks": {"mqtt": {"published": 10, "dropped": {}}},
}
SCENE = {"zones": {"door": {"polygon": [[0.1, 0.1], [0.5, 0.1], [0.5, 0.9]]}}, "lines": {}}
BEYOND = """width => [...document.querySelectorAll("body *")]
  .filter(e => !e.closest(".scroll *") && e.getBoundingClientRect().right > width + 1)
  .slice(0, 4).map(e => e.tagName + "." + e.className + " " + e.getBoundingClientRect().right)"""
# A video that was stopped before the browser was ready for it, and one that the browser cannot take any more.
NOT_OPEN = """async () => {
  const { VideoPlayer } = await import("/page/player.js");
  const failed = [];
  for (const stops of [true, false]) {
    const type = 'video/mp4; codecs="avc1.42c01e"';
    const player = new VideoPlayer(type, { onFrame() {}, onFail: () => failed.push(stops) });
    if (stops) player.stop();
    player.source = new MediaSource();
    player.open(type);
  }
  return failed;
}"""
EVENT_ID = "01KB0000000000000000000001"


@pytest.fixture
def shop(serve: Serve, clip: Path, tmp_path: Path) -> Iterator[str]:
    """A program with a camera that sends, one that refuses its login and one that is switched off; its address."""
    camera, stop = PlayedCamera(clip), threading.Event()
    health = {**HEALTH, "cameras": {"gate": UP, "yard": DOWN, "off": {**DOWN, "state": "disabled"}}, "warnings": []}
    reader = EvidenceReader(stored(tmp_path / EVIDENCE))
    program = view(
        health=lambda: health,
        stats=lambda: STATS,
        engine=lambda: {"because": "there is no GPU", "precision_because": "", "int8": None},
        shown_config=lambda: {"cameras": {"gate": SCENE}},
        evidence=lambda: reader,
        camera=lambda name: camera.view if name == "gate" else None,
    )
    served = serve(program, token=TOKEN, read_token=READ)
    playing = threading.Thread(target=_play, args=(camera, stop))
    playing.start()
    yield f"http://127.0.0.1:{served.config.port}"
    stop.set()
    playing.join()


def _play(camera: PlayedCamera, stop: threading.Event) -> None:
    while not stop.wait(1 / FPS):
        camera.send(1)
        camera.show(np.full((90, 160, 3), 40, np.uint8))


def stored(folder: Path) -> Path:
    """An event with a picture."""
    store = opened(folder)
    name = file_name("gate", EVENT_ID, "dwell", "snapshot", ["dwell"])
    store.add(
        document(EVENT_ID, "dwell", "gate", snapshot=name, label=EVIL, zone="door", dwell_s=12.0, score=0.9, seq=1)
    )
    store.put(name, cv2.imencode(".jpg", np.full((90, 160, 3), 120, np.uint8))[1].tobytes())
    store.commit()
    store.close()
    return folder


def signed_in(browse: OpenView, shop: str, token: str = TOKEN, **given: object) -> View:
    page = browse(shop, **given)
    page.open()
    page.sign_in(token)
    page.until(lambda: page.tile("gate").count())
    return page


def go(page: View, route: str) -> None:
    page.page.evaluate("route => { location.hash = route; }", route)
    page.until(lambda: page.page.locator("main > *").count())


def test_cameras_are_told_in_words_and_texts_stay_texts(browse: OpenView, shop: str) -> None:
    page = signed_in(browse, shop)
    page.until(lambda: "the camera refuses the login" in page.tile("yard").inner_text())
    assert page.tile("yard").get_attribute("data-state") == "down"
    assert EVIL in page.tile("yard").inner_text()  # as it is, and no picture
    assert "Switched off" in page.tile("off").inner_text()
    page.until(lambda: page.tile("gate").locator("video").evaluate_all("v => v.some(e => e.currentTime > 0.5)"))
    page.until(lambda: "age" in page.tile("gate").inner_text())
    page.until(lambda: page.page.locator("[data-event-id]").count() == 1)
    assert page.page.locator("img[src=x]").count() == 0


def test_a_video_that_cannot_begin_is_given_up_and_one_that_was_stopped_says_nothing(
    browse: OpenView, shop: str
) -> None:
    assert signed_in(browse, shop).page.evaluate(NOT_OPEN) == [False]


CUT_OFF = """async () => {
  const { get } = await import("/page/api.js");
  const stop = new AbortController();
  const real = window.fetch;
  window.fetch = async () => {
    stop.abort(); // between the head of the answer and its end
    return new Response("{", { status: 200 });
  };
  try {
    return await get("api/v1/events/x", { signal: stop.signal }).then(() => "taken", (error) => error.name);
  } finally {
    window.fetch = real;
  }
}"""


def test_an_answer_that_is_not_wanted_any_more_is_none(browse: OpenView, shop: str) -> None:
    assert signed_in(browse, shop).page.evaluate(CUT_OFF) == "AbortError"


def test_a_video_that_was_damaged_comes_back(browse: OpenView, shop: str) -> None:
    page = signed_in(browse, shop)
    video = page.tile("gate").locator("video")
    page.until(lambda: video.evaluate_all("v => v.some(e => e.currentTime > 0.5)"))
    video.first.evaluate("v => v.onerror()")
    page.until(lambda: not video.count())
    page.until(lambda: page.tile("gate").locator("img").evaluate_all("i => i.some(e => e.checkVisibility())"))
    assert any(url.endswith("format=jpeg") for url in page.urls)
    page.until(lambda: video.evaluate_all("v => v.some(e => e.currentTime > 0.5)"))
    assert page.errors == []


def test_an_event_opens_with_its_picture_and_closes_by_escape(browse: OpenView, shop: str) -> None:
    page = signed_in(browse, shop)
    go(page, "#/events")
    row = page.page.locator("[data-event-id] button")
    page.until(lambda: page.page.get_by_label("What").count() and row.count() == 1)  # and not that of the first view
    row.focus()
    page.page.keyboard.press("Enter")
    dialog = page.page.get_by_role("dialog")
    page.until(lambda: dialog.locator("img").evaluate_all("i => i.some(e => e.naturalWidth == 160)"))
    assert "stays in door" in dialog.inner_text()
    page.until(lambda: "?id=" in page.page.url)
    address = page.page.url
    page.page.keyboard.press("Escape")
    page.until(lambda: not dialog.count())
    page.until(lambda: page.page.url.endswith("#/events"))
    row.click()
    page.until(dialog.count)
    page.page.go_back()  # as on a phone: what is above a view goes with it
    page.until(lambda: not dialog.count())
    go(page, "#/events")
    page.page.get_by_label("What").select_option("crowd")
    page.until(lambda: "Nothing fits" in page.text)
    page.until(lambda: "type=crowd" in page.page.url)
    page.page.goto(address)  # as whoever was sent it
    page.until(lambda: "stays in door" in dialog.inner_text() if dialog.count() else False)
    page.page.keyboard.press("Escape")
    page.until(lambda: not dialog.count())
    page.until(lambda: page.page.url.endswith("#/events"))
    go(page, "#/events?id=nobodys")
    page.until(lambda: "The event cannot be shown" in page.text)


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark"), (3840, "light")])
def test_it_fits_its_screen_and_nobody_is_left_out(browse: OpenView, shop: str, width: int, scheme: str) -> None:
    page = signed_in(browse, shop, width=width, color_scheme=scheme)
    for route in VIEWS:
        go(page, route)
        page.page.wait_for_timeout(400)
        wide = page.page.evaluate("() => document.documentElement.scrollWidth")
        assert wide <= width, f"{route} is {wide} px wide at {width}: {page.page.evaluate(BEYOND, width)}"
        assert page.faults() == [], route
    ground = page.page.evaluate("() => getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)")
    assert max(ground) < 60 if scheme == "dark" else min(ground) > 200


@pytest.mark.parametrize(("scene", "words"), [(SCENE, "yet."), ({"zones": {}, "lines": {}}, "draws them.")])
def test_where_nothing_happened_it_says_what_is_missing(
    browse: OpenView, serve: Serve, tmp_path: Path, scene: dict[str, Any], words: str
) -> None:
    opened(tmp_path / EVIDENCE).close()
    reader = EvidenceReader(tmp_path / EVIDENCE)
    health: dict[str, Any] = {**HEALTH, "cameras": {"gate": UP}, "warnings": []}
    program = view(
        health=lambda: health,
        evidence=lambda: reader,
        shown_config=lambda: {"cameras": {"gate": scene}, "evidence": {}},
    )
    page = signed_in(browse, f"http://127.0.0.1:{serve(program, token=TOKEN).config.port}")
    page.until(lambda: page.page.locator(".latest > .soft").inner_text().endswith(words))
    go(page, "#/events")
    page.until(lambda: page.page.get_by_label("What").count())
    page.until(lambda: ("draws them" in page.text) == (scene is not SCENE) and "Nothing has happened yet" in page.text)
    health["evidence"] = {"state": "failing", "reason": "no space left", "since": "2026-11-30T00:00:00.000Z"}
    page.until(lambda: "Events are not kept at the moment" in page.text and "no space left" in page.text)
    del health["evidence"]
    page.until(lambda: "no space left" not in page.text)


def test_everything_is_reached_by_the_keyboard(browse: OpenView, shop: str) -> None:
    page = browse(shop)
    page.open()
    assert page.faults() == []
    page.page.keyboard.type(TOKEN)  # the field has the focus
    page.page.keyboard.press("Enter")
    page.until(lambda: page.page.locator("[data-event-id]").count() == 1)
    wanted = page.page.evaluate(
        """() => [...document.querySelectorAll("button, a[href], input, select")].filter(e => e.checkVisibility())
          .map((e, n) => { e.dataset.n = n; return String(n); })"""
    )
    reached = set()
    for _ in range(2 * len(wanted) + 5):
        page.page.keyboard.press("Tab")
        reached.add(page.page.evaluate("() => document.activeElement.dataset.n"))
    assert set(wanted) <= reached


def test_who_may_only_read_is_offered_no_change(browse: OpenView, shop: str) -> None:
    page = signed_in(browse, shop, READ)
    assert page.page.get_by_role("button", name="Zones").count() == 0
    assert page.page.get_by_role("link", name="Add a camera").count() == 0
    page.page.get_by_role("button", name="Sign out").click()
    page.until(lambda: page.page.get_by_label("Token").count())
    assert "gate" not in page.text
    page.open()
    page.until(lambda: page.page.get_by_label("Token").count())


def test_a_wrong_token_shows_nothing_and_says_so(browse: OpenView, shop: str) -> None:
    page = browse(shop)
    page.open()
    page.sign_in("not the token")
    page.until(lambda: "That is not the token" in page.text)
    assert page.page.locator("[data-camera]").count() == 0


def test_of_thirty_cameras_those_that_are_seen_are_live(browse: OpenView, serve: Serve, clip: Path) -> None:
    cameras = {f"c{n:02d}": PlayedCamera(clip) for n in range(30)}
    health = {**HEALTH, "cameras": dict.fromkeys(cameras, UP), "warnings": []}
    served = serve(view(health=lambda: health, camera=lambda name: cameras[name].view if name in cameras else None))
    page = browse(f"http://127.0.0.1:{served.config.port}")
    page.open()

    def live() -> set[str]:
        return {name for name, camera in cameras.items() if camera.view.packets.wanted}

    page.until(lambda: len(live()) >= 4)
    page.page.wait_for_timeout(500)
    assert "c00" in live()
    assert len(live()) <= 12
    page.page.evaluate("() => window.scrollTo(0, document.body.scrollHeight)")
    page.until(lambda: "c29" in live() and "c00" not in live())
    assert len(live()) <= 12
    go(page, "#/numbers")
    page.until(lambda: page.page.get_by_role("heading", name="Numbers").count() and not live())
