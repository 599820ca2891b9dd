"""`${VAR}` and `${VAR:-default}`, replaced in values after parsing, so that no secret changes what the file means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
REFERENCE = re.compile(r"\$(?P<escaped>\$)?\{(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-[^}]*)?\})?")


class Variables:
    """Values from the environment, else from the files that systemd's LoadCredential= provides.

    Attributes:
        used: The values that were filled in.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.used: set[str] = set()
        self._environ = environ

    def fill(self, text: str) -> str:
        """`text` with its variables replaced; `$${` is a literal `${`.

        Raises:
            ValueError: A variable is not set or holds a control character, or the text holds a malformed one; the
                error names the variable, and shows nothing of its value.
        """
        return REFERENCE.sub(self._replacement, text)

    def _replacement(self, match: re.Match[str]) -> str:
        if match["escaped"]:
            return match[0][1:]
        if match["name"] is None:
            raise ValueError("want ${NAME} or ${NAME:-default}; write $${ for the characters ${ themselves")
        value = self._value(match["name"])
        if value is not None and CONTROL.search(value):
            raise ValueError(f"the variable {match['name']} holds a control character, such as a line break or a tab")
        self.used |= {value} if value else set()
        if match["default"] is not None:
            return value or match["default"][2:]
        if value is None:
            raise ValueError(f"the variable {match['name']} is not set")
        return value

    def _value(self, name: str) -> str | None:
        if name in self._environ:
            return unframed(self._environ[name])
        folder = self._environ.get("CREDENTIALS_DIRECTORY")
        return self._credential(Path(folder, name)) if folder else None

    def _credential(self, path: Path) -> str | None:
        try:
            return unframed(path.read_bytes().decode())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ValueError(f"cannot read the credential {path}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ValueError(f"the credential {path} is not UTF-8 text") from None


def names_in(text: str) -> frozenset[str]:
    """The variables that a text names, be it in a comment.

    >>> sorted(names_in("password: ${GATE_PASSWORD:-x}  # not $${THIS}"))
    ['GATE_PASSWORD']
    """
    return frozenset(found["name"] for found in REFERENCE.finditer(text) if found["name"] and not found["escaped"])


def unframed(text: str) -> str:
    r"""The text without what editors put around it: a byte-order mark before it, a line break behind it.

    >>> unframed("\ufeffsecret\r\n")
    'secret'
    """
    return text.removeprefix("\ufeff").removesuffix("\n").removesuffix("\r")
