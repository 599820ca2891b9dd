"""The result of one check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warn", "fail", "skip"]


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check.

    Attributes:
        name: What was checked.
        status: `fail` prevents what the machine should be able to do, `warn` makes it worse, `skip` means that
            the machine does without it.
        detail: What was found.
        advice: What to do; empty if all is well.
    """

    name: str
    status: Status
    detail: str
    advice: str = ""
