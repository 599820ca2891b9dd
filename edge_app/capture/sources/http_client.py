"""Requests to an HTTP camera: redirects that stay with it, and the login where it asks for one."""

from __future__ import annotations

import re
from dataclasses import replace
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from threading import Event
from time import monotonic
from urllib.parse import quote, urlsplit

from edge_app.capture.sources.address import PORTS, Address
from edge_app.capture.sources.challenge import challenges
from edge_app.capture.sources.host import Host
from edge_app.capture.sources.http_answer import TICK_S, HttpAnswer, PatientReader
from edge_app.capture.sources.http_content import Content, content_of
from edge_app.capture.sources.http_failures import of_content, of_error, of_status
from edge_app.capture.sources.server_login import ServerLogin
from edge_app.config import TlsConfig
from edge_app.core.errors import Reason, StreamError
from edge_app.core.hosts import server_in

OPEN_TIMEOUT_S = 4.0  # stopping has to take less than 5 s
MOST_REDIRECTS = 5
LONGEST_LOCATION = 2048
# All that may stand in a request; the rest, which the URL or a redirect may hold, is percent-encoded.
PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


class HttpClient:
    """Requests the URL of one camera.

    It follows redirects to the same host only, never from https to http, so that the login stays with the camera. It
    takes nothing from the environment: neither proxies nor passwords.

    Raises:
        AccessError, ConfigError: The CA's file cannot be read.
    """

    def __init__(self, address: Address, tls: TlsConfig | None) -> None:
        self._address, self._host, self._tls = address, Host(address.host), tls or TlsConfig()
        self._context = self._tls.context() if address.scheme == "https" else None
        password = address.password.get_secret_value() if address.password else ""
        self._login = ServerLogin(address.username, password) if address.username is not None else None

    def get(self, stop: Event) -> HttpAnswer:
        """The answer of the camera, once its headers are there.

        Raises:
            StreamError: There is none, or it is not a success.
        """
        url, deadline = self._address.url, monotonic() + OPEN_TIMEOUT_S
        for _ in range(MOST_REDIRECTS):
            answer = self._logged_in(url, stop, deadline)
            if answer.status == HTTPStatus.OK and not answer.coding:
                return answer
            answer.close()
            if not HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
                break
            url = self._followed(url, answer)
        if answer.status == HTTPStatus.OK:
            coding = re.sub(r"[^\w, -]", "", answer.coding)[:20]
            raise self._failure(Reason.FAILED, f"its answer is compressed ({coding}), which was not asked for")
        raise self._failure(*of_status(answer.status))

    def content(self, answer: HttpAnswer) -> Content:
        """What the answer's body is.

        Raises:
            StreamError: It is empty, or nothing of it comes within the time of `get`.
        """
        if answer.is_multipart:
            return "parts"
        try:
            beginning = answer.beginning(lambda body: content_of(body) is not None)
        except OSError as error:
            failure = self._failure(*of_content(error))
        else:
            if beginning:
                return content_of(beginning) or "other"
            failure = self._failure(Reason.FAILED, "its answer is empty")
        raise failure

    def _logged_in(self, url: str, stop: Event, deadline: float) -> HttpAnswer:
        """The answer to a request, repeated once if the server asks for a login."""
        answer = self._request(url, stop, deadline)
        if answer.status != HTTPStatus.UNAUTHORIZED:
            return answer
        answer.close()
        asked = challenges(answer.headers.get_all("WWW-Authenticate", []))
        if self._login is None:
            raise self._failure(Reason.AUTH_FAILED, "authentication wanted (401): give username and password")
        if not self._login.asked(asked):
            names = ", ".join(sorted({f"{each.scheme} {each.values.get('algorithm', '')}".strip() for each in asked}))
            text = f"its kinds of login (401) are not known here: {names[:80] or 'none'}; want basic or digest"
            raise self._failure(Reason.AUTH_FAILED, text)
        answer = self._request(url, stop, deadline)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            answer.close()
            raise self._failure(Reason.AUTH_FAILED, "authentication refused (401): check username and password")
        return answer

    def _request(self, url: str, stop: Event, deadline: float) -> HttpAnswer:
        try:
            return self._exchange(url, stop, deadline)
        except (OSError, HTTPException, ValueError) as error:
            failure = self._failure(*of_error(error, self._address.host))
        raise failure

    def _exchange(self, url: str, stop: Event, deadline: float) -> HttpAnswer:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        connection = self._host.connected(port, deadline)
        try:
            if parts.scheme == "https":
                self._context = self._context or self._tls.context()
                connection.settimeout(max(TICK_S, deadline - monotonic()))
                connection = self._context.wrap_socket(connection, server_hostname=host)
            connection.sendall(self._head(parts.netloc.rpartition("@")[2], target_of(url)))
            reader = PatientReader(connection, stop, deadline)
            response = HTTPResponse(reader, method="GET")  # type: ignore[arg-type]
            response.begin()
        except BaseException:
            connection.close()
            raise
        return HttpAnswer(url, response, reader)

    def _head(self, host: str, target: str) -> bytes:
        """The request."""
        lines = [f"GET {target} HTTP/1.1", f"Host: {host}", "User-Agent: edge_app", "Accept: */*"]
        lines += ["Accept-Encoding: identity", "Connection: close"]
        if self._login and (authorization := self._login.authorization("GET", target)):
            lines.append(f"Authorization: {authorization}")
        return "\r\n".join([*lines, "", ""]).encode()

    def _followed(self, url: str, answer: HttpAnswer) -> str:
        """Where a redirect leads to, if that is the same camera, and as safe."""
        location = answer.headers.get("Location", "").strip()[:LONGEST_LOCATION]
        if not location:
            raise self._failure(Reason.FAILED, f"it redirects ({answer.status}) without saying where to")
        there = replace(self._address, url=url).moved_to(location)
        if there is None:
            why = "which is not followed: another host or port, or no TLS; if that is the camera, make it the url"
            raise self._failure(
                Reason.FAILED, f"it redirects ({answer.status}) to {server_in(location) or 'no URL'}, {why}"
            )
        return there.url

    def _failure(self, reason: Reason, text: str) -> StreamError:
        return StreamError(reason, f"{self._address}: {text}")


def target_of(url: str) -> str:
    """Path and query as they are sent.

    >>> target_of("http://10.0.0.5:80?a=b c"), target_of("http://10.0.0.5/my%20door/x.jpg#top")
    ('/?a=b%20c', '/my%20door/x.jpg')
    """
    place = re.sub(r"^[^:]*://[^/?#]*", "", url).partition("#")[0]
    return quote(place if place.startswith("/") else f"/{place}", safe=PRINTABLE)
