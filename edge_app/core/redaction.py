"""Hides what a configuration says in confidence, wherever it turns up in a text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus

HIDDEN = "***"
SHORTEST = 4  # a shorter text is no secret, and would be found within words


class Redactor:
    """Replaces secrets by what may be shown, also where they are written as a part of a URL, of JSON or of Python.

    >>> Redactor({"p@ss word": HIDDEN}).hide("GET /x?pw=p%40ss%20word from 10.0.0.5: p@ss word")
    'GET /x?pw=*** from 10.0.0.5: ***'
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = secrets
        self._shown = {form: shown for secret, shown in secrets.items() for form in _forms(secret) if form != shown}
        longest_first = sorted(self._shown, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def knowing(self, secrets: Mapping[str, str]) -> Redactor:
        """One that hides these as well."""
        return Redactor({**self._secrets, **secrets})

    def hide(self, text: str) -> str:
        """The text without secrets."""
        return self._pattern.sub(lambda found: self._shown[found[0]], text) if self._pattern else text


def _forms(secret: str) -> set[str]:
    """The secret, and what becomes of it in a URL, and in a log of JSON that quotes a traceback."""
    plain = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), repr(secret)[1:-1]}
    return {form for text in plain for form in (text, *_in_json(text)) if len(form) >= SHORTEST}


def _in_json(text: str) -> Iterator[str]:
    return (json.dumps(text, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False))
