"""Answers libav's requests in an RTSP camera's name: with what it has said already, else with what it says then."""

from __future__ import annotations

import re
from time import monotonic

from edge_app.capture.sources.libav_connection import OPEN_TIMEOUT_S
from edge_app.capture.sources.rtsp_dialogue import BEGINS, OK, UNAUTHORISED, RtspAnswer, answer_of
from edge_app.capture.sources.rtsp_inquiry import DescribedCamera
from edge_app.capture.sources.rtsp_refusals import Refusals
from edge_app.core.errors import Reason

LONGEST_REQUEST = 128 * 1024  # libav's have 4 KiB at most, and packets 64 KiB
LONGEST_ANSWER = 4096  # of those that come while the camera plays
# What libav needs of an answer: no redirect, no kind of login, no kind of server.
PASSED_ON = ("Public", "Content-Base", "Content-Type", "Transport", "Session", "RTP-Info", "Range")


class RtspProxy:
    """What libav asks for goes to the camera in libav's words, with the login that libav does not know.

    All raise OSError at the end of it.

    Attributes:
        playing: Whether the camera plays; then it is no longer waited for, and what it sends is for libav.
        failure: Why the camera is of no use, once that is known.
    """

    def __init__(self, camera: DescribedCamera, refusals: Refusals) -> None:
        self._camera, self._dialogue, self._refusals = camera, camera.dialogue, refusals
        self._dialogue.wait_until(monotonic() + OPEN_TIMEOUT_S)
        self.playing = False
        self.failure: tuple[Reason, str] | None = None
        self._heard = b""  # of a request that is not all there
        self._session, self._url = "", ""  # what the camera keeps for us
        self._answers: bytes | None = None  # where an answer may begin; None if none is expected

    def answers(self, heard: bytes) -> bytes:
        """What libav gets for what it has sent."""
        answers, self._heard = b"", self._heard + heard
        while request := _first(self._heard):
            self._heard = self._heard[len(request) :]
            answers += self._answer(request)
        if len(self._heard) > LONGEST_REQUEST:
            raise ConnectionAbortedError
        return answers

    def overhear(self, data: memoryview) -> None:
        """What the camera sends while it plays: a digest's nonce may be stale, and the next request has the new one."""
        if self._answers is None:
            return
        seen = self._answers + data
        _, begins, rest = seen.partition(BEGINS)
        head = begins + rest[:LONGEST_ANSWER]
        end = re.search(rb"\r?\n\r?\n", head)
        if not begins:
            self._answers = seen[-len(BEGINS) :]
        else:
            self._answers = None if end or len(rest) >= LONGEST_ANSWER else head
        if end and (answer := answer_of("", head[: end.end()])).status == UNAUTHORISED:
            self._dialogue.asked(answer)

    def leave(self) -> None:
        """Cameras have room for few viewers; libav says nothing where it failed, and is not always heard."""
        if self._session:
            self._dialogue.request("TEARDOWN", self._url, f"Session: {self._session}")

    def _answer(self, request: bytes) -> bytes:
        if request.startswith((b"$", BEGINS)):  # reports of libav's, and its answers to what the camera asks
            self._dialogue.send(request)
            return b""
        method, url, headers = parts(request)
        number = next((line for line in headers if line.lower().startswith("cseq:")), "")
        headers = [line for line in headers if line is not number]
        if method == "TEARDOWN":
            self._session = ""
        if self.playing or method == "TEARDOWN":
            self._dialogue.request(method, url, *headers)
            self._answers = b""
            return b""
        known = {"OPTIONS": self._camera.options, "DESCRIBE": self._camera.description}.get(method)
        answer = self._passed_on(known or self._asked(method, url, headers), number)
        self.playing = method == "PLAY"
        return answer + self._dialogue.rest() if self.playing else answer

    def _asked(self, method: str, url: str, headers: list[str]) -> RtspAnswer:
        """The camera's answer, if it is of use."""
        try:
            answer = self._dialogue.ask(method, url, *headers)
        except OSError as error:
            self.failure = self._refusals.of_error(error)
            raise
        if answer.status == OK:
            self._session, self._url = answer.header("Session").partition(";")[0] or self._session, url
        self.failure = self._refusals.of_answer(answer)
        if self.failure:
            raise ConnectionAbortedError
        return answer

    def _passed_on(self, answer: RtspAnswer, number: str) -> bytes:
        values = {name: answer.header(name) for name in PASSED_ON}
        if answer.method == "DESCRIBE":
            values["Content-Base"] = values["Content-Base"] or self._camera.url
            values["Content-Length"] = str(len(answer.body))
        elif answer.method == "SETUP" and "source=" not in values["Transport"].lower():
            # Over UDP, libav greets whom it is connected to if nobody else is named.
            values["Transport"] += f";source={self._dialogue.connection.getpeername()[0]}"
        lines = [f"{name}: {value}" for name, value in values.items() if value]
        body = answer.body if answer.method == "DESCRIBE" else ""
        return "\r\n".join([f"RTSP/1.0 {OK} OK", number, *lines, "", body]).encode("latin-1")


def _first(heard: bytes) -> bytes:
    """The first request or packet of what libav has sent; empty if it is not all there."""
    if heard.startswith(b"$"):
        size = 4 + int.from_bytes(heard[2:4], "big")
        return heard[:size] if len(heard) >= max(4, size) else b""
    head, end, _ = heard.partition(b"\r\n\r\n")
    return head + end if end else b""


def parts(request: bytes) -> tuple[str, str, list[str]]:
    """Method, URL and headers; its bytes are characters, one each."""
    first, *headers = request.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, _, rest = first.partition(" ")
    return method, rest.rpartition(" ")[0], headers
