"""Makes the nodes of a YAML text say something else, each in the style in which it is written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

import yaml

from edge_app.config.rendering import rendered
from edge_app.config.text_edit import BY_HAND, TextEdit
from edge_app.core.errors import InputError

STEP = 2  # blanks by which a new line is indented more than that of its key


class NodeEdit:
    """Changes of one text, node by node; only what differs is touched."""

    def __init__(self, text: TextEdit) -> None:
        self._text = text

    def mapping(
        self, node: yaml.MappingNode, old: Mapping[str, Any], new: Mapping[str, Any], *, outermost: bool = False
    ) -> None:
        """Makes a mapping say what is new; `outermost`: what is added to it has lines of its own."""
        own = own_entries(node)
        gone = {name for name in old if name in own and name not in new}
        added = {name: value for name, value in new.items() if name not in own and value != old.get(name)}
        added |= dict.fromkeys(name for name in old if name not in own and name not in new)  # what `<<` brings
        for name, (key, value) in own.items():
            if name not in new or new[name] == old.get(name):
                continue
            if outermost and new[name] in ({}, []) and len(own) > 1 and not self._has_comment(node, key, value):
                gone.add(name)
            else:
                self._value(value, old.get(name), new[name], key.start_mark.column)
        for name in sorted(gone):
            if (same := next((other for other in added if added[other] == old[name]), None)) is not None:
                key, _ = own[name]  # it has another name
                self._text.put(key.start_mark.index, key.end_mark.index, rendered(same))
                gone.remove(name)
                del added[same]
        if node.flow_style:
            spans = {key.start_mark.index: max(map(self._text.end, (key, value))) for key, value in node.value}
            removed = {index for index, (key, _) in enumerate(node.value) if key.value in gone}
            self._flow(node, list(spans.items()), removed, {len(spans): [_entry(each, added[each]) for each in added]})
            return
        for name in gone:
            self._text.remove_lines(own[name][0].start_mark.index, own[name][1])
        indent = " " * node.value[0][0].start_mark.column
        lines = [indent + line for name in added for line in _lines(name, added[name], expanded=outermost)]
        self._text.add_lines(node.value[-1][1], lines)

    def _has_comment(self, node: yaml.MappingNode, key: yaml.Node, value: yaml.Node) -> bool:
        """Whether there may be one about that key: what stands behind braces is about the whole."""
        end = self._text.end(value) if node.flow_style else self._text.line_after(value)
        return "#" in self._text.before[key.start_mark.index : end]

    def _value(self, node: yaml.Node, old: Any, new: Any, key_column: int = -1) -> None:
        """Makes a value say what is new."""
        if isinstance(node, yaml.MappingNode) and isinstance(old, dict) and isinstance(new, dict) and old and new:
            self.mapping(node, old, new)
        elif isinstance(node, yaml.SequenceNode) and isinstance(old, list) and isinstance(new, list) and old and new:
            self._sequence(node, old, new)
        else:
            self._replace(node, new, key_column)

    def _replace(self, node: yaml.Node, new: Any, key_column: int) -> None:
        """Writes a value anew, where the one before began."""
        text, start = self._text.before, node.start_mark.index
        blanks = 0
        if text[start - 1 : start] not in ("", " ", "\t", "\n", "[", "{", ","):
            blanks = 1  # behind the colon of a key that had no value
        elif node.start_mark.column <= key_column and not text[self._text.line_begin(start) : start].strip():
            blanks = (
                key_column - node.start_mark.column + STEP
            )  # a list may begin right below its key, other values not
        self._text.put(start, self._text.end(node), " " * blanks + rendered(new))

    def _sequence(self, node: yaml.SequenceNode, old: Sequence[Any], new: Sequence[Any]) -> None:
        """Makes a list say what is new, item by item."""
        if len(node.value) != len(old):
            raise InputError(f"a list is not what it was taken for; {BY_HAND}")
        removed, added = set[int](), dict[int, list[str]]()
        before, after = ([json.dumps(each, sort_keys=True) for each in items] for items in (old, new))
        for what, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            if what == "equal":
                continue
            pairs = min(i2 - i1, j2 - j1)
            for shift in range(pairs):
                self._value(node.value[i1 + shift], old[i1 + shift], new[j1 + shift])
            removed |= {*range(i1 + pairs, i2)}
            added.setdefault(i1 + pairs, []).extend(map(rendered, new[j1 + pairs : j2]))
        if node.flow_style:
            spans = [(item.start_mark.index, self._text.end(item)) for item in node.value]
            self._flow(node, spans, removed, added)
        else:
            self._block(node, removed, added)

    def _block(self, node: yaml.SequenceNode, removed: set[int], added: Mapping[int, list[str]]) -> None:
        """Takes items out of a list with dashes, and adds others before those of these indices."""
        text, items = self._text, node.value
        kept = [index for index in range(len(items)) if index not in removed]
        dashes = [text.before.rindex("-", 0, item.start_mark.index) for item in items]
        indent = " " * (dashes[0] - text.line_begin(dashes[0]))
        for index in removed:
            text.remove_lines(dashes[index], items[index])
        for index, texts in added.items():
            following = next((each for each in kept if each >= index), None)
            if following is None:
                text.add_lines(items[-1], [f"{indent}- {each}" for each in texts])
            else:
                start = items[following].start_mark.index
                gap = re.sub(
                    "#.*", "", text.before[dashes[following] + 1 : start]
                )  # what is nested stays in its column
                text.put(start, start, "".join(f"{each}{text.newline}{indent}-{gap}" for each in texts))

    def _flow(
        self,
        node: yaml.CollectionNode,
        spans: Sequence[tuple[int, int]],
        removed: set[int],
        added: Mapping[int, Sequence[str]],
    ) -> None:
        """Takes entries out of { } or [ ], and adds others before those of these indices."""
        text = self._text
        kept = [index for index in range(len(spans)) if index not in removed]
        for index, (start, end) in enumerate(spans):
            if index in removed:
                text.put(start, end, "")
            comma, is_last = text.comma_after(end), index + 1 == len(spans)
            if comma is not None and (index in removed or (not is_last and index == kept[-1])):
                text.put(comma, text.blanks_after(comma + 1), "")
        for index, texts in added.items():
            following = next((each for each in kept if each >= index), None)
            if following is not None:
                start = spans[following][0]
                text.put(start, start, "".join(f"{each}, " for each in texts))
            elif kept:
                end = spans[kept[-1]][1]
                text.put(end, end, "".join(f", {each}" for each in texts))
            else:
                begin = self._bracket(node) + 1
                text.put(begin, begin, ", ".join(texts))

    def _bracket(self, node: yaml.CollectionNode) -> int:
        """Where { or [ is, behind an anchor's name."""
        found = self._text.before.find("{" if isinstance(node, yaml.MappingNode) else "[", node.start_mark.index)
        return found if found >= 0 else node.start_mark.index


def own_entries(node: yaml.MappingNode) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """Keys and values by name, those that `<<` merges in apart."""
    return {key.value: (key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)}


def _entry(name: str, value: Any) -> str:
    return f"{rendered(name)}: {rendered(value)}"


def _lines(name: str, value: Any, *, expanded: bool) -> list[str]:
    """A new key with its value, on one line; `expanded`: what is in it has lines of its own."""
    if not expanded or not value or not isinstance(value, dict | list):
        return [_entry(name, value)]
    inner = (
        [_entry(*each) for each in value.items()] if isinstance(value, dict) else [f"- {rendered(v)}" for v in value]
    )
    return [f"{rendered(name)}:", *(" " * STEP + each for each in inner)]
