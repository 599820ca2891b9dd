"""What a server's answer means, or that there is none; never in the server's own words."""

from __future__ import annotations

import re
import socket
import ssl
import time
from dataclasses import dataclass
from email.message import Message as Headers
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPException

from edge_app.core.errors import SinkError
from edge_app.core.hosts import server_in
from edge_app.core.tls import explain
from edge_app.publish.http.endpoint import HttpEndpoint
from edge_app.publish.http.proxy import Proxy
from edge_app.publish.sinks.sink import LoginError, OutageError


class HungUpError(OutageError):
    """The server, or what is on the way, broke the connection off; some do so at a body that is too large for them."""


LOGIN = {401: "authentication refused", 403: "not allowed", 407: "a proxy wants a login of its own"}
PASSING = {408, 425, 429}  # and all from 500
PHRASES = {status.value: status.phrase for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of an answer.

    Attributes:
        status: Of HTTP.
        headers: What came with it.
    """

    status: int
    headers: Headers

    @property
    def words(self) -> str:
        """`404 Not Found`."""
        return f"{self.status} {PHRASES.get(self.status, '')}".rstrip()


def why_refused(answer: Answer, endpoint: HttpEndpoint) -> str | None:
    """Why what was sent is refused for good; None if it was taken.

    Raises:
        LoginError: It is us who are refused.
        OutageError: Nothing is taken for now.
    """
    status = answer.status
    if 200 <= status < 300:
        return None
    if status in LOGIN:
        raise LoginError(f"{endpoint.shown}: {LOGIN[status]} ({status})")
    if status in PASSING or 500 <= status < 600:
        raise OutageError(f"{endpoint.shown}: answered {answer.words}", retry_after_s(answer.headers))
    if 400 <= status < 500:
        return f"{endpoint.shown} answered {answer.words}"
    if 300 <= status < 400:
        where = server_in(answer.headers.get("Location", "")) or "another path"
        raise OutageError(
            f"{endpoint.shown}: redirects ({status}) to {where}, which is not followed; make that the url"
        )
    raise OutageError(f"{endpoint.shown}: answered {status}, which is no status of an answer")


def retry_after_s(headers: Headers) -> float | None:
    """How long `Retry-After` asks to wait [s]; None if it says nothing that can be understood.

    A date is compared with the server's own clock, if it tells that, and else with ours.
    """
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}", text, re.ASCII):
        return float(text)
    until = _epoch(text)
    if until is None:
        return None
    now = _epoch(headers.get("Date", ""))
    return max(0.0, until - (time.time() if now is None else now))


def failure(error: Exception, endpoint: HttpEndpoint, proxy: Proxy | None, timeout_s: float) -> SinkError:
    """Why there is no answer."""
    shown = f"{endpoint.shown} through the proxy {proxy.host}:{proxy.port}" if proxy else endpoint.shown
    broke_off = isinstance(error, ConnectionError | ssl.SSLEOFError) and not isinstance(error, ConnectionRefusedError)
    return (HungUpError if broke_off else OutageError)(f"{shown}: {_why(error, endpoint, timeout_s)}")


def _why(error: Exception, endpoint: HttpEndpoint, timeout_s: float) -> str:
    if isinstance(error, ssl.SSLError):
        return explain(error, "server")
    if isinstance(error, socket.gaierror | UnicodeError):
        return "name not found"
    if isinstance(error, TimeoutError):
        return f"no answer in {timeout_s:g} s"
    if isinstance(error, ConnectionError) and not isinstance(error, ConnectionRefusedError):
        return "the server hung up" + ("" if endpoint.tls else "; does this port want https?")
    if isinstance(error, HTTPException | ValueError):
        return "an answer that is not HTTP" + ("" if endpoint.tls else "; does this port want https?")
    if isinstance(error, OSError) and error.errno is None:  # http.client's, of a proxy
        status = re.search(r"failed: (\d{3})", str(error))
        return f"the proxy refuses ({status[1]})" if status else "no connection"
    return getattr(error, "strerror", None) or type(error).__name__


def _epoch(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
