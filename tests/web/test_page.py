"""The page's files: served to everybody, from a fixed list, with a policy that lets nothing foreign in."""

from __future__ import annotations

import re

import pytest

from edge_app.web.routes.page import FOLDER, TYPES
from tests.web.served import Serve

TOKEN = "write-0123456789abcdef"
FILES = sorted(path for path in FOLDER.rglob("*") if path.is_file())
OURS = [path for path in FILES if path.parent.name != "vendor"]
NAMES = {  # in texts, and of XML
    "http://www.w3.org/2000/svg",
}


def test_every_file_is_served_without_a_token(serve: Serve) -> None:
    served = serve(token=TOKEN)
    assert served.ask("/").headers["content-type"].startswith("text/html")
    for path in FILES:
        answer = served.ask(f"/page/{path.relative_to(FOLDER).as_posix()}")
        assert (answer.status, answer.body) == (200, path.read_bytes()), path
        assert answer.headers["content-type"].startswith(TYPES[path.suffix])


def test_nothing_inline_and_nothing_foreign_may_run(serve: Serve) -> None:
    policy = serve().ask("/").headers["content-security-policy"]
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert "unsafe" not in policy


def test_the_page_sends_no_referrer_and_is_shown_in_no_frame(serve: Serve) -> None:
    headers = serve().ask("/").headers
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_a_file_asks_nothing_of_another_host_and_makes_no_markup_of_texts(path) -> None:
    text = path.read_text()
    assert set(re.findall(r"https?://[^\s\"'`)>]+", text)) <= NAMES
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
    assert "localStorage" not in text
    assert "sessionStorage" not in text
    if path.suffix == ".html":
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text)


def test_what_a_browser_has_is_not_sent_again(serve: Serve) -> None:
    served = serve()
    first = served.ask("/page/page.css")
    again = served.ask("/page/page.css", **{"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    assert served.ask("/page/page.css", **{"If-None-Match": '"other"'}).status == 200


@pytest.mark.parametrize(
    "path",
    ["/page/", "/page/..", "/page/../guard.py", "/page/%2e%2e/guard.py", "/page/..%2fguard.py", "/page//etc/passwd",
     "/page/views/../../server.py", "/page/index.html%00.js", "/page/page.css/", "/page/none.js", "/page/INDEX.HTML"],
)  # fmt: skip
def test_a_path_that_is_none_of_them_leads_nowhere(serve: Serve, path: str) -> None:
    assert serve().ask(path).status == 404


def test_the_vendored_library_says_whose_it_is() -> None:
    licence = (FOLDER / "vendor" / "uPlot-LICENSE.txt").read_text()
    assert "MIT" in licence
    assert "Copyright" in licence
