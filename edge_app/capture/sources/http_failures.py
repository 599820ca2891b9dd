"""What an HTTP camera's status, or that it does not answer, means to the operator; never in the camera's own words."""

from __future__ import annotations

import socket
import ssl
from http import HTTPStatus
from http.client import HTTPException

from edge_app.capture.sources.failures import UNREACHABLE
from edge_app.core.errors import Reason

MEANINGS: tuple[tuple[tuple[type[Exception], ...], tuple[Reason, str]], ...] = (
    ((TimeoutError,), (Reason.TIMEOUT, "no answer in time")),
    ((ConnectionRefusedError,), (Reason.REFUSED, "connection refused")),
    ((ConnectionError,), (Reason.FAILED, "it closed the connection without an answer")),
    ((HTTPException,), (Reason.FAILED, "its answer is not HTTP")),
)


def of_status(status: int) -> tuple[Reason, str]:
    """What a status says."""
    phrase = next((f"{status} {known.phrase}" for known in HTTPStatus if known == status), str(status))
    if status == HTTPStatus.FORBIDDEN:
        text = "access refused (403): this user may not see the stream, or the camera has locked it out"
        return Reason.AUTH_FAILED, text
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return Reason.NOT_FOUND, f"the camera has no such stream ({status}): check the path of its url"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Reason.FAILED, f"the camera answered: {phrase}; it starts, is busy or has too many viewers"
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return Reason.FAILED, f"the camera answered: {phrase}; it redirects without end"
    return Reason.FAILED, f"the camera answered: {phrase}"


def of_error(error: Exception, host: str) -> tuple[Reason, str]:
    """Why there was no answer."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Reason.TLS, f"no secure connection: its certificate: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return Reason.TLS, f"no secure connection ({error.reason}): there is no TLS at that port, or only an old one"
    if isinstance(error, socket.gaierror | UnicodeError):
        return Reason.UNREACHABLE, f"the name {host} does not resolve"
    if isinstance(error, OSError) and error.errno in UNREACHABLE:
        return Reason.UNREACHABLE, "no route to the camera"
    known = next((meaning for kinds, meaning in MEANINGS if isinstance(error, kinds)), None)
    return known or (Reason.FAILED, f"no answer ({type(error).__name__})")
