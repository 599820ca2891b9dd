"""What libav's errors mean to the operator. Their own texts contain the URL with its login, so they are never shown."""

from __future__ import annotations

import errno
import socket

import av

from edge_app.capture.sources.address import Address
from edge_app.core.errors import Reason, StreamError

UNREACHABLE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EADDRNOTAVAIL)
# EPERM at PLAY, EIO anywhere in an answer.
HUNG_UP = (errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE, errno.EPERM, errno.EIO)


def _code(error: Exception) -> int | None:
    """Libav's number of an error; None for other errors."""
    return error.errno if isinstance(error, av.FFmpegError) else None


def opening(address: Address, error: Exception, elapsed_s: float, open_timeout_s: float) -> StreamError:
    """Why a camera could not be opened, without the text of `error`."""
    reason, text = _opening(address, error, elapsed_s >= open_timeout_s)
    return StreamError(reason, f"{address}: {text}")


def _opening(address: Address, error: Exception, timed_out: bool) -> tuple[Reason, str]:
    if isinstance(error, av.HTTPUnauthorizedError | av.HTTPForbiddenError):
        status = 401 if isinstance(error, av.HTTPUnauthorizedError) else 403
        return Reason.AUTH_FAILED, f"authentication refused ({status}): check username and password"
    if isinstance(error, av.HTTPNotFoundError):
        return Reason.NOT_FOUND, "the camera has no such stream (404)"
    if timed_out or isinstance(error, TimeoutError | av.ExitError):
        return Reason.TIMEOUT, "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return Reason.REFUSED, "connection refused"
    if isinstance(error, av.HTTPError | av.HTTPClientError):
        return Reason.FAILED, f"the camera answered: {error.strerror}"
    return _unspecific(address, error)


def _unspecific(address: Address, error: Exception) -> tuple[Reason, str]:
    """Libav says "input/output error" both for a name that does not resolve and for a failed TLS handshake."""
    if _code(error) in UNREACHABLE:
        return Reason.UNREACHABLE, "no route to the camera"
    if _code(error) == errno.EIO and not _resolves(address.host):
        return Reason.UNREACHABLE, f"the name {address.host} does not resolve"
    if _code(error) == errno.EIO and address.scheme == "rtsps":
        text = "its certificate is not from a known CA, or for another host, or there is no TLS at that port"
        return Reason.TLS, f"no secure connection: {text}"
    if isinstance(error, EOFError) or _code(error) in HUNG_UP:
        return Reason.FAILED, "the camera hung up instead of answering"
    if isinstance(error, av.ArgumentError | av.InvalidDataError):
        return Reason.FAILED, "its answer is not RTSP"
    return Reason.FAILED, f"cannot be opened: {named(error)}"


def reading(error: Exception) -> str:
    """Why reading failed, in words."""
    broke = isinstance(error, ConnectionError) or _code(error) in HUNG_UP
    return "the connection broke" if broke else f"reading failed: {named(error)}"


def named(error: Exception) -> str:
    """What libav calls an error; without the rest of its text, which may hold the URL with its login."""
    return str(error.strerror if isinstance(error, av.FFmpegError) else type(error).__name__)


def _resolves(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        return False
    return True
