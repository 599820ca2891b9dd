"""Lines of `NAME="value"` that systemd's EnvironmentFile= and a shell's `.` both read."""

from __future__ import annotations

import re
from collections.abc import Mapping

NEEDS_ESCAPE = re.compile(r'(["\\`$])')
ESCAPED = re.compile(r'\\(["\\`$])')
ASSIGNMENT = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_]\w*)=(?P<value>.*)", re.ASCII)


def environment_file(values: Mapping[str, str]) -> str:
    r"""The text of a file that sets these variables.

    Within double quotes systemd.exec(5) and POSIX's shell both remove a backslash before ", \, ` and $, and leave
    everything else as it is.

    Raises:
        ValueError: A value holds a control character, which systemd would not take, or is not Unicode; the text names
            the variable and not the value.

    >>> print(environment_file({"GATE_PASSWORD": 'a "b" $c'}), end="")
    GATE_PASSWORD="a \"b\" \$c"
    """
    return "".join(f'{name}="{_escaped(name, value)}"\n' for name, value in values.items())


def variables_in(text: str) -> dict[str, str]:
    r"""What such a file sets; the last of a name counts, and lines that set nothing are passed over.

    A value may stand in double quotes, as `environment_file` writes it, in single ones, or in none.

    >>> variables_in('# the gate\nGATE_USER=admin\nGATE_PASSWORD="a \\"b\\" \\$c"\n')
    {'GATE_USER': 'admin', 'GATE_PASSWORD': 'a "b" $c'}
    """
    found = (ASSIGNMENT.fullmatch(line.strip()) for line in text.split("\n"))
    return {match["name"]: _unquoted(match["value"].strip()) for match in found if match}


def _unquoted(value: str) -> str:
    if len(value) < len('""') or value[0] != value[-1] or value[0] not in "\"'":
        return value
    return ESCAPED.sub(r"\1", value[1:-1]) if value[0] == '"' else value[1:-1]


def _escaped(name: str, value: str) -> str:
    if any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in value):
        raise ValueError(f"{name} would hold a control character, such as a line break")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name} would hold what is not UTF-8 text") from None
    return NEEDS_ESCAPE.sub(r"\\\1", value)
