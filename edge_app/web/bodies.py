"""What a request says beside its path: a JSON object, flags, times."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any, NoReturn

from starlette.exceptions import HTTPException
from starlette.requests import Request

MOST_DEPTH = 12  # lists and objects in one another; what we take has half as many
LATEST_S = 1e12  # since 1970: beyond it no clock goes, and no database counts


async def json_object(request: Request) -> dict[str, Any]:
    """The object in the body; raises HTTPException (400) where there is none."""
    try:
        found = json.loads(await request.body(), parse_constant=_no_number)
        json.dumps(found, ensure_ascii=False).encode()  # half of a pair of surrogates, which JSON can say, is no text
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or _is_deep(found):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "want a JSON object")
    return found


def flag(request: Request, name: str) -> bool:
    """Whether a parameter such as `?dry_run=1` is set."""
    return request.query_params.get(name, "0") not in ("0", "false", "")


def moment(text: str) -> float:
    """A time [s since 1970]; raises ValueError if it is none.

    >>> moment("1795446000.5")
    1795446000.5
    """
    found = float(text)
    if not abs(found) <= LATEST_S:  # nor is it not a number
        raise ValueError(text)
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _is_deep(value: Any, depth: int = 0) -> bool:
    """Whether it is nested deeper than anything that is meant."""
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return depth >= MOST_DEPTH or any(_is_deep(each, depth + 1) for each in inner)
