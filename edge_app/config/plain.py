"""Small YAML files that come with a model, read as the configuration is: bounded, every scalar a text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge_app.config.document import read
from edge_app.config.issue import ConfigIssue, Mark

MOST_BYTES = 4 << 20


def plain_values(path: Path) -> Any:
    """What the file says: dicts, lists, texts and None.

    Raises:
        ConfigIssue: It is not YAML, or too large or too nested for what it is.
        OSError: The operating system refuses.
    """
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ConfigIssue(Mark(1, 1), (), f"larger than {MOST_BYTES >> 20} MB")
    document = read(content, fill=str)
    if document.issues:
        raise document.issues[0]
    return document.values
