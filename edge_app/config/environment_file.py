"""Lines of `NAME="value"` that systemd's EnvironmentFile= and a shell's `.` both read."""

from __future__ import annotations

import re
from collections.abc import Mapping

NEEDS_ESCAPE = re.compile(r'(["\\`$])')


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


def _escaped(name: str, value: str) -> str:
    if any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in value):
        raise ValueError(f"{name} would hold a control character, such as a line break")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name} would hold what is not UTF-8 text") from None
    return NEEDS_ESCAPE.sub(r"\\\1", value)
