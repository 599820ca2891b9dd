"""Text that others wrote, such as a label or the name of a file, for a terminal."""

from __future__ import annotations

import re

# Those that a terminal obeys, line breaks among them; those that turn around what is read; and halves of characters,
# which stand for bytes of a file's name that are no text.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def escaped(text: str) -> str:
    r"""The text on one line, with what a terminal would obey written as in Python.

    >>> print(escaped("car\x1b[2J\n"))
    car\x1b[2J\n
    """
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
