"""By which URLs a camera sends, as it tells by ONVIF; asked in a process of its own, as nothing bounds its answers.

python -m edge_app.discovery.streams <QUESTION >ANSWER      both JSON
"""

from __future__ import annotations

import asyncio
import json
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

from edge_app.core.errors import DeviceError, UsageError

WAIT_S = 12.0  # for the camera
KILL_S = 60.0  # with what the library takes to be loaded on a small machine that is busy
MOST_BYTES = 1 << 30  # of memory, far above what a camera's answers take
MOST_STREAMS = 8
SETUP = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
MISSING = "ask for streams with the extra `onvif`: pip install 'edge-app[onvif]'"


@dataclass(frozen=True, slots=True)
class Question:
    """Who is asked.

    Attributes:
        service: The URL of its ONVIF service; nobody else is asked, whatever it answers.
        username, password: Its login; empty: none.
    """

    service: str
    username: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class StreamUrl:
    """What a camera sends by one of its URLs.

    Attributes:
        name: What it calls that.
        url: rtsp or rtsps, at the address that was asked, without a login.
        width, height: 0 where it does not say [px].
    """

    name: str
    url: str
    width: int
    height: int


def stream_urls(question: Question) -> list[StreamUrl]:
    """By which URLs a camera sends, the largest pictures first.

    Raises:
        UsageError: The service is no URL, or the extra is not installed.
        DeviceError: It does not tell.
    """
    parts = urlsplit(question.service)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError("want the URL of an ONVIF service, such as http://10.0.0.5/onvif/device_service")
    command, asked = [sys.executable, "-m", __name__], json.dumps(asdict(question))
    try:
        done = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=KILL_S, check=False)  # noqa: S603
        answer = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        raise DeviceError(f"{parts.hostname}: no answer of use") from None
    if "missing" in answer:
        raise UsageError(MISSING)
    if "error" in answer:
        raise DeviceError(f"{parts.hostname}: {answer['error']}")
    return [StreamUrl(**each) for each in answer["streams"]]


def main() -> None:
    """Answers a question of stdin on stdout."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    question = Question(**json.load(sys.stdin))
    try:
        import onvif

        streams = asyncio.run(asyncio.wait_for(_ask(onvif, question), WAIT_S))
        answer: dict[str, Any] = {"streams": [asdict(each) for each in streams]}
    except ImportError:
        answer = {"missing": True}
    except asyncio.TimeoutError:
        answer = {"error": f"no answer within {WAIT_S:g} s"}
    except Exception as error:  # whatever a library makes of what a camera says
        refused = re.search("auth|denied|401|password", f"{type(error).__name__} {error}", re.IGNORECASE)
        answer = {"error": "it refuses the login" if refused else f"its answer is not ONVIF ({type(error).__name__})"}
    json.dump(answer, sys.stdout)


async def _ask(onvif: Any, question: Question) -> list[StreamUrl]:
    parts = urlsplit(question.service)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    shown = f"[{host}]" if ":" in host else host
    # `nat_override`: every address in its answers is replaced by the one that was asked.
    camera = onvif.ONVIFCamera(
        f"{parts.scheme}://{shown}" if parts.scheme == "https" else shown,
        port,
        question.username,  # also where it is empty: the library always sends a name
        question.password,
        adjust_time=True,
        nat_override=True,
    )
    try:
        await camera.update_xaddrs()
        media = await camera.create_media_service()
        profiles = (await media.GetProfiles())[:MOST_STREAMS]
        found = [
            (profile, await media.GetStreamUri({"StreamSetup": SETUP, "ProfileToken": profile.token}))
            for profile in profiles
        ]
    finally:
        await camera.close()
    return sorted(_urls(found, host), key=lambda each: -each.width * each.height)


def _urls(found: list[tuple[Any, Any]], host: str) -> Iterator[StreamUrl]:
    """What is of use of its answers: URLs of RTSP at its own address."""
    for profile, answer in found:
        parts = urlsplit(str(answer.Uri).strip())
        if parts.scheme.lower() not in ("rtsp", "rtsps") or not parts.hostname:
            continue
        shown = f"[{host}]" if ":" in host else host
        query = f"?{parts.query}" if parts.query else ""
        url = f"{parts.scheme.lower()}://{shown}{f':{parts.port}' if parts.port else ''}{parts.path}{query}"
        size = getattr(getattr(profile, "VideoEncoderConfiguration", None), "Resolution", None)
        name = "".join(each for each in str(profile.Name or "") if each.isprintable())[:64]
        yield StreamUrl(name, url, int(getattr(size, "Width", 0) or 0), int(getattr(size, "Height", 0) or 0))


if __name__ == "__main__":
    main()
