"""What it means when an RTSP camera refuses a stream, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from edge_app.capture.sources.address import Address
from edge_app.capture.sources.challenge import challenges
from edge_app.capture.sources.failures import connecting
from edge_app.capture.sources.libav_connection import TooMuchError
from edge_app.capture.sources.rtsp_dialogue import LONGEST_DESCRIPTION, OK, UNAUTHORISED, RtspAnswer
from edge_app.capture.sources.server_login import can_answer
from edge_app.core.errors import Reason

BUSY = "it serves as many viewers as it can: close others, or take its second stream"
BEHIND = "the server, such as a recorder or a proxy, does not reach its camera"
REBOOT = "it is tried again; if it persists, restart the camera"
# RFC 2326, section 11.3.
MEANINGS = {
    400: (Reason.FAILED, "it does not understand the request: check path and query of the URL"),
    403: (Reason.AUTH_FAILED, "the user may not see this stream, or the camera does not admit this machine"),
    404: (Reason.NOT_FOUND, "the camera has no such stream: check the path of the URL; the camera's manual has it"),
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
    """What the answers of one camera mean, and that none came.

    Attributes:
        address: Where it is.
        udp: Whether the stream is wanted over UDP.
    """

    address: Address
    udp: bool

    def of_error(self, error: Exception) -> tuple[Reason, str]:
        """Why there was no answer."""
        if isinstance(error, TooMuchError):
            return Reason.TOO_LARGE, f"its answer is longer than {LONGEST_DESCRIPTION} bytes"
        if known := connecting(error, self.address.host):
            return known
        if isinstance(error, ConnectionError):
            return Reason.FAILED, "the camera hung up instead of answering"
        return Reason.FAILED, f"no answer ({type(error).__name__})"

    def of_answer(self, answer: RtspAnswer) -> tuple[Reason, str] | None:
        """Why an answer is of no use; None if it is."""
        if answer.status == 0:
            http = answer.head.startswith("HTTP/")
            return Reason.FAILED, "its answer is not RTSP" + (" but HTTP: check the port, mostly 554" if http else "")
        if answer.status == UNAUTHORISED:
            return self._unauthorised(answer)
        if answer.status != OK:
            return self._meaning(answer.status)
        if answer.method == "SETUP" and not answer.sends_over(udp=self.udp):
            return Reason.FAILED, self._transport(answer.header("Transport"))
        if answer.method == "DESCRIBE" and not answer.body:
            what = "is empty" if answer.headers("Content-Length") else "comes without a Content-Length"
            text = f"its description (SDP) {what}, and libav reads none: update the camera's firmware"
            return Reason.FAILED, f"{text}, or take its MJPEG over HTTP"
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
        if self.address.scheme == "rtsps":
            return "the camera sends no video within its encrypted connection; try rtsp:// without TLS"
        ours, other = ("udp", "tcp") if self.udp else ("tcp", "udp")
        return f"the camera does not send over {ours}; set transport: {other}"

    def _unauthorised(self, answer: RtspAnswer) -> tuple[Reason, str]:
        if self.address.username is None:
            return Reason.AUTH_FAILED, "authentication refused (401): the camera wants a username and a password"
        offered = challenges(answer.headers("WWW-Authenticate"))
        if not offered:
            return Reason.AUTH_FAILED, "authentication refused (401), without saying which login the camera wants"
        if not can_answer(offered):
            kinds = ", ".join(sorted({f"{each.name} {each.values.get('algorithm', '')}".strip() for each in offered}))
            text = f"the camera wants {re.sub(r'[^A-Za-z0-9, -]', '', kinds)[:80]}, which is not known here"
            how = "leave Digest or Basic on there; another password changes nothing"
            return Reason.AUTH_FAILED, f"authentication refused (401): {text}; {how}"
        return Reason.AUTH_FAILED, "authentication refused (401): check username and password"
