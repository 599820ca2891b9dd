"""Safe HTTPS: certificates are checked, redirects stay encrypted, proxies are those of the environment."""

from __future__ import annotations

import http.client
import ssl
from typing import IO, Any
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, ProxyHandler, Request, build_opener

from edge_app.core.errors import DataError, DeviceError, EdgeAppError, InputError, TemporaryError, UsageError
from edge_app.core.tls import client_context, explain

THIS_MACHINE = ("127.0.0.1", "::1", "localhost")
ABSENT = (404, 410)
BEYOND_THE_END = 416
TRY_AGAIN = (408, 425, 429)


def check_url(url: str) -> str:
    """The URL itself, if it may be fetched: https, or http within this machine; without login and query.

    Raises:
        UsageError: It may not; the text shows nothing of a login or a query.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise UsageError("want a URL such as https://host/path") from None
    if not (url.isascii() and url.isprintable()) or " " in url:
        raise UsageError("want a URL of ASCII characters without spaces; write others as %20 and the like")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise UsageError("want a URL without login, ? and #")
    if not parts.hostname or not (parts.scheme == "https" or _stays_here(url)):
        raise UsageError("want an https:// URL; http:// is for this machine only")
    return url


def open_url(request: Request, timeout_s: float) -> http.client.HTTPResponse:
    """The server's response; raises what urllib raises, and DeviceError for a redirect to an unencrypted URL."""
    proxies = ProxyHandler({} if _stays_here(request.full_url) else None)  # None: HTTPS_PROXY, NO_PROXY
    tls = HTTPSHandler(context=client_context(None, verify=True))
    response: http.client.HTTPResponse = build_opener(proxies, tls, EncryptedRedirects).open(request, timeout=timeout_s)
    return response


class EncryptedRedirects(HTTPRedirectHandler):
    """Follows redirects to https, and from http on this machine to http on this machine."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> Request | None:
        """The next request, with the headers of `req`."""
        encrypted = urlsplit(newurl).scheme == "https"
        if not encrypted and not (_stays_here(req.full_url) and _stays_here(newurl)):
            raise DeviceError(f"{req.full_url}: redirects to what is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def refusal(url: str, status: int) -> EdgeAppError:
    """What an HTTP status of 300 or more means."""
    if status in ABSENT:
        return InputError(f"{url}: not there ({status})")
    if status == BEYOND_THE_END:
        return DataError(f"{url}: the server's file is shorter than what is here already, which is deleted")
    if status in TRY_AGAIN or status >= http.client.INTERNAL_SERVER_ERROR:
        return TemporaryError(f"{url}: the server is temporarily unavailable ({status}); try again later")
    return DeviceError(f"{url}: the server refuses ({status})")


def connection_failed(url: str, error: Any) -> EdgeAppError:
    """What an error of the connection means; its own text is shown only if it cannot hold a secret."""
    if isinstance(error, ssl.SSLError):
        return DeviceError(f"{url}: {explain(error, 'server')}")
    if isinstance(error, TimeoutError):
        return TemporaryError(f"{url}: no answer in time; what came is kept, try again")
    text = (error.strerror or error) if isinstance(error, OSError) else type(error).__name__
    return TemporaryError(f"{url}: no connection ({text}); what came is kept, try again")


def _stays_here(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in THIS_MACHINE
