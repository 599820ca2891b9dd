"""What errors mean to the operator. Their own texts, which may hold the URL of a camera, are never shown."""

from __future__ import annotations

import errno
import socket
import ssl

import av

from edge_app.capture.sources.address import Address
from edge_app.core.errors import Reason, StreamError
from edge_app.core.tls import explain

UNREACHABLE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EADDRNOTAVAIL)
# Libav says EPERM and EIO where a connection ends within an answer.
HUNG_UP = (errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE, errno.EPERM, errno.EIO)


def _code(error: Exception) -> int | None:
    """Libav's number of an error; None for other errors."""
    return error.errno if isinstance(error, av.FFmpegError) else None


def opening(address: Address, error: Exception, elapsed_s: float, open_timeout_s: float) -> StreamError:
    """Why a camera could not be opened, without the text of `error`."""
    reason, text = _opening(error, elapsed_s >= open_timeout_s)
    return StreamError(reason, f"{address}: {text}")


def _opening(error: Exception, timed_out: bool) -> tuple[Reason, str]:
    if timed_out or isinstance(error, TimeoutError | av.ExitError):
        return Reason.TIMEOUT, "no answer in time"
    if isinstance(error, av.ArgumentError | av.InvalidDataError):
        return Reason.FAILED, "its answers are RTSP, but libav cannot read them: is the path of the URL right?"
    return Reason.FAILED, f"cannot be opened: {named(error)}"


def connecting(error: Exception, host: str) -> tuple[Reason, str] | None:
    """Why a camera's host cannot be reached; None where the error says something else."""
    if isinstance(error, ssl.SSLError):
        rejected = isinstance(error, ssl.SSLCertVerificationError)
        cause = "" if rejected else ": there is no TLS at that port, or only an old one"
        return Reason.TLS, explain(error, "camera") + cause
    if isinstance(error, socket.gaierror | UnicodeError):
        return Reason.UNREACHABLE, f"the name {host} does not resolve"
    if isinstance(error, OSError) and error.errno in UNREACHABLE:
        return Reason.UNREACHABLE, "no route to the camera"
    if isinstance(error, TimeoutError):
        return Reason.TIMEOUT, "no answer in time"
    return (Reason.REFUSED, "connection refused") if isinstance(error, ConnectionRefusedError) else None


def reading(error: Exception) -> str:
    """Why reading failed, in words."""
    broke = isinstance(error, ConnectionError) or _code(error) in HUNG_UP
    return "the connection broke" if broke else f"reading failed: {named(error)}"


def named(error: Exception) -> str:
    """What libav calls an error; without the rest of its text, which may hold the URL with its login."""
    return str(error.strerror if isinstance(error, av.FFmpegError) else type(error).__name__)
