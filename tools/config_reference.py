"""Writes docs/configuration.md from the configuration's JSON Schema: python tools/config_reference.py."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge_app.app.config import config_schema

PAGE = Path(__file__).parents[1] / "docs/configuration.md"
HEAD = """# Configuration

<!-- Written by tools/config_reference.py from the schema; edit the docstrings of the sections instead. -->

Every key of the YAML file. [`configs/everything.yaml`](../configs/everything.yaml) is a file with all of them;
`edge-app schema config` prints the JSON Schema by which editors complete and check it.

- A key that does not exist is a mistake, and so is a key that would have no effect. A mistake is one line,
  `FILE:LINE:COLUMN: key: what is wrong`; up to ten are told at once, in the order of the file, and then `and N more`.
  The exit code is 78; `edge-app check` finds them before `run` does. What is not YAML is told alone.
- Any value may be `${VAR}` or `${VAR:-default}`. Variables come from the environment, else from the file `VAR` in
  `$CREDENTIALS_DIRECTORY`. `$${` stands for the characters themselves. Inside `{ }` and `[ ]` a variable needs quotes.
  A line break at the end of a variable does not count; other control characters in it are a mistake.
- The file is UTF-8 and YAML 1.2, without tags, and every value is what its key wants: `yes`, `0123` and `12:30:00` are
  texts where a text is wanted. Inside `{ }` and `[ ]` a value with brackets needs quotes.
- Relative paths are relative to the folder of the file. `null` means that a key is not given.
"""
BOUNDS = {"minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "exclusiveMaximum": "< {}"}
FORMATS = {"path": "path", "password": "text, never shown", "date-time": "time, RFC 3339"}
NAMES = {"boolean": "`true`, `false`", "null": "`null`", "string": "text"}
VARIABLE = r"\$\{"  # instead of any value
Schema = dict[str, Any]


class Reference:
    """The page: a chapter for each section, those inside it right behind."""

    def __init__(self, schema: Schema) -> None:
        self._definitions: dict[str, Schema] = schema["$defs"]
        self._titles: dict[str, str] = {}  # of the sections that have a chapter, by definition
        about = "Its top level. Only `model` and `cameras` must be there."
        self.text = HEAD + self._chapter("The file", {**schema, "description": about}, "")

    def _chapter(self, title: str, section: Schema, path: str) -> str:
        known = set(self._titles)
        rows = [
            self._row(key, value, section, f"{path}.{key}".lstrip(".")) for key, value in section["properties"].items()
        ]
        head = ["| key | value | default | |", "| --- | --- | --- | --- |"]
        text = "\n".join(["", f"## {title}", "", section["description"], "", *head, *rows, ""])
        new = [name for name in self._titles if name not in known]
        within = {name: self._titles[name].partition(",")[0] for name in new}
        return text + "".join(self._chapter(self._titles[name], self._definitions[name], within[name]) for name in new)

    def _row(self, key: str, value: Schema, section: Schema, path: str) -> str:
        values = ", or ".join(dict.fromkeys(self._values(value, path)))
        about = value.get("description") or self._definitions[value["$ref"].rpartition("/")[2]]["description"]
        return f"| `{key}` | {values} | {_default(key, value, section)} | {_in_cell(about)} |"

    def _values(self, value: Schema, path: str) -> Iterator[str]:
        """What a key may be."""
        for each in value.get("anyOf") or value.get("oneOf") or [value]:
            if "$ref" in each:
                yield self._link(each["$ref"], path)
            elif "patternProperties" in each:
                (inner,) = each["patternProperties"].values()
                yield f"names, each with {', or '.join(self._values(inner, f'{path}.NAME'))}"
            elif each.get("type") == "array":
                yield f"list of {' · '.join(self._values(each['items'], path))}"
            elif each.get("pattern") != VARIABLE:
                yield _scalar(each)

    def _link(self, reference: str, path: str) -> str:
        """A link to a section's chapter, which is written later if it is new."""
        name = reference.rpartition("/")[2]
        kind = self._definitions[name]["properties"].get("type", {}).get("const")
        title = self._titles.setdefault(name, f"{path}, type {kind}" if kind else path)
        anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        return f"[{title.rpartition(', ')[2]}](#{anchor})"


def _scalar(value: Schema) -> str:
    """A value that is no section, with its bounds."""
    if "const" in value:
        return f"`{value['const']}`"
    if "enum" in value:
        return ", ".join(f"`{choice}`" for choice in value["enum"])
    if "format" in value:
        return FORMATS[value["format"]]
    if "pattern" in value:
        return f"text that matches <code>{_in_cell(html.escape(value['pattern']))}</code>"
    name = NAMES.get(value["type"], value["type"])
    if {"minimum", "maximum"} <= set(value):
        return f"{name}, {value['minimum']:g} to {value['maximum']:g}"
    return " ".join([name, *(text.format(f"{value[key]:g}") for key, text in BOUNDS.items() if key in value)])


def _default(key: str, value: Schema, section: Schema) -> str:
    default = value.get("default")
    if key in section.get("required", ()) or "const" in value:  # by `type` the other keys of a sink are known
        return "required"
    if "default" not in value or isinstance(default, dict):
        return ""
    if isinstance(default, float):
        return f"`{default:g}`"
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


def _in_cell(text: str) -> str:
    """Text that neither ends nor breaks the cell of a table."""
    parts = " ".join(text.split()).replace("|", "&#124;").split("`")
    return "`".join(part if number % 2 else re.sub("<(?=[a-z])", "&lt;", part) for number, part in enumerate(parts))


def reference() -> str:
    """The page as the schema has it now."""
    return Reference(json.loads(config_schema())).text


if __name__ == "__main__":
    PAGE.write_text(reference())
