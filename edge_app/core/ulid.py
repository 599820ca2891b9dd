"""Identifiers that are unique and sort by the time at which they were made."""

from __future__ import annotations

import secrets
import time

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_ulid() -> str:
    """A ULID: 26 characters that sort by the time they were made [ms]."""
    number = time.time_ns() // 1_000_000 << 80 | secrets.randbits(80)
    return "".join(CROCKFORD[number >> 5 * place & 31] for place in reversed(range(26)))


def ulid_time(ulid: str) -> float:
    """When a ULID was made [s since 1970].

    >>> ulid_time("01ARYZ6S41TSV4RRFFQ69G5FAV")
    1469918176.385
    """
    number = 0
    for character in ulid[:10]:
        number = number << 5 | CROCKFORD.index(character)
    return number / 1000
