"""A text of YAML and the pieces of it that are replaced; where its values and their lines begin and end."""

from __future__ import annotations

import re
from collections.abc import Sequence

import yaml

from edge_app.core.errors import InputError

LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
BLOCKS = ("|", ">")  # styles of a text that begins on the line below its key
BY_HAND = "edit the file itself"


class TextEdit:
    """Pieces of a text that are replaced by others; indices are those of the text as it was."""

    def __init__(self, text: str) -> None:
        self.before = text
        self._pieces: list[tuple[int, int, str]] = []
        found = LINE_BREAK.search(text)
        self.newline = found[0] if found else "\n"

    @property
    def after(self) -> str:
        """The whole with its changes; of two at one place the first comes first."""
        parts, begin = [], 0
        for start, end, new in sorted(self._pieces, key=lambda piece: piece[0]):
            parts += [self.before[begin:start], new]
            begin = max(begin, end)
        return "".join((*parts, self.before[begin:]))

    def put(self, start: int, end: int, text: str) -> None:
        """Replaces a piece."""
        self._pieces.append((start, end, text))

    def add_lines(self, last: yaml.Node, lines: Sequence[str]) -> None:
        """Adds lines behind those of a value."""
        at = self.line_after(last)
        if at == len(self.before) and not self._ends_a_line(at):
            self.put(at, at, "".join(self.newline + line for line in lines))
        else:
            self.put(at, at, "".join(line + self.newline for line in lines))

    def remove_lines(self, start: int, value: yaml.Node) -> None:
        """Takes away the lines from that of a key or dash to the last of its value's.

        Raises:
            InputError: Something else begins there too.
        """
        begin = self.line_begin(start)
        if self.before[begin:start].strip(" "):
            raise InputError(f"something else begins in the line of what is to go; {BY_HAND}")
        self.put(begin, self.line_after(value), "")

    def line_begin(self, index: int) -> int:
        """Where its line begins."""
        return max((found.end() for found in LINE_BREAK.finditer(self.before, 0, index)), default=0)

    def line_after(self, node: yaml.Node) -> int:
        """Where the line begins that follows a value."""
        leaf = _last(node)
        if _is_block_text(leaf) and self._ends_a_line(leaf.end_mark.index):
            return int(leaf.end_mark.index)  # its empty lines are its own
        found = LINE_BREAK.search(self.before, self.end(node))
        return found.end() if found else len(self.before)

    def end(self, node: yaml.Node) -> int:
        """Where a value ends."""
        leaf = _last(node)
        end = int(leaf.end_mark.index)
        return len(self.before[:end].rstrip()) if _is_block_text(leaf) else end

    def comma_after(self, index: int) -> int | None:
        """Where the comma is that follows, comments apart; None if there is none."""
        while index < len(self.before):
            if self.before[index] == "#":
                found = LINE_BREAK.search(self.before, index)
                index = found.end() if found else len(self.before)
            elif self.before[index].isspace():
                index += 1
            else:
                return index if self.before[index] == "," else None
        return None

    def blanks_after(self, index: int) -> int:
        """Where the blanks end that follow; they stay before a comment, which would be text without them."""
        end = len(self.before) - len(self.before[index:].lstrip(" "))
        return index if self.before[end : end + 1] == "#" else end

    def _ends_a_line(self, index: int) -> bool:
        return bool(LINE_BREAK.fullmatch(self.before, max(index - 1, 0), index))


def _last(node: yaml.Node) -> yaml.Node:
    """The last value in a block, which is where that really ends: its own mark stands behind comments."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last(last[1] if isinstance(last, tuple) else last)
    return node


def _is_block_text(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.style in BLOCKS
