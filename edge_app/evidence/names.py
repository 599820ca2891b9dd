"""Where evidence lies in its folder: `<camera>/<date>/<id>.jpg` and `.mp4`, which follows from the event alone."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal, NamedTuple

from edge_app.core import files
from edge_app.core.events import EventType
from edge_app.core.ulid import ulid_time

FileKind = Literal["snapshot", "clean", "clip"]

EVIDENCE = "evidence"  # in the state folder
EVENTS_FILE = "events.db"  # in that
FOLDER_MODE, FILE_MODE = 0o700, 0o600  # they show people
# What may happen under one id, in its order.
LIVES: tuple[tuple[EventType, ...], ...] = (
    ("new", "update", "end"),
    ("enter", "dwell", "leave"),
    ("cross",),
    ("crowd", "calm"),
)
KEYS: dict[FileKind, str] = {"snapshot": "snapshot", "clean": "clean_snapshot", "clip": "clip"}
"""Which key of an event names its file of a kind."""
NAME = re.compile(
    r"(?P<camera>[a-z0-9_]+)/\d{4}-\d{2}-\d{2}/(?P<id>[0-7][0-9A-HJKMNP-TV-Z]{25})(-[a-z]+)*?(?P<end>(-clean)?\.jpg|\.mp4)"
)
KINDS: dict[str, FileKind] = {".jpg": "snapshot", "-clean.jpg": "clean", ".mp4": "clip"}
ENDINGS = {kind: ending for ending, kind in KINDS.items()}


class Named(NamedTuple):
    """What a file's name says."""

    camera: str
    event_id: str
    kind: FileKind


def file_name(camera: str, event_id: str, event_type: EventType, kind: FileKind, types: Collection[str]) -> str:
    """The file of an event, relative to the folder; the day is that on which its id was made, in UTC.

    Several events of one id, such as `enter` and `dwell`, have files of their own.

    Args:
        camera: The camera's name.
        event_id: Its id.
        event_type: What happened.
        kind: What the file is.
        types: Those that have such a file; the first of an id's has nothing but the id for its name.

    >>> file_name("gate", "01KB0000000000000000000000", "dwell", "snapshot", ["enter", "dwell"])
    'gate/2025-11-26/01KB0000000000000000000000-dwell.jpg'
    """
    life = next(life for life in LIVES if event_type in life)
    first = next(each for each in life if each in types or each == event_type)
    day = datetime.fromtimestamp(ulid_time(event_id), timezone.utc)
    which = "" if event_type == first else f"-{event_type}"
    return f"{camera}/{day:%Y-%m-%d}/{event_id}{which}{ENDINGS[kind]}"


def what(name: str) -> Named | None:
    """Of which event a file of that name is; None if it is not one of ours."""
    found = NAME.fullmatch(name)
    return found and Named(found["camera"], found["id"], KINDS[found["end"]])


def make_folders(folder: Path, name: str) -> Path:
    """Makes the folders of a file of that name; returns its path.

    Raises:
        OSError: The operating system refuses.
    """
    path = folder / name
    for each in (path.parent.parent, path.parent):
        each.mkdir(mode=FOLDER_MODE, exist_ok=True)
    return path


def draft_of(folder: Path, name: str) -> Path:
    """An empty file, beside where a file of that name belongs, in which that is written until it is whole.

    What is left of it is deleted at the next start.

    Raises:
        OSError: The operating system refuses.
    """
    while True:
        path = make_folders(folder, name)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with suppress(FileNotFoundError):  # the folder was empty, and another thread has deleted it
            os.close(files.open_to_write(draft, os.O_WRONLY, FILE_MODE))
            return draft
