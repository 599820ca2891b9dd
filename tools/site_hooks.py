"""What MkDocs does besides: pages from elsewhere in the repository, links to its files, options, diagrams as SVG."""

from __future__ import annotations

import contextlib
import io
import os
import posixpath
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import mermaidx
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from typer.main import get_command

from edge_app.cli import execute, program

PAGES = {  # files outside docs/, and which pages of the site they are
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    "calib_data/README.md": "calib_data.md",
    "models/traffic/README.md": "traffic.md",
}
LINK = re.compile(r"\[(?P<text>(?:[^\[\]]|!\[[^\]]*\]\([^)]*\))*)\]\((?P<path>[^)\s:#]+)(?P<anchor>#[^)\s]*)?\)")
OPTIONS = "<!-- options -->"
COLUMNS = "100"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Has fences of Mermaid drawn while the site is built: Material would fetch Mermaid from another server."""
    fence = {"name": "mermaid", "class": "mermaid", "format": drawn}
    config.mdx_configs["pymdownx.superfences"] = {"custom_fences": [fence]}
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that are elsewhere."""
    for path, uri in PAGES.items():
        files.append(File.generated(config, uri, content=(root(config) / path).read_text()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Makes links fit the site, and puts the options of every verb where they belong."""
    uri = page.file.src_uri
    here = posixpath.dirname(next((path for path, target in PAGES.items() if target == uri), f"docs/{uri}"))

    def of_the_site(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(here, link["path"]))
        if (root(config) / path).is_dir():
            return link["text"]
        return f"[{link['text']}]({in_site(path, config, files)}{link['anchor'] or ''})"

    return LINK.sub(of_the_site, markdown).replace(OPTIONS, "\n".join(options()))


def in_site(path: str, config: MkDocsConfig, files: Files) -> str:
    """Where a file of the repository is in the site; what is no page and no picture comes along as text."""
    if path in PAGES:
        return PAGES[path]
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    uri = f"source/{path}.txt"
    if (root(config) / path).is_file() and files.get_file_from_path(uri) is None:
        files.append(File.generated(config, uri, abs_src_path=str(root(config) / path)))
    return uri


def options() -> Iterator[str]:
    """What `--help` says of each verb, as chapters."""
    for verb in verbs(get_command(program([]))):
        told = io.StringIO()
        with mock.patch.dict(os.environ, COLUMNS=COLUMNS), contextlib.redirect_stdout(told):
            execute([*verb, "--help"])
        yield f"## edge-app {' '.join(verb)}\n\n```text\n{told.getvalue().strip()}\n```\n"


def verbs(command: Any, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The names of all verbs, of groups too."""
    for name, each in command.commands.items():
        if hasattr(each, "commands"):
            yield from verbs(each, (*before, name))
        else:
            yield (*before, name)


def drawn(source: str, *_of_the_fence: Any, **_more: Any) -> str:
    """A diagram of Mermaid as an SVG with an id of its own, to which its styles are bound."""
    svg = mermaidx.render(source).svg()
    return f'<div class="diagram">{svg.replace("my-svg", f"mermaid-{zlib.crc32(source.encode())}")}</div>'


def root(config: MkDocsConfig) -> Path:
    """The repository."""
    return Path(config.config_file_path).parent
