"""What people read first is short, leads somewhere, and says what the program says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from typer.main import get_command

from edge_app.cli import program
from tools.config_reference import PAGE, reference

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    [*ROOT.glob("*.md"), *DOCS.glob("*.md"), ROOT / "calib_data/README.md", ROOT / "models/traffic/README.md"]
)
LINK = re.compile(r"\]\((?![a-z]+:)(?P<path>[^)\s#]*)(?:#(?P<anchor>[^)\s]+))?\)")
PACKAGE = re.compile(r"^\| (?P<layer>\d+) \| `(?P<name>\w+)` \| \S.* \|$", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links() -> Iterator[tuple[Path, str, str]]:
    for page in PAGES:
        for link in LINK.finditer(page.read_text()):
            yield page, link["path"], link["anchor"] or ""


def packages() -> dict[str, int]:
    """The packages of docs/architecture.md, with the number of their layer."""
    return {found["name"]: int(found["layer"]) for found in PACKAGE.finditer((DOCS / "architecture.md").read_text())}


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 130


def test_every_link_leads_to_a_file_and_a_heading():
    lost = []
    for page, path, anchor in links():
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            lost.append(f"{page.name}: {path}#{anchor}")
    assert not lost
    assert len(list(links())) > 50


def test_every_package_is_on_the_map_and_no_other():
    modules = {path.stem for path in (ROOT / "edge_app").glob("*.py")} - {"__init__", "__main__"}
    assert set(packages()) == modules | {path.parent.name for path in (ROOT / "edge_app").glob("*/__init__.py")}


def test_the_map_has_the_layers_that_the_linter_holds():
    tomllib = pytest.importorskip("tomllib", reason="tomllib came with Python 3.11")
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    held = [set(re.findall(r"\w+", layer)) for layer in layers]
    drawn: dict[int, set[str]] = {}
    for name, layer in packages().items():
        drawn.setdefault(layer, set()).add(name)
    exist = set(packages())
    assert [drawn[number] for number in sorted(drawn)] == [layer & exist for layer in held if layer & exist]
    assert all(b == a + 1 for a, b in pairwise(sorted(drawn)))


def test_the_reference_of_the_configuration_is_the_schemas():
    assert PAGE.read_text() == reference(), "run: python tools/config_reference.py"


def test_every_verb_is_in_the_list_of_commands():
    text = (DOCS / "commands.md").read_text()
    commands = get_command(program([])).commands
    for name, command in commands.items():
        for verb in [f"{name} {each}" for each in getattr(command, "commands", ())] or [name]:
            assert f"| `edge-app {verb}" in text


class Fetched(HTMLParser):
    """What a browser fetches for a page by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("script", "img", "iframe"):
            self.urls += [given.get("src") or ""]
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload"):
            self.urls += [given.get("href") or ""]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    for needed in ("mkdocs", "material", "mermaidx"):
        pytest.importorskip(needed, reason=f"{needed} is not installed")
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_site_has_every_page_and_asks_no_other_server(site):
    pages = {path.stem for path in site.glob("*.html")}
    assert pages >= {"index", "contributing", "security", "changelog"} | {path.stem for path in DOCS.glob("*.md")}
    for path in site.glob("*.html"):
        fetched = Fetched()
        fetched.feed(path.read_text())
        assert not [url for url in fetched.urls if "//" in url], path.name


def test_the_site_draws_the_way_of_a_frame_and_lists_options(site):
    assert "<svg" in (site / "architecture.html").read_text().partition('class="diagram"')[2]
    assert "--record" in (site / "commands.html").read_text()
