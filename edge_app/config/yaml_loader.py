"""PyYAML, which reads YAML 1.1, with 1.2's rules for what stands unquoted inside { } and [ ]."""

from __future__ import annotations

import re

import yaml

BLANK = " \t\r\n\x85\u2028\u2029\0"
ENDS = f"{BLANK},[]{{}}"  # within brackets a `:` or `?` before one of these is an indicator, elsewhere it is text

_WORD = rf"(?:[^{re.escape(ENDS)}:#]|:(?![{re.escape(ENDS)}])|(?<![{re.escape(BLANK)}])#)+"
_PLAIN = re.compile(rf"{_WORD}(?:[ \t\r\n]+{_WORD})*")
_LINE_BREAKS = re.compile(r"[ \t]*\n[ \t\n]*")


class TextLoader(yaml.SafeLoader):
    """Keeps every scalar as text, even `yes`, `on`, `12:30` and `007`: the schema decides what it is, not its look.

    A URL such as `rtsp://10.0.0.5/s?channel=1` and an address such as `::1` need no quotes within brackets, as in YAML
    1.2 (7.3.3, plain style; 7.4.2, flow mappings); 1.1 ends the text at the `?`. Tabs may separate, and not indent.
    """

    yaml_implicit_resolvers = {}  # noqa: RUF012, PyYAML's own protocol

    def scan_to_next_token(self) -> None:
        """Skips blanks and comments; a tab only where it is no indentation."""
        super().scan_to_next_token()
        while self.peek() == "\t" and (self.flow_level or not self.allow_simple_key):
            self.forward()
            super().scan_to_next_token()

    def check_key(self) -> bool:
        """Whether a `?` announces a key."""
        return bool(super().check_key()) and (not self.flow_level or self.peek(1) in ENDS)

    def check_value(self) -> bool:
        """Whether a `:` stands before a value; behind a quoted key nothing need follow it."""
        if not self.flow_level:
            return bool(super().check_value())
        before = self.tokens[-1] if self.tokens else None
        quoted = isinstance(before, yaml.ScalarToken) and not before.plain and before.end_mark.index == self.index
        return quoted or self.peek(1) in ENDS

    def check_plain(self) -> bool:
        """Whether a text without quotes begins here."""
        text = bool(self.flow_level) and self.peek() in "?:" and self.peek(1) not in ENDS
        return text or bool(super().check_plain())

    def scan_plain(self) -> yaml.ScalarToken:
        """A text without quotes."""
        if not self.flow_level:
            return super().scan_plain()
        start = self.get_mark()
        found = _PLAIN.match(self.buffer, self.pointer)
        assert found is not None  # noqa: S101, `check_plain` saw that it begins
        self.forward(len(found[0]))
        self.allow_simple_key = False
        text = _LINE_BREAKS.sub(_folded, found[0].replace("\r\n", "\n"))
        return yaml.ScalarToken(text, True, start, self.get_mark())


def _folded(breaks: re.Match[str]) -> str:
    """A line break in a text is a space, and of several all but the first stay."""
    return "\n" * (breaks[0].count("\n") - 1) or " "
