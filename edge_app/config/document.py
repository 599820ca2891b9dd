"""YAML nodes to plain values: dicts, lists, texts and None, each with its place in the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import yaml

from edge_app.config.issue import ConfigIssue, Keys, Mark
from edge_app.config.syntax import parse

NodeKind = Literal["text", "nothing", "list", "mapping"]

# Far above any real file; this stops an alias that contains itself, or ten of ten of ten.
MAX_DEPTH = 20
MAX_VALUES = 100_000

NOTHING = ("", "~", "null", "Null", "NULL")
UNUSABLE: Final = object()  # instead of a value that an issue was found in: no schema takes it
COMMA = "want ': ' and a value; inside { } a comma ends a value, so quote one that holds a comma"
COMMENT = re.compile(r"[ \t]+#[^ \t\r\n]")  # people leave a blank behind the # of one
BLOCKS = ("|", ">")  # styles of a text that begins on the line below its key
STANDARD_TAGS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map")


@dataclass(frozen=True)
class Location:
    """Where a value stands in the file.

    Attributes:
        key: Where its key begins; for a list item or the whole file, where the value does.
        value: Where the value begins.
        kind: What the value is.
        text: A scalar as written, variables not replaced; empty for a list or mapping.
    """

    key: Mark
    value: Mark
    kind: NodeKind
    text: str = ""


@dataclass(frozen=True)
class YamlDocument:
    """The values of a file, where each stands, and what is wrong with the file whatever the schema.

    Attributes:
        values: Dicts, lists, texts, None, and `UNUSABLE` for what an issue is about.
        locations: Of each value.
        issues: What is wrong so far.
    """

    values: Any
    locations: dict[Keys, Location]
    issues: list[ConfigIssue]

    def mark(self, keys: Keys) -> Mark:
        """Where to point the user for `keys`: at the text itself, or at the key of a list or mapping."""
        while keys not in self.locations:
            keys = keys[:-1]  # what the file leaves out is reported where it would stand
        location = self.locations[keys]
        return location.value if location.kind == "text" else location.key


def read(content: bytes, fill: Callable[[str], str]) -> YamlDocument:
    """The values of a YAML file; `fill` replaces the variables in a scalar or raises ValueError.

    Raises:
        ConfigIssue: It is not YAML, or so nested that it cannot be read to its end.
    """
    root = parse(content)
    reader = _Reader(fill)
    return YamlDocument(reader.read(root, (), _mark(root)), reader.locations, reader.issues)


class _Reader:
    def __init__(self, fill: Callable[[str], str]) -> None:
        self.locations: dict[Keys, Location] = {}
        self.issues: list[ConfigIssue] = []
        self._fill = fill
        self._visits = 0

    def read(self, node: yaml.Node, keys: Keys, key_mark: Mark) -> Any:
        """The value of `node`, whose key stands at `key_mark`."""
        self._count(node, keys)
        if node.tag not in STANDARD_TAGS:
            self.locations[keys] = Location(key_mark, _mark(node), "text")
            return self._unusable(node, keys, "tags are not supported; quote a value that begins with !")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, keys, key_mark)
        if isinstance(node, yaml.SequenceNode):
            self.locations[keys] = Location(key_mark, _mark(node), "list")
            return [self.read(item, (*keys, index), _mark(item)) for index, item in enumerate(node.value)]
        self.locations[keys] = Location(key_mark, _mark(node), "mapping")
        entries = self._entries(node, keys)
        return {name: self.read(value, (*keys, name), _mark(key)) for name, (key, value) in entries.items()}

    def _count(self, node: yaml.Node, keys: Keys, values: int = 1) -> None:
        self._visits += values
        if len(keys) > MAX_DEPTH or self._visits > MAX_VALUES:
            raise ConfigIssue(_mark(node), keys[:3], "too large or nested too deep; does an alias contain itself?")

    def _unusable(self, node: yaml.Node, keys: Keys, message: str) -> object:
        self.issues.append(ConfigIssue(_mark(node), keys, message))
        return UNUSABLE

    def _scalar(self, node: yaml.ScalarNode, keys: Keys, key_mark: Mark) -> object:
        plain = node.style is None
        written = node.value.removesuffix("\n") if node.style in BLOCKS else node.value  # which ends with its line
        self.locations[keys] = Location(key_mark, _mark(node), "text", written)
        try:
            text = self._fill(written)
            text.encode()
        except UnicodeEncodeError:
            return self._unusable(node, keys, "not UTF-8 text, or its variables are not")
        except ValueError as error:
            return self._unusable(node, keys, str(error))
        if not node.value and (begins := _hidden(node, keys)):
            return self._unusable(node, keys, f"nothing is left of it; quote a value that begins with {begins}")
        # A variable may hold the text `null`; only a plain scalar of the file, or an empty variable, means None.
        if plain and (node.value in NOTHING or not text):
            self.locations[keys] = Location(key_mark, _mark(node), "nothing", node.value)
            return None
        return text

    def _entries(self, node: yaml.Node, keys: Keys) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        """Keys and values by name; the mapping's own keys win over those that `<<` merges in."""
        self._count(node, keys, len(node.value))
        own: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        merged: list[yaml.Node] = []
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._unusable(key, keys, "want a name as key; write it in quotes if it begins with [ or {")
            elif key.value == "<<" and key.style is None:
                merged.extend(self._merged_mappings(value, keys))
            elif _lacks_colon(node, key, value):
                self._unusable(key, keys, COMMA)  # without the key, which may be the rest of a password
            elif key.value in own:
                first = _mark(own[key.value][0]).line
                self._unusable(key, (*keys, key.value), f"given twice, first in line {first}")
            else:
                own[key.value] = (key, value)
        for mapping in merged:
            for name, entry in self._entries(mapping, (*keys, "<<")).items():
                own.setdefault(name, entry)
        return own

    def _merged_mappings(self, node: yaml.Node, keys: Keys) -> Iterator[yaml.MappingNode]:
        for mapping in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if isinstance(mapping, yaml.MappingNode) and mapping.tag in STANDARD_TAGS:
                yield mapping
            else:
                self._unusable(mapping, (*keys, "<<"), "want the alias of a mapping")


def _lacks_colon(mapping: yaml.Node, key: yaml.Node, value: yaml.Node) -> bool:
    """Whether a key inside { } stands alone; the value is then empty, and where the key ends, not that of an alias."""
    in_braces = isinstance(mapping, yaml.CollectionNode) and mapping.flow_style
    text, begin, end = key.end_mark.buffer, key.end_mark.pointer, value.start_mark.pointer
    return bool(in_braces and not value.value and text and begin <= end and ":" not in text[begin:end])


def _hidden(node: yaml.ScalarNode, keys: Keys) -> str:
    """What a value begins with that YAML takes for the name of an anchor, or a password for a comment; else empty."""
    text, begin, end = node.end_mark.buffer or "", node.start_mark.pointer, node.end_mark.pointer
    if text[begin:end].startswith("&"):
        return "&"
    return "#" if keys[-1:] == ("password",) and COMMENT.match(text, end) else ""


def _mark(node: yaml.Node) -> Mark:
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)
