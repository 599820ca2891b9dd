"""The manners of cameras: what is odd about each, and what must become of it."""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from tests.rtsp.rtp import CLOCK, FPS, Rtp, Unit, interleaved, units

STEP = CLOCK // FPS


class Connection(Protocol):
    """What a manner sees of a connection: see `Session` in odd_camera.py."""

    channels: dict[str, int]

    def ticks(self, fps: float = FPS) -> Iterator[int]: ...


Video = Callable[[Connection], Iterator[bytes]]


def unit(index: int) -> Unit:
    return units()[index % len(units())]


def pictures(connection: Connection) -> Iterator[bytes]:
    """A picture each tick, on the first track."""
    track = Rtp()
    for index in connection.ticks():
        yield track.report(STEP * index) + track.unit(unit(index), STEP * index)


# Descriptions


def parameter_sets(width: int, height: int) -> str:
    sets = [nal for nal in units(width, height)[0] if nal[0] & 31 in (7, 8)]
    return ",".join(base64.b64encode(nal).decode() for nal in sets)


def described(template: str, url: str) -> str:
    """The description, with what is known only when a camera is asked."""
    right, other = parameter_sets(320, 240), parameter_sets(480, 272)
    for name, value in {"url": url, "sets": right, "other sets": other, "half": right.partition(",")[0]}.items():
        template = template.replace("{" + name + "}", value)
    return template


HEAD = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=Media\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
AUDIO = "m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=control:audio\r\n"
METADATA = "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:metadata\r\n"


def media(
    control: str = "video", kind: int = 96, codec: str = "H264", sets: str = ";sprop-parameter-sets={sets}"
) -> str:
    """The lines of one video track."""
    lines = f"m=video 0 RTP/AVP {kind}\r\na=rtpmap:{kind} {codec}/90000\r\n"
    return lines + f"a=fmtp:{kind} packetization-mode=1{sets}\r\na=control:{control}\r\n"


# Answers, made of the one that would be right; None says nothing, ConnectionError hangs up


Reply = Callable[[str, bytes], "bytes | None"]


def right(method: str, answer: bytes) -> bytes:
    return answer


def only(wrong: str, change: Callable[[bytes], bytes | None]) -> Reply:
    """Changes the answer to one method."""
    return lambda method, answer: change(answer) if method == wrong else answer


def refused(method: str, status: str, *headers: str) -> Reply:
    def refusal(answer: bytes) -> bytes:
        number = re.search(rb"CSeq: \d+", answer)[0].decode()  # type: ignore[index]
        return "\r\n".join([f"RTSP/1.0 {status}", number, *headers, "", ""]).encode()

    return only(method, refusal)


def header(line: str) -> Callable[[bytes], bytes]:
    return lambda answer: answer.replace(b"\r\n", f"\r\n{line}\r\n".encode(), 1)


def hang_up(answer: bytes) -> bytes:
    raise ConnectionError


# Streams


def nothing(connection: Connection) -> Iterator[bytes]:
    for _ in connection.ticks():
        yield b""


def once(data: Callable[[], bytes]) -> Video:
    """One thing after the first five pictures, and then silence."""

    def video(connection: Connection) -> Iterator[bytes]:
        track = Rtp()
        for index in connection.ticks():
            yield track.unit(unit(index), STEP * index) if index < FIRST else data() if index == FIRST else b""

    return video


def each(data: Callable[[int], bytes]) -> Video:
    """The same kind of thing at each tick."""
    return lambda connection: (data(index) for index in connection.ticks())


def second_track(connection: Connection) -> Iterator[bytes]:
    """Video on the second of two tracks, of payload type 97; the first is silent."""
    track = Rtp(connection.channels["second"], 97, 0x5678)
    for index in connection.ticks():
        yield track.unit(unit(index), STEP * index)


def late_track(connection: Connection) -> Iterator[bytes]:
    """Two tracks, of which the first begins later."""
    first, second = Rtp(connection.channels["first"]), Rtp(connection.channels["second"], 97, 0x5678)
    for index in connection.ticks():
        yield second.unit(unit(index), STEP * index)
        if index >= FIRST:
            yield first.unit(unit(index - FIRST), STEP * index)


