"""Hides what a configuration says in confidence, wherever it turns up in a text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, quote_plus

HIDDEN = "***"
SHORTEST = 4  # a shorter text is no secret, and would be found within words


def hide(text: str, secrets: Mapping[str, str]) -> str:
    """The text with each secret replaced by what may be shown, also where it is written as part of a URL.

    >>> hide("GET /x?pw=p%40ss%20word from 10.0.0.5: p@ss word", {"p@ss word": HIDDEN})
    'GET /x?pw=*** from 10.0.0.5: ***'
    """
    shown = {form: instead for secret, instead in secrets.items() for form in _forms(secret)}
    if not shown:
        return text
    longest_first = sorted(shown, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest_first)), lambda found: shown[found[0]], text)


def _forms(secret: str) -> set[str]:
    forms = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), repr(secret)[1:-1]}
    return {form for form in forms if len(form) >= SHORTEST}
