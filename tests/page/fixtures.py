"""A real browser, headless Chromium, and a page of it as a user sees it."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import PATIENCE_S

ROOT = Path(__file__).parents[2]
AXE = ROOT / ".venv-bindings" / "axe-core" / "package" / "axe.min.js"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def missing() -> str:
    """Why there is no browser here; empty where there is one."""
    if shutil.which("chromium") is None:
        return "no chromium: apt-get install chromium"
    try:
        import playwright  # noqa: F401
    except ImportError:
        return f"no playwright for Python {sys.version_info[0]}.{sys.version_info[1]}"
    return ""


class View:
    """A page of a browser, and what it did.

    Attributes:
        page: As playwright has it.
        errors: What the console was told that is no refused request, which a browser tells too.
        urls: What was asked for.
    """

    def __init__(self, browser: Any, base: str, width: int = 1280, height: int = 900, **given: Any) -> None:
        self.base = base
        self.context = browser.new_context(viewport={"width": width, "height": height}, **given)
        self.page = self.context.new_page()
        self.page.set_default_timeout(1000 * PATIENCE_S)
        self._forgiven = "Failed to load resource|WebSocket connection"
        self.errors: list[str] = []
        self.urls: list[str] = []
        self.page.on("console", self._told)
        self.page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        self.page.on("request", lambda request: self.urls.append(request.url))
        self.page.on("websocket", lambda socket: self.urls.append(socket.url))

    def _told(self, message: Any) -> None:
        if message.type == "error" and not re.search(self._forgiven, message.text):
            self.errors.append(message.text)

    def open(self, route: str = "") -> None:
        self.page.goto(f"{self.base}/{route}", wait_until="domcontentloaded")

    def sign_in(self, token: str) -> None:
        self.page.get_by_label("Token").fill(token)
        self.page.keyboard.press("Enter")

    def tile(self, camera: str) -> Any:
        return self.page.locator(f'[data-camera="{camera}"]')

    def until(self, condition: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
        """Waits for the condition, while the page goes on."""
        for _ in range(round(timeout_s / 0.05)):
            if condition():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"not true within {timeout_s} s; the page says: {self.text[:500]}; errors: {self.errors}")

    @property
    def text(self) -> str:
        return str(self.page.locator("body").inner_text())

    @property
    def foreign(self) -> set[str]:
        """What was asked of another host."""
        own = re.compile(r"^(https?|wss?)://" + re.escape(self.base.split("//")[1]) + r"(/|$)|^(data|blob|about):")
        return {url for url in self.urls if not own.match(url)}

    def faults(self) -> list[str]:
        """What axe-core finds that is serious for whoever sees, hears or moves differently."""
        if not AXE.is_file():
            pytest.skip("no axe-core: npm was not there when the tests were set up")
        self._forgiven += "|Applying inline style violates"  # axe tries what the page's policy forbids, as it should
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        serious = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
        return [f"{each['id']}: {each['help']}: {[n['html'][:200] for n in each['nodes'][:3]]}" for each in serious]


OpenView = Callable[..., View]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser for all tests of a worker."""
    if reason := missing():
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def browse(chromium: Any) -> Iterator[OpenView]:
    """Opens pages: `browse("http://127.0.0.1:8080", width=390)`; all are closed at the end, and made no mistake."""
    opened: list[View] = []

    def start(base: str, **given: Any) -> View:
        opened.append(View(chromium, base, **given))
        return opened[-1]

    yield start
    for each in opened:
        errors, foreign = each.errors, each.foreign
        each.context.close()
        assert errors == []
        assert foreign == set()
