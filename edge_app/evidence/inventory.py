"""What lies in the folder of the evidence, and what its database says of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from edge_app.evidence.names import what


class Inventory(NamedTuple):
    """Where a kill or a power cut has left the two apart.

    Attributes:
        lost: Names of files that are listed and not there, or not as they were.
        unlisted: Files that are there and not listed: their sizes [bytes] by name.
    """

    lost: list[str]
    unlisted: Mapping[str, int]


def delete_drafts(folder: Path, in_work: Container[Path]) -> None:
    """Deletes what a kill has left of clips, but for what is `in_work`; raises OSError."""
    for path in _files(folder):
        whole = path.relative_to(folder).with_name(_without_draft(path.name))
        if path.name.startswith(".") and path not in in_work and what(str(whole)):
            path.unlink()


def take_inventory(folder: Path, db: sqlite3.Connection, in_work: Container[Path]) -> Inventory:
    """Compares them, and deletes what a power cut has left of files that were not written to their end.

    What is not ours is left alone, and so is what is `in_work`. Raises OSError or sqlite3.Error.
    """
    listed = dict(db.execute("SELECT name, bytes FROM files").fetchall())
    there: dict[str, int] = {}
    for path in _files(folder):
        name, size = str(path.relative_to(folder)), path.lstat().st_size
        if path not in in_work and what(name) is not None:
            if size == listed.get(name, size) and size:
                there[name] = size
            else:
                path.unlink()
    return Inventory(
        lost=[name for name in listed if name not in there],
        unlisted={name: size for name, size in there.items() if name not in listed},
    )


def _files(folder: Path) -> Iterator[Path]:
    """Files two folders down; no link is followed."""
    for camera in folder.iterdir():
        for day in camera.iterdir() if camera.is_dir() and not camera.is_symlink() else ():
            for path in day.iterdir() if day.is_dir() and not day.is_symlink() else ():
                if path.is_file() and not path.is_symlink():
                    yield path


def _without_draft(name: str) -> str:
    """The name of the file that a draft was to become."""
    return name[1:].rpartition(".")[0]
