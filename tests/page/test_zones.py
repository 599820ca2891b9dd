"""Zones are drawn on the live picture of a program that runs, by mouse, finger or keyboard, and cameras added."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge_app.discovery import search
from tests.app.test_editing import READ, TOKEN, Box
from tests.discovery.onvif_double import OnvifDouble
from tests.discovery.responder import MATCH, Responder
from tests.page.fixtures import OpenView, View
from tests.ports import free_port
from tests.program import Program

FILE = """\
# The shop.   Ask Ada first.
model:   {{name: traffic}}
engine: {{threads: 1}}
state_dir: {state}
web: {{port: {port}, token: {token}, read_token: {read}}}
cameras:
  street:
    url: synthetic://street?seed=3&fps=5&size=640x360   # rendered
    zones:
      corner: {{ polygon: [[0.1,0.1], [0.4,0.1], [0.4, 0.4]],  labels: [ person ] }}   # drawn by hand
    lines:
      road: {{from: [0.2, 0.6], to: [0.8, 0.6]}}
publish: [{{type: stdout}}]
"""
CORNER = {"polygon": [[0.1, 0.1], [0.4, 0.1], [0.4, 0.4]], "labels": ["person"]}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    folder, port = tmp_path_factory.mktemp("box"), free_port()
    path = folder / "config.yaml"
    path.write_text(FILE.format(state=folder / "state", port=port, token=TOKEN, read=READ))
    program = Program(folder, "run", path)
    box = Box(program, path, port)
    try:
        program.until(box.has_started)
        yield box
    finally:
        program.process.kill()
        program.process.wait()


@pytest.fixture(autouse=True)
def as_before(box: Box) -> Iterator[None]:
    """Each test finds the file as it was at first."""
    before = box.path.read_bytes()
    yield
    box.path.write_bytes(before)
    assert box.ask("POST", "/api/v1/reload")[0] == 200


@pytest.fixture
def editor(box: Box, browse: OpenView) -> Any:
    """Opens the editor of the street, once its picture is there."""

    def start(token: str = TOKEN, **given: Any) -> View:
        page = browse(box.base, **given)
        page.open("#/zones/street")
        page.sign_in(token)
        page.until(lambda: page.page.locator("svg.pen").count())
        shown = page.page.locator(".screen video, .screen img")
        page.until(lambda: shown.evaluate_all("all => all.some(e => (e.videoWidth || e.naturalWidth) == 640)"))
        return page

    return start


def at(page: View, x: float, y: float) -> tuple[float, float]:
    """Where a place of the picture is on the page."""
    box = page.page.locator("svg.pen").bounding_box()
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def button(page: View, name: str) -> Any:
    return page.page.get_by_role("button", name=name, exact=True)


def apply(page: View) -> None:
    button(page, "Review").click()
    button(page, "Apply").click()
    page.until(lambda: "are at work" in page.text)


def zones(box: Box) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(box.text)["cameras"]["street"]["zones"]
    return found


def test_a_zone_is_drawn_without_a_mouse(box: Box, editor: Any) -> None:
    page, before = editor(), box.text
    keys = page.page.keyboard

    def tab_to(condition: str) -> None:
        for _ in range(60):
            if page.page.evaluate(f"() => {{ const e = document.activeElement; return {condition}; }}"):
                return
            keys.press("Tab")
        raise AssertionError(f"no Tab leads to {condition}")

    tab_to("e.textContent === 'Zone'")
    keys.press("Enter")  # the focus is on the picture now, the cross in its middle
    keys.press("Space")
    for key in ("Shift+ArrowRight", "Shift+ArrowDown"):
        for _ in range(4):
            keys.press(key)
        keys.press("Space")
    keys.press("Enter")
    keys.type("hall")  # the name's field has the focus, and its text is selected
    tab_to("e.dataset.point === '1'")
    for key in ("ArrowUp", "ArrowUp", "+"):
        keys.press(key)
    tab_to("e.textContent === 'Review'")
    keys.press("Enter")
    page.until(lambda: "+      hall: {polygon:" in page.text)
    tab_to("e.textContent === 'Apply'")
    keys.press("Enter")
    page.until(lambda: "are at work" in page.text)
    hall = {"polygon": [[0.5, 0.5], [0.7, 0.49], [0.7, 0.595], [0.7, 0.7]]}
    assert zones(box) == {"corner": CORNER, "hall": hall}
    assert [line for line in before.splitlines() if line not in box.text.splitlines()] == []


def test_points_are_moved_added_taken_away_and_all_that_is_undone(box: Box, editor: Any) -> None:
    page, before = editor(), box.text
    mouse, points = page.page.mouse, page.page.locator("[data-point]")
    button(page, "corner zone").click()
    mouse.move(*at(page, 0.1, 0.1))
    mouse.down()
    mouse.move(*at(page, 0.2, 0.2))
    mouse.move(*at(page, 0.2, 0.3))
    mouse.up()
    mouse.move(*at(page, 0.4, 0.25))  # between the second point and the third
    mouse.down()
    mouse.move(*at(page, 0.6, 0.25), steps=3)
    mouse.up()
    assert points.count() == 4
    mouse.dblclick(*at(page, 0.2, 0.3))
    page.until(lambda: points.count() == 3)
    apply(page)
    (corner,) = zones(box).values()
    assert [[round(share, 2) for share in point] for point in corner["polygon"]] == [
        [0.4, 0.1],
        [0.6, 0.25],
        [0.4, 0.4],
    ]
    assert box.text.endswith(before[before.index("   # drawn by hand") :])

    page.page.evaluate("() => { location.hash = '#/zones/street'; }")
    page.until(lambda: page.page.locator("svg.pen").count())
    button(page, "corner zone").click()
    button(page, "Remove").click()
    for _ in range(2):
        page.page.keyboard.press("Control+z")
    button(page, "Review").click()
    page.until(lambda: "Nothing has changed" in page.text)


def test_what_is_wrong_is_said_beside_its_field(box: Box, editor: Any) -> None:
    page, before = editor(), box.text
    button(page, "corner zone").click()
    for label, text, words in (
        ("Objects", "persn", "the model has no persn, did you mean person?"),
        ("Stays for (s)", "soon", "want a number, got 'soon'"),
        ("Active hours", "mon-fri; sunny", "no day 'sunny'"),
        ("Name", "The Corner", "want only a-z, 0-9 and _"),
        ("Name", "road", "There are two of the name road"),
        ("Name", "", "needs a name"),
    ):
        field = page.page.get_by_label(label)
        was = field.input_value()
        field.fill(text)
        button(page, "Review").click()
        page.until(lambda field=field, words=words: words in described(page, field))  # type: ignore[misc]
        field.fill(was)
        assert described(page, field) == ""
    assert box.text == before


def described(page: View, field: Any) -> str:
    """What is said to be wrong with a field."""
    return str(page.page.locator(f"#{field.get_attribute('id')}-wrong").inner_text())


def test_a_finger_draws_on_a_phone_and_nobody_is_left_out(box: Box, editor: Any) -> None:
    page = editor(width=390, height=844, has_touch=True, is_mobile=True)
    button(page, "Private area").tap()
    for x, y in ((0.5, 0.5), (0.9, 0.5)):
        page.page.touchscreen.tap(*at(page, x, y))
        page.page.wait_for_timeout(400)  # two taps are no double tap
    assert button(page, "Finish").count() == 0
    page.page.touchscreen.tap(*at(page, 0.9, 0.9))
    assert page.page.evaluate("() => document.documentElement.scrollWidth") <= 390
    assert page.faults() == []
    button(page, "Finish").tap()
    button(page, "Review").tap()
    page.until(lambda: "+    privacy:" in page.text)
    assert page.faults() == []
    button(page, "Back").tap()
    button(page, "road line").tap()
    button(page, "Swap in and out").tap()
    apply(page)
    street = yaml.safe_load(box.text)["cameras"]["street"]
    assert street["lines"] == {"road": {"from": [0.8, 0.6], "to": [0.2, 0.6]}}
    assert len(street["privacy"][0]) == 3
    page.page.evaluate("() => { location.hash = '#/add'; }")
    page.until(lambda: "URL of its stream" in page.text)
    assert page.faults() == []
    assert page.page.evaluate("() => document.documentElement.scrollWidth") <= 390


def test_who_leaves_with_something_drawn_is_asked(box: Box, editor: Any) -> None:
    page, before = editor(), box.text
    button(page, "corner zone").click()
    button(page, "Remove").click()
    page.page.keyboard.press("Escape")
    page.until(lambda: "is not applied yet" in page.text)
    button(page, "Go on drawing").click()
    assert page.page.url.endswith("#/zones/street")
    page.page.keyboard.press("Escape")
    button(page, "Discard it").click()
    page.until(lambda: page.tile("street").count())
    assert box.text == before


def test_a_file_that_was_changed_meanwhile_is_not_written_over(box: Box, editor: Any) -> None:
    page = editor()
    button(page, "corner zone").click()
    button(page, "Remove").click()
    button(page, "Review").click()
    page.until(lambda: button(page, "Apply").count())
    box.path.write_text(box.text + "# a last word\n")
    button(page, "Apply").click()
    page.until(lambda: "somebody has changed it meanwhile" in page.text)
    assert button(page, "Apply").is_disabled()
    assert zones(box) == {"corner": CORNER}


def test_what_somebody_else_has_drawn_meanwhile_is_not_undone_without_a_word(box: Box, editor: Any) -> None:
    page = editor()
    button(page, "corner zone").click()
    page.page.get_by_label("Stays for (s)").fill("30")
    button(page, "Review").click()
    page.until(lambda: button(page, "Apply").count())
    assert "Somebody else" not in page.text
    button(page, "Back").click()
    assert box.put({"zones": {"corner": CORNER, "door": CORNER}})[0] == 200
    button(page, "Review").click()
    page.until(lambda: "Somebody else has changed what is drawn on street" in page.text)
    button(page, "Back").click()
    assert set(zones(box)) == {"corner", "door"}


def test_who_may_only_read_sees_and_changes_nothing(editor: Any) -> None:
    page = editor(READ)
    button(page, "corner zone").click()
    assert page.page.get_by_label("Name").is_disabled()
    assert "may only read" in page.text
    assert button(page, "Review").count() == 0
    before = page.page.locator(".shape.zone polygon").last.get_attribute("points")
    page.page.mouse.move(*at(page, 0.1, 0.1))
    page.page.mouse.down()
    page.page.mouse.move(*at(page, 0.5, 0.5), steps=3)
    page.page.mouse.up()
    assert page.page.locator(".shape.zone polygon").last.get_attribute("points") == before


def test_a_camera_is_looked_at_and_added(box: Box, browse: OpenView, rtsp_server: Any) -> None:
    server = rtsp_server(user="viewer", password="pa ss")
    page = browse(box.base)
    page.open("#/add")
    page.sign_in(TOKEN)
    page.page.get_by_label("URL of its stream").fill(server.url)
    button(page, "Review").click()
    page.until(lambda: "A camera needs a name" in page.text)
    page.page.get_by_label("Name").fill("porch")
    button(page, "Look at it").click()
    page.until(lambda: "authentication" in page.text or "login" in page.page.get_by_role("alert").last.inner_text())
    page.page.get_by_label("User").fill("viewer")
    page.page.get_by_label("Password").fill("pa ss")
    button(page, "Look at it").click()
    page.until(lambda: "h264, 320 × 240" in page.text)
    assert page.page.get_by_alt_text("The camera's first picture").evaluate("e => e.naturalWidth") == 320
    button(page, "Review").click()
    page.until(lambda: "password: ${PORCH_PASSWORD}" in page.text)
    assert "pa ss" not in page.text
    button(page, "Apply").click()
    page.until(lambda: page.tile("porch").count() and page.tile("porch").get_attribute("data-state") == "up")
    secrets = Path(box.path).with_suffix(".env")
    assert 'PORCH_PASSWORD="pa ss"' in secrets.read_text()
    secrets.unlink()


def test_a_camera_is_found_in_the_network_and_asked_for_its_streams(box: Box, browse: OpenView) -> None:
    pytest.importorskip("onvif")
    with OnvifDouble() as double:

        def answer(question: bytes, _: int) -> Iterator[bytes]:
            yield MATCH.format(relates="", services=double.service).encode()

        with Responder(answer, group=search.GROUP[0], port=search.GROUP[1]):
            page = browse(box.base)
            page.open("#/add")
            page.sign_in(TOKEN)
            button(page, "Find cameras").click()
            page.page.get_by_role("button", name="AXIS P3245, P3245-LVE 127.0.0.1").click()
        assert field(page, "Name") == "axis_p3245"
        assert field(page, "URL of its stream") == "rtsp://127.0.0.1/"
        button(page, "Ask for its URL").click()
        page.until(lambda: "it refuses the login" in page.text)
        page.page.get_by_label("User").fill("viewer")
        page.page.get_by_label("Password").fill("s3cret")
        button(page, "Ask for its URL").click()
        page.until(lambda: field(page, "URL of its stream") == "rtsp://127.0.0.1:8554/main?profile=1")
        page.page.get_by_role("button", name="sub 640 × 360").click()
    assert field(page, "URL of its stream") == "rtsp://127.0.0.1:8554/sub?profile=1"


def field(page: View, label: str) -> str:
    """What a field holds."""
    return str(page.page.get_by_label(label).input_value())