def unknown_track(connection: Connection) -> Iterator[bytes]:
    """Only the first of two tracks sends, and nothing that anybody could decode."""
    track = Rtp(connection.channels["first"])
    for index in connection.ticks():
        yield track.packet(b"?" * 500, STEP * index)


def turned(change: Callable[[Rtp, int], bytes]) -> Video:
    """Pictures which something happens to."""

    def video(connection: Connection) -> Iterator[bytes]:
        track = Rtp()
        for index in connection.ticks():
            yield change(track, index)

    return video


def other_source(track: Rtp, index: int) -> bytes:
    track.ssrc = 0x1234 + index // FIRST
    return track.unit(unit(index), STEP * index)


def jumping(track: Rtp, index: int) -> bytes:
    return track.unit(unit(index), STEP * (index - (FIRST if index % 10 > FIRST else 0)))


def other_size(track: Rtp, index: int) -> bytes:
    size = (320, 240) if index // FIRST % 2 == 0 else (480, 272)
    return track.unit(units(*size)[index % FIRST], STEP * index)


def damaged(track: Rtp, index: int) -> bytes:
    noise = [
        nal[:3] + random.Random(index).randbytes(len(nal)) if nal[0] & 31 in (1, 5) else nal for nal in unit(index)
    ]
    return track.unit(noise, STEP * index)


def flood(connection: Connection) -> Iterator[bytes]:
    """As much as goes through, on a channel that is nobody's."""
    rubbish = interleaved(9, bytes(60_000))
    for _ in connection.ticks(1000):
        yield rubbish


def hasty(connection: Connection) -> Iterator[bytes]:
    """A few pictures, and then the connection ends."""
    track = Rtp()
    for index in connection.ticks(50):
        if index > FIRST:
            return
        yield track.unit(unit(index), STEP * index)


def bye(connection: Connection) -> Iterator[bytes]:
    track = Rtp()
    for index in connection.ticks():
        goodbye = interleaved(1, b"\x81\xcb\0\1\0\0\x12\x34")
        yield track.unit(unit(index), STEP * index) if index < FIRST else goodbye if index == FIRST else b""


FIRST = 5  # the number of pictures before something happens; there is a key frame in each so many


@dataclass(frozen=True)
class Manner:
    """How a camera behaves, where not as it should.

    Attributes:
        shows: What the program's log must say of it, a regular expression; empty if its pictures must come.
        sdp: Its description, a template of `described`.
        answer: Makes its answers, from the method and the answer that would be right.
        video: What it sends after PLAY; when that ends it hangs up.
        challenges: Its WWW-Authenticate, if it wants a login: admin, with the password `right`.
    """

    shows: str = ""
    sdp: str = HEAD + media()
    answer: Reply = right
    video: Video = pictures
    challenges: tuple[str, ...] = ()


