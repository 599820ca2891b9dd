"""What was found of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warn", "fail", "skip"]


@dataclass(frozen=True, slots=True)
class Check:
    """A line of the doctor's.

    Attributes:
        name: What was looked at.
        status: `fail` stops something that the machine looks made for, `warn` makes it worse, `skip` is what it does
            without.
        detail: What was found.
        advice: What to do; empty where all is well.
    """

    name: str
    status: Status
    detail: str
    advice: str = ""
