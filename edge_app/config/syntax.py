"""Bytes to YAML nodes; the parser's errors as messages that a user understands."""

from __future__ import annotations

import codecs
import re
import sys

import yaml

from edge_app.config.issue import ConfigIssue, Mark
from edge_app.config.yaml_loader import TextLoader

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
UNEXPECTED_COLON = "unexpected ':'; quote a value that contains ': ', or correct the indentation"
QUOTE = "quote a value with ? [ ] { }"

# The parser's own messages quote the file, which may show a password; these do not. The first match counts.
MESSAGES = (
    (r"undefined alias", "unknown alias; quote a value that begins with *"),
    (r"second occurrence", "an anchor is given twice; quote a value that begins with &"),
    (r"an anchor|an alias", "quote a value that begins with & or *"),
    (r"tag", "quote a value that begins with !"),
    (r"'\\t' that cannot start", "a tab; indent with spaces"),
    (r"that cannot start any token", "quote a value that begins with %, @ or a backquote"),
    (r"mapping values are not allowed|but got ':'", UNEXPECTED_COLON),
    (r"could not find expected ':'", "a line without 'key: '"),
    (r"quoted scalar.* end of stream", "the quote that begins here is not closed"),
    (r"escape sequence of", "an escape without its hexadecimal digits; use 'single quotes' for text with backslashes"),
    (r"unknown escape character", "unknown escape; use 'single quotes' for text with backslashes"),
    (r"flow.*stream end", "the file ends before a bracket is closed"),
    (r"expected ',' or ('[]}]'), but got '[][{}]'", rf"expected ',' or \1; {QUOTE}"),
    (r"expected ',' or ('[]}]')", r"expected ',' or \1"),
    (r"block (mapping|collection).*<block end>", "does not fit here; correct the indentation"),
    (r"sequence entries", "quote a value that begins with '- ', or begin a list in a line of its own"),
    (r"single document", "a second document begins here; want one"),
    (r"incompatible YAML document", "want YAML 1.1 or 1.2; leave the %YAML line out"),
)


def parse(content: bytes) -> yaml.Node:
    """The root node of a YAML file.

    Raises:
        ConfigIssue: It is not UTF-8, not YAML or empty.
    """
    text = _decode(content)
    try:
        root = yaml.compose(text, TextLoader)
    except yaml.reader.ReaderError as error:
        raise ConfigIssue(_mark_at(text, error.position), (), f"unexpected character {error.character:#06x}") from None
    except yaml.MarkedYAMLError as error:
        raise _issue(error, text) from None
    except (ValueError, OverflowError):
        raise _no_character(text) from None
    except RecursionError:
        raise ConfigIssue(Mark(1, 1), (), "nested too deep") from None
    if root is None:
        raise ConfigIssue(Mark(1, 1), (), "the file is empty")
    return root


def _decode(content: bytes) -> str:
    if content.startswith(UTF_16) or b"\0" in content[:2]:
        raise ConfigIssue(Mark(1, 1), (), "UTF-16, want UTF-8 text")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode(errors="replace")
        raise ConfigIssue(_mark_at(before, len(before)), (), "not UTF-8 text") from None


def _mark_at(text: str, index: int) -> Mark:
    before = text[:index]
    return Mark(before.count("\n") + 1, index - before.rfind("\n"))


def _no_character(text: str) -> ConfigIssue:
    """What else PyYAML cannot take: an escape beyond Unicode."""
    escapes = (match for match in re.finditer(r"\\U[0-9A-Fa-f]{8}", text) if int(match[0][2:], 16) > sys.maxunicode)
    found = next(escapes, None)
    if found is None:
        return ConfigIssue(Mark(1, 1), (), "not YAML")
    return ConfigIssue(_mark_at(text, found.start()), (), f"there is no character {found[0]}")


def _issue(error: yaml.MarkedYAMLError, text: str) -> ConfigIssue:
    problem = f"{error.context} {error.problem}"
    begins = re.search("scanning a simple key|end of stream", problem)
    mark = (error.context_mark if begins else None) or error.problem_mark or error.context_mark
    assert mark is not None  # noqa: S101, the parser marks all its errors
    position = Mark(mark.line + 1, mark.column + 1)
    if "," in problem and text[: mark.index].endswith("$") and text[mark.index :].startswith("{"):
        return ConfigIssue(position, (), 'write "${VAR}" in quotes inside { } and [ ]')
    if "<block end>" in problem and text[: mark.index].endswith(("]", "}")):
        return ConfigIssue(position, (), f"text behind a closed bracket; {QUOTE}")
    if "<block end>" in problem and text[: mark.index].endswith("\t"):
        return ConfigIssue(position, (), "text behind a tab; quote a value with a tab in it")
    for pattern, message in MESSAGES:
        if match := re.search(pattern, problem):
            return ConfigIssue(position, (), match.expand(message))
    return ConfigIssue(position, (), "not YAML")