POLITE = Manner()
SILENT = r"\((timeout|stalled)\)"
TWO = HEAD + media("first") + media("second", 97)
UNKNOWN_FIRST = HEAD + media("first", codec="X-SMART") + media("second", 97)
SAYS = {  # of itself
    "no parameter sets": Manner(sdp=HEAD + media(sets="")),
    "parameter sets of another size": Manner(sdp=HEAD + media(sets=";sprop-parameter-sets={other sets}")),
    "half of the parameter sets": Manner(sdp=HEAD + media(sets=";sprop-parameter-sets={half},")),
    "metadata first": Manner(sdp=HEAD + METADATA + media()),
    "only metadata": Manner(r"\(codec\).*no video", sdp=HEAD + METADATA, video=nothing),
    "only sound": Manner(r"\(codec\).*no video", sdp=HEAD + AUDIO, video=nothing),
    "two tracks": Manner(sdp=TWO),
    "a first track of an unknown codec": Manner(sdp=UNKNOWN_FIRST, video=second_track),
    "only an unknown codec": Manner(r"\(codec\).*no decoder", sdp=HEAD + media(codec="X-SMART")),
    "an unknown track that sends alone": Manner(SILENT, sdp=UNKNOWN_FIRST, video=unknown_track),
    "a silent first track": Manner(sdp=TWO, video=second_track),
    "a first track that begins late": Manner(sdp=TWO, video=late_track),
    "absolute control URLs": Manner(sdp=HEAD + "a=control:{url}\r\n" + media("{url}/video")),
    "no control URLs": Manner(sdp=HEAD + re.sub("a=control.*\r\n", "", media())),
    "a codec in small letters": Manner(sdp=HEAD + media(codec="h264")),
    "line feeds only": Manner(sdp=(HEAD + media()).replace("\r\n", "\n")),
    "a title in Latin-1": Manner(sdp=HEAD.replace("Media", "Ger\xe4t T\xfcr") + media()),
    "one payload type for two tracks": Manner(sdp=HEAD + AUDIO.replace(" 0\r", " 96\r").replace(":0", ":96") + media()),
    "inactive media": Manner(sdp=HEAD + media() + "a=inactive\r\n"),
    "a description that is none": Manner(r"\((codec|failed)\)", sdp="<html>Log in, please.</html>\r\n", video=nothing),
}
ANSWERS = {
    "full at SETUP": Manner(r"\(failed\).*453.*viewers", answer=refused("SETUP", "453 Not Enough Bandwidth")),
    "another transport": Manner(
        r"\(failed\).*461.*transport: udp", answer=refused("SETUP", "461 Unsupported Transport")
    ),
    "not ready at PLAY": Manner(r"\(failed\).*455", answer=refused("PLAY", "455 Method Not Valid in This State")),
    "an error inside": Manner(r"\(failed\).*500", answer=refused("DESCRIBE", "500 Internal Server Error")),
    "no such stream": Manner(r"\(not_found\)", answer=refused("DESCRIBE", "404 Not Found")),
    "a wrong CSeq": Manner(answer=lambda method, answer: re.sub(rb"CSeq: \d+", b"CSeq: 77", answer)),
    "no answer": Manner(r"\(timeout\)", answer=only("DESCRIBE", lambda answer: None)),
    "half an answer": Manner(r"\(timeout\)", answer=only("DESCRIBE", lambda answer: answer[:-60])),
    "a header without end": Manner(answer=only("DESCRIBE", header("X-Long: " + "x" * 100_000))),
    "a redirection to itself": Manner(
        r"\((failed|timeout)\)", answer=refused("DESCRIBE", "302 Found", "Location: {url}")
    ),
    "it hangs up at PLAY": Manner(r"\(failed\).*hung up", answer=only("PLAY", hang_up)),
    "HTTP instead of RTSP": Manner(
        r"\(failed\).*not RTSP but HTTP",
        answer=lambda method, answer: b"HTTP/1.1 400 No\r\n\r\n" if method == "OPTIONS" else hang_up(answer),
    ),
}
SENDS = {
    "rubbish instead of RTP": Manner(
        SILENT, video=each(lambda index: interleaved(0, random.Random(index).randbytes(500)))
    ),
    "half a packet, then silence": Manner(SILENT, video=once(lambda: Rtp().unit(unit(0), 0)[:200])),
    "another source each half second": Manner(video=turned(other_source)),
    "time that jumps back": Manner(video=turned(jumping)),
    "another size each half second": Manner(video=turned(other_size)),
    "a channel that is nobody's": Manner(SILENT, video=each(lambda index: Rtp(8).unit(unit(index), STEP * index))),
    "a flood on a channel that is nobody's": Manner(SILENT, video=flood),
    "nothing after PLAY": Manner(SILENT, video=nothing),
    "reports and no video": Manner(SILENT, video=each(lambda index: Rtp().report(STEP * index))),
    "it says goodbye and stays": Manner(SILENT, video=bye),
    "pictures that are damaged": Manner(r"\(decode_errors\)", video=turned(damaged)),
    "it hangs up again and again": Manner(r"\((ended|failed)\)", video=hasty),
}
MANNERS = SAYS | ANSWERS | SENDS
