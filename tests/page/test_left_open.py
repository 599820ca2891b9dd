"""What the page says of what came later: of an event that was told, after a restart, once a clock was set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge_app.core.errors import TemporaryError
from edge_app.core.ulid import new_ulid
from edge_app.evidence import EVIDENCE, EvidenceReader
from edge_app.evidence.names import file_name
from tests.evidence.test_store import document, opened
from tests.page.fixtures import OpenView, View
from tests.page.test_looks import SCENE, UP, go
from tests.web.served import HEALTH, Serve, view

DAY = 1_796_000_000.0  # s since 1970
# What messages say that were sent in these seconds of the program's clock, and how old a picture of the last one is.
AGE = """async (sent) => {
  const { Clock } = await import("/page/clock.js");
  const clock = new Clock();
  for (const each of sent) clock.heard(each);
  return clock.age(sent.at(-1));
}"""


class Kept:
    """A program with events that a test writes; `away`: it is starting."""

    def __init__(self, serve: Serve, folder: Path) -> None:
        self.store, self.away, self._seq = opened(folder), False, 0
        self.cameras = {"gate": UP}
        reader = EvidenceReader(folder)

        def evidence() -> EvidenceReader:
            if self.away:
                raise TemporaryError("the program is starting")
            return reader

        self.served = serve(
            view(
                health=lambda: {**HEALTH, "cameras": self.cameras, "warnings": []},
                shown_config=lambda: {"cameras": {"gate": SCENE}, "evidence": {}},
                evidence=evidence,
            )
        )
        self.base = f"http://127.0.0.1:{self.served.config.port}"

    def tell(self, event_id: str, kind: str, **more: Any) -> None:
        self._seq += 1
        about = {"label": "person", "zone": "door", "seq": self._seq, "session": "one", **more}
        self.store.add(document(event_id, kind, **{"at": DAY, **about}))
        self.store.commit()


@pytest.fixture
def kept(serve: Serve, tmp_path: Path) -> Kept:
    return Kept(serve, tmp_path / EVIDENCE)


def opened_at(browse: OpenView, kept: Kept, route: str) -> View:
    page = browse(kept.base)
    page.open(route)
    page.until(lambda: page.page.locator("main > *").count())
    return page


def test_a_stay_stays_what_it_is_when_its_clip_comes_and_says_why_that_is_short(browse: OpenView, kept: Kept) -> None:
    event_id, note = new_ulid(), "no more video (the camera was lost)"
    clip = file_name("gate", event_id, "enter", "clip", ["enter"])
    kept.store.put(clip, b"a clip")
    kept.tell(event_id, "enter", clip=clip)
    page = opened_at(browse, kept, "#/events")
    row = page.page.locator("[data-event-id] button")
    page.until(lambda: "Person entered door" in page.text)
    kept.tell(event_id, "leave", dwell_s=3.0)
    page.until(lambda: "Person was in door for 3.0 s" in page.text)
    kept.tell(event_id, "update", update_of="enter", clip=clip, clip_note=note)
    page.until(lambda: page.page.evaluate("() => performance.now()") > 0 and row.count() == 1)
    row.click()
    page.until(lambda: note in page.text)
    assert page.page.get_by_role("dialog").get_by_role("heading").inner_text() == "Person was in door for 3.0 s"
    assert "Person was in door for 3.0 s" in row.inner_text()
    page.page.get_by_text("History").click()
    page.until(lambda: "Person entered door: its clip is short" in page.text)
    page.open("#/cameras")  # where a list is read anew
    page.until(lambda: "Person entered door" in page.text)


def test_what_happens_while_a_program_starts_is_not_missed(browse: OpenView, kept: Kept) -> None:
    first, later = new_ulid(), new_ulid()
    kept.tell(first, "enter")
    page = opened_at(browse, kept, "#/cameras")
    rows = page.page.locator("[data-event-id]")
    page.until(lambda: rows.count() == 1)
    page.page.wait_for_timeout(300)  # the stream is open
    kept.away = True
    before = len(page.urls)
    for connection in list(kept.served.server._state.connections):
        kept.served.server._loop.call_soon_threadsafe(connection.transport.abort)  # type: ignore[union-attr]
    page.until(lambda: any("events/stream" in url for url in page.urls[before:]))
    kept.tell(later, "enter")
    kept.away = False
    page.until(lambda: rows.count() == 2)


@pytest.mark.parametrize(
    ("sent", "least", "most"),
    [([0], 0, 0.5), ([0, 3600], 0, 0.5), ([3600, 0], 0, 0.5), ([0, -86400 * 365], 0, 0.5), ([10, 9.5], 0.4, 1)],
)
def test_a_clock_that_is_set_makes_no_picture_old(
    browse: OpenView, kept: Kept, sent: list[float], least: float, most: float
) -> None:
    page = opened_at(browse, kept, "#/cameras")
    assert least <= page.page.evaluate(AGE, [DAY + each for each in sent]) <= most


def test_an_address_that_is_cut_off_shows_a_page_all_the_same(browse: OpenView, kept: Kept) -> None:
    page = opened_at(browse, kept, "#/camera/g%C3%A")
    page.until(lambda: "There is no camera g%C3%A" in page.text)


def test_a_timeline_is_walked_by_keyboard_and_says_what_it_leaves_out(browse: OpenView, kept: Kept) -> None:
    page = opened_at(browse, kept, "#/cameras")
    now = page.page.evaluate("() => Date.now() / 1000")
    for number in range(5200):
        about = {"label": "person", "zone": "door", "seq": number}
        kept.store.add(document(new_ulid(), "enter", at=now - 80_000 + 15 * number, **about))
    kept.store.commit()
    go(page, "#/events")
    bars = page.page.locator(".timeline rect")
    page.until(bars.count)
    assert "There are too many to count all of them" in page.page.locator(".timeline").inner_text()
    assert page.page.locator(".timeline-count").inner_text() == "5000"
    assert page.page.locator('.timeline rect[tabindex="0"]').count() == 1
    assert page.faults() == []
    page.page.get_by_label("Span of the timeline").focus()
    for key in ("Tab", "ArrowLeft", "ArrowLeft", "ArrowRight", "Enter"):
        page.page.keyboard.press(key)
    page.until(lambda: "camera=gate" in page.page.url)
    asked = dict(pair.split("=") for pair in page.page.url.partition("?")[2].split("&"))
    assert 0 < int(asked["until"]) - int(asked["since"]) <= 86400 / 96 + 2 + 60  # a bar, in whole minutes


def test_a_camera_that_is_back_in_the_configuration_is_shown_again(browse: OpenView, kept: Kept) -> None:
    page = opened_at(browse, kept, "#/camera/gate")
    page.until(lambda: page.tile("gate").count())
    kept.cameras = {}
    page.until(lambda: "There is no camera gate" in page.text)
    assert page.tile("gate").count() == 0
    kept.cameras = {"gate": UP}
    page.until(lambda: page.tile("gate").count())
