"""What an HTTP camera's status, or that it does not answer, means to the operator; never in the camera's own words."""

from __future__ import annotations

from http import HTTPStatus
from http.client import HTTPException

import av

from edge_app.capture.sources.failures import connecting
from edge_app.core.errors import Reason

GIVE = "give the camera's RTSP or MJPEG URL instead"
PLAYLIST = f"a playlist (HLS, DASH) comes in bursts and seconds late: {GIVE}"
LATE_INDEX = (
    "an MP4 whose index stands behind its pictures, which cannot be read as it comes: write it with ffmpeg's "
    f"-movflags +faststart, or {GIVE}"
)
MEANINGS: tuple[tuple[tuple[type[Exception], ...], tuple[Reason, str]], ...] = (
    ((ConnectionError,), (Reason.FAILED, "it closed the connection without an answer")),
    ((HTTPException,), (Reason.FAILED, "its answer is not HTTP")),
)

BEHIND = "what stands before the camera, such as a recorder or a proxy, does not reach it"
# RFC 9110, section 15, and what cameras mean by them.
STATUSES = {
    403: (Reason.AUTH_FAILED, "this user may not see the stream, or the camera has locked it out"),
    404: (Reason.NOT_FOUND, "it has no such stream: check the path of its url"),
    405: (Reason.FAILED, "that is no address of a picture or a stream: check the path of its url"),
    407: (Reason.FAILED, "a proxy stands before the camera and wants a login of its own"),
    408: (Reason.TIMEOUT, "the request took too long"),
    410: (Reason.NOT_FOUND, "the stream is gone: check the path of its url"),
    423: (Reason.AUTH_FAILED, "the camera has locked the user out"),
    426: (Reason.FAILED, "it wants another protocol: try https://"),
    429: (Reason.FAILED, "it is asked too often: close other viewers"),
    500: (Reason.FAILED, "an error inside the camera; if it persists, restart it"),
    501: (Reason.FAILED, "the camera cannot do that: check the path of its url"),
    502: (Reason.FAILED, BEHIND),
    504: (Reason.FAILED, BEHIND),
    505: (Reason.FAILED, "it does not speak HTTP 1.1"),
}

RANGES = (  # the first status beyond each
    (300, "and no picture: check the path of its url"),
    (400, "it redirects without end"),
    (500, "check path and query of its url"),
    (600, "it is starting up, busy, or has too many viewers"),
    (1000, "which is no status of HTTP: is that the camera's port?"),
)


def of_status(status: int) -> tuple[Reason, str]:
    """What a status says that is no success."""
    phrase = next((f"{status} {known.phrase}" for known in HTTPStatus if known == status), str(status))
    by_range = Reason.FAILED, next(text for beyond, text in RANGES if status < beyond)
    reason, text = STATUSES.get(status, by_range)
    return reason, f"the camera answered: {phrase}; {text}"


def of_error(error: Exception, host: str) -> tuple[Reason, str]:
    """Why there was no answer."""
    if known := connecting(error, host):
        return known
    known = next((meaning for kinds, meaning in MEANINGS if isinstance(error, kinds)), None)
    return known or (Reason.FAILED, f"no answer ({type(error).__name__})")


def of_content(error: Exception) -> tuple[Reason, str]:
    """Why libav can make nothing of an answer."""
    if isinstance(error, TimeoutError):
        return Reason.TIMEOUT, "no picture came in time"
    if isinstance(error, ConnectionError):
        return Reason.FAILED, "the connection broke"
    if isinstance(error, av.ArgumentError):
        return Reason.FAILED, f"it is a playlist (HLS, DASH), or of a kind that is not read: {GIVE}"
    return Reason.FAILED, "its answer is neither video nor a picture"
