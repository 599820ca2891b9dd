"""Writes the comments of configs/everything.yaml from the configuration's JSON Schema: python tools/everything_yaml.py.

Keys and values are written by hand; what a key means is said once, in the docstring of its section.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge_app.app.config import config_schema

FILE = Path(__file__).parents[1] / "configs/everything.yaml"
WIDTH = 120
KEY = re.compile(r"(?P<margin> *)(?:- )?(?P<name>\w+):(?P<value>.*)")
Schema = dict[str, Any]


class Comments:
    """The comment of each key, as a file is read from its first line to its last."""

    def __init__(self, schema: Schema) -> None:
        self._definitions: dict[str, Schema] = schema["$defs"]
        self._within: list[tuple[int, Schema]] = [(-1, schema)]  # where a section's keys are indented less, and it

    def of(self, indent: int, name: str, value: str) -> str:
        """What the key means, or of a list's `- type: KIND` what the kind is.

        Args:
            indent: Blanks before the key, or before its dash.
            name: The key.
            value: Its value.
        """
        while self._within[-1][0] >= indent:
            self._within.pop()
        parent = self._within[-1][1]
        kinds = parent.get("items", {}).get("oneOf")
        if kinds:
            section = next(s for s in map(self._defined, kinds) if s["properties"][name]["const"] == value)
            self._within.append((indent + 1, section))
            return str(section["description"])
        key = parent["properties"][name] if "properties" in parent else _only(parent["patternProperties"])
        section = next(filter(None, map(self._section, [key, *key.get("anyOf", ())])), None)
        if section is not None:
            self._within.append((indent, section))
        about = key.get("description") or (section or {})["description"]
        return f"{about} {_choices(key)}".rstrip()

    def _section(self, schema: Schema) -> Schema | None:
        """What holds keys of its own, or None."""
        schema = self._defined(schema)
        return schema if schema.keys() & {"properties", "patternProperties"} or "oneOf" in _items(schema) else None

    def _defined(self, schema: Schema) -> Schema:
        return self._definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _choices(key: Schema) -> str:
    """The values or bounds of a key that has both ends of them."""
    for each in (key, *key.get("anyOf", ())):
        if "enum" in each:
            return f"[{', '.join(map(str, each['enum']))}]"
        if {"minimum", "maximum"} <= set(each):
            return f"[{each['minimum']:g} to {each['maximum']:g}]"
    return ""


def _items(schema: Schema) -> Schema:
    items = schema.get("items", {})
    return items if isinstance(items, dict) else {}


def _only(patterns: dict[str, Schema]) -> Schema:
    (schema,) = patterns.values()
    return schema


def commented(text: str) -> str:
    """The file with the comments that its keys have in the schema; those of its head stay."""
    head, _, body = text.partition("\n\n")
    return f"{head}\n\n" + "".join(f"{line}\n" for line in _commented(body.strip("\n").splitlines()))


def _commented(lines: list[str]) -> Iterator[str]:
    comments = Comments(json.loads(config_schema()))
    for line in lines:
        if line.lstrip().startswith("#"):
            continue
        if found := KEY.fullmatch(line):
            mark = f"{found['margin']}# "
            about = comments.of(len(found["margin"]), found["name"], found["value"].strip())
            yield from textwrap.wrap(about, WIDTH, initial_indent=mark, subsequent_indent=mark)
        yield line


if __name__ == "__main__":
    FILE.write_text(commented(FILE.read_text()))
