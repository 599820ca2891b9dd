"""Pydantic's errors as messages that the user of a configuration file understands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from edge_app.config.document import Location
from edge_app.config.issue import listed, nearest
from edge_app.config.section import WANTED

# By pydantic's error type, or a prefix of it; {names} come from the error's context.
WANTS = {
    "float": "want a number",
    "finite": "want a number",
    "int": "want a whole number",
    "bool": "want true or false",
    "string_too": "want some text",
    "string": "want text",
    "path": "want a path",
    "dict": "want names with values below them",
    "model": "want keys with values below them",
    "tuple": "want a list",
    "datetime": "want a time such as 2026-11-23T15:00:00Z",
    "timezone": "want a time with its zone, such as 2026-11-23T15:00:00Z",
    "greater_than_equal": "want at least {ge:g}",
    "greater_than": "want more than {gt:g}",
    "less_than_equal": "want at most {le:g}",
    "less_than": "want less than {lt:g}",
}


def describe(error_type: str, context: Mapping[str, Any], location: Location | None, *, secret: bool) -> str:
    """What is wrong with the value at `location`, and the value itself unless it is a secret."""
    if error_type == "edge_app":
        return str(context["text"])
    if error_type in ("literal_error", "union_tag_invalid"):
        names = re.findall(r"[\w.-]+", str(context.get("expected") or context["expected_tags"]).replace(" or ", " "))
        return f"want {listed(names)}{_got(location, secret)}{nearest(location.text if location else '', names)}"
    if error_type == "too_short":
        return "want at least one"
    if location and location.kind == "text" and error_type.startswith(("dict", "model", "tuple")):
        return f"{_wanted(error_type, context)}, got a text"  # which may be a password whose key was left out
    return _wanted(error_type, context) + _got(location, secret)


def _wanted(kind: str, context: Mapping[str, Any]) -> str:
    if kind == "string_pattern_mismatch":
        return WANTED.get(pattern := context["pattern"], f"want text that matches {pattern}")
    longest = max((start for start in WANTS if kind.startswith(start)), key=len, default="")
    return WANTS.get(longest, "not valid").format(**context)


def _got(location: Location | None, secret: bool) -> str:
    if location is None or (secret and location.kind == "text"):
        return ""
    if location.kind == "text" and ("@" in location.text or "://" in location.text):
        return ""  # it may be a URL in the wrong place, with a password
    if location.kind == "text":
        return f", got {_shown(location.text)}"
    return ", got nothing" if location.kind == "nothing" else f", got a {location.kind}"


def _shown(text: str) -> str:
    short = repr(text if len(text) <= 40 else text[:39] + "…")
    return f"the value of {short}" if "${" in text else short
