"""What it means when an RTSP camera refuses a stream, and what to do about it."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

import av

from edge_app.capture.sources.address import Address
from edge_app.capture.sources.libav_connection import TooMuchError
from edge_app.capture.sources.rtsp_inquiry import (
    HUNG_UP,
    LONGEST_DESCRIPTION,
    OK,
    UNAUTHORISED,
    RtspAnswer,
    RtspInquiry,
)
from edge_app.capture.sources.rtsp_login import missing
from edge_app.core.errors import Reason, StreamError

# What libav's own errors already tell.
KNOWN = {
    av.HTTPBadRequestError: 400,
    av.HTTPForbiddenError: 403,
    av.HTTPNotFoundError: 404,
}
MOST_REDIRECTS = 5
BUSY = "it serves as many viewers as it can: close others, or take its second stream"
BEHIND = "the server, such as a recorder or a proxy, does not reach its camera"
REBOOT = "it is tried again; if it persists, restart the camera"
# RFC 2326, section 11.3.
MEANINGS = {
    400: (Reason.FAILED, "it does not understand the request: check path and query of the URL"),
    403: (Reason.AUTH_FAILED, "the user may not see this stream, or the camera does not admit this machine"),
    404: (Reason.NOT_FOUND, "the camera has no such stream"),
    405: (Reason.FAILED, "that method is not allowed there: check the path of the URL"),
    406: (Reason.FAILED, "it cannot describe that stream: check the path of the URL"),
    408: (Reason.TIMEOUT, "the request took the camera too long"),
    410: (Reason.NOT_FOUND, "the stream is gone"),
    415: (Reason.CODEC, "unsupported media: choose H.264, H.265 or MJPEG in the camera's settings"),
    429: (Reason.FAILED, BUSY),
    451: (Reason.FAILED, "it does not understand a parameter: check the query of the URL"),
    453: (Reason.FAILED, f"not enough bandwidth: {BUSY}"),
    454: (Reason.FAILED, f"it lost our session: {REBOOT}"),
    455: (Reason.FAILED, f"it is not ready to play: {REBOOT}"),
    459: (Reason.FAILED, "the URL is that of several tracks; give that of the video alone, such as …/trackID=1"),
    460: (Reason.FAILED, "the URL is that of a single track; give that of the whole stream"),
    462: (Reason.FAILED, "the camera cannot reach us over UDP; set transport: tcp"),
    500: (Reason.FAILED, f"an error inside the camera: {REBOOT}"),
    501: (Reason.FAILED, "the camera cannot do that: check the path of the URL"),
    502: (Reason.FAILED, BEHIND),
    503: (Reason.FAILED, f"the camera is busy or still starting; otherwise {BUSY}"),
    504: (Reason.FAILED, BEHIND),
    505: (Reason.FAILED, "it does not speak RTSP 1.0"),
    551: (Reason.FAILED, "the camera does not support a feature that we need: check the path of the URL"),
}


@dataclass(frozen=True)
class Refusals:
    """Explains libav's errors of one camera.

    Attributes:
        inquiry: Asks the camera itself for what they leave out.
    """

    inquiry: RtspInquiry

    @contextmanager
    def look(self) -> Iterator[Address]:
        """Where the stream is: the camera's address, or where it redirects to on the same host and port.

        libav would read a description of any size, and follow any redirect with the login.

        Raises:
            StreamError: The camera refuses, or its answer is nothing for libav.
        """
        address = self.inquiry.address
        with ExitStack() as stack:
            for _ in range(MOST_REDIRECTS):
                answer = self._described(address, stack)
                if answer is None or answer.status < 300:  # what is no refusal, libav reads
                    self._check_body(answer)
                    yield address
                    return
                location = next(iter(answer.headers("Location")), "") if answer.status < 400 else ""
                if (there := address.moved_to(location)) is None:
                    reason, text = self._refused(answer)
                    raise StreamError(reason, f"{self.inquiry.address}: {text}")
                address = there
        raise StreamError(Reason.FAILED, f"{self.inquiry.address}: it redirects without end")

    def _check_body(self, answer: RtspAnswer | None) -> None:
        if answer and (answer.method, answer.status, answer.body) == ("DESCRIBE", OK, ""):
            what = "is empty" if answer.headers("Content-Length") else "comes without a Content-Length"
            text = f"its description (SDP) {what}, and libav reads none: update the camera's firmware"
            raise StreamError(Reason.FAILED, f"{self.inquiry.address}: {text}, or take its MJPEG over HTTP")

    def _described(self, address: Address, stack: ExitStack) -> RtspAnswer | None:
        try:
            return stack.enter_context(replace(self.inquiry, address=address).described())
        except TimeoutError:
            reason, text = Reason.TIMEOUT, "no answer in time"
        except TooMuchError:
            reason, text = Reason.TOO_LARGE, f"its answer is longer than {LONGEST_DESCRIPTION} bytes"
        raise StreamError(reason, f"{self.inquiry.address}: {text}")

    def _refused(self, answer: RtspAnswer) -> tuple[Reason, str]:
        return self._unauthorised(answer) if answer.status == UNAUTHORISED else self._meaning(answer.status)

    def explain(self, error: Exception, within_s: float) -> StreamError | None:
        """Why the camera refused, which may take so long to ask [s]; None if it did not refuse."""
        found = self._explained(error, within_s)
        return StreamError(found[0], f"{self.inquiry.address}: {found[1]}") if found else None

    def _explained(self, error: Exception, within_s: float) -> tuple[Reason, str] | None:
        code = error.errno if isinstance(error, av.FFmpegError) else None
        if code == errno.EPROTONOSUPPORT:
            return self._meaning(461)
        if known := next((status for kind, status in KNOWN.items() if isinstance(error, kind)), None):
            return self._meaning(known)
        if isinstance(error, av.HTTPUnauthorizedError):
            # A password that is wrong must not be sent once more: cameras lock out.
            has_login = self.inquiry.address.username is not None
            return self._unauthorised(self.inquiry.ask(within_s, login=False) if has_login else None)
        refused = isinstance(error, av.HTTPError | av.HTTPClientError | av.InvalidDataError) or code == errno.EPERM
        if refused and (answer := self.inquiry.ask(within_s, login=True)):
            return self._told(answer, error)
        return None

    def _told(self, answer: RtspAnswer, error: Exception) -> tuple[Reason, str] | None:
        if answer == HUNG_UP:
            return Reason.FAILED, "the camera hung up instead of answering"
        if answer.status == 0:
            http = answer.head.startswith("HTTP/")
            return Reason.FAILED, "its answer is not RTSP" + (" but HTTP: check the port, mostly 554" if http else "")
        if answer.status >= 300:
            return self._refused(answer)
        if answer.method == "SETUP":
            return Reason.FAILED, self._transport(*answer.headers("Transport"))
        if isinstance(error, av.InvalidDataError):
            return Reason.FAILED, "its answers are RTSP, but libav cannot read them: is the path of the URL right?"
        return None

    def _meaning(self, status: int) -> tuple[Reason, str]:
        if status == 461:
            return Reason.FAILED, f"refused (461): {self._transport()}"
        if 300 <= status < 400:
            text = "another host, another port or no stream; if that is the camera, make it the url"
            return Reason.FAILED, f"it redirects ({status}) to what is not followed: {text}"
        unknown = REBOOT if status >= 500 else "check the path of the URL, and the camera's settings"
        reason, text = MEANINGS.get(status, (Reason.FAILED, unknown))
        begins = "authentication refused" if reason is Reason.AUTH_FAILED else "refused"
        return reason, f"{begins} ({status}): {text}"

    def _transport(self, agreed: str = "") -> str:
        if "multicast" in agreed.lower():
            return "the camera sends to a group (multicast), though not asked to: choose unicast in its settings"
        if self.inquiry.tls:
            return "the camera sends no video within its encrypted connection; try rtsp:// without TLS"
        ours, other = ("udp", "tcp") if self.inquiry.udp else ("tcp", "udp")
        return f"the camera does not send over {ours}; set transport: {other}"

    def _unauthorised(self, answer: RtspAnswer | None) -> tuple[Reason, str]:
        if self.inquiry.address.username is None:
            return Reason.AUTH_FAILED, "authentication refused (401): the camera wants a username and a password"
        if answer and (what := missing(offered := answer.headers("WWW-Authenticate"))):
            among = " and yet prefers to the others on offer" if len(offered) > 1 else ""
            text = f"authentication refused (401): the camera wants {what}, which libav lacks{among}"
            how = "leave only Digest MD5 or Basic on there; another password changes nothing"
            return Reason.AUTH_FAILED, f"{text}; {how}"
        if answer and not answer.headers("WWW-Authenticate"):
            return Reason.AUTH_FAILED, "authentication refused (401), without saying which login the camera wants"
        return Reason.AUTH_FAILED, "authentication refused (401): check username and password"
