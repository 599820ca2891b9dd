"""Asks an RTSP camera to describe itself, and stays on the line."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from time import monotonic

from edge_app.capture.sources.address import Address
from edge_app.capture.sources.host import Host
from edge_app.capture.sources.libav_connection import OPEN_TIMEOUT_S
from edge_app.capture.sources.rtsp_dialogue import OK, RtspAnswer, RtspDialogue, connected
from edge_app.capture.sources.rtsp_refusals import Refusals
from edge_app.capture.sources.server_login import ServerLogin
from edge_app.core.errors import Reason, StreamError

MOST_REDIRECTS = 5


@dataclass(frozen=True)
class DescribedCamera:
    """A camera that is connected and has described itself.

    Attributes:
        dialogue: What else it is asked with, over the same connection: servers made with GStreamer, which start a
            stream with its first viewer and end it with the last, refuse whoever comes in between (503).
        url: What it was asked for; its bytes are characters, one each.
        options, description: Its answers to OPTIONS and DESCRIBE, both of use.
    """

    dialogue: RtspDialogue
    url: str
    options: RtspAnswer
    description: RtspAnswer


@dataclass(frozen=True)
class RtspInquiry:
    """Asks a camera, or where it redirects to on the same host and port.

    Attributes:
        host: Of the camera.
        address: Where it is there.
        refusals: What its answers mean.
        tls: For rtsps.
    """

    host: Host
    address: Address
    refusals: Refusals
    tls: ssl.SSLContext | None = None

    @contextmanager
    def described(self) -> Iterator[DescribedCamera]:
        """The connection stays for the duration of the block.

        Raises:
            StreamError: The camera refuses, cannot be reached, or its description is nothing for libav.
        """
        address, deadline = self.address, monotonic() + OPEN_TIMEOUT_S
        with ExitStack() as stack:
            for _ in range(MOST_REDIRECTS):
                found = self._asked(address, deadline, stack)
                if isinstance(found, DescribedCamera):
                    yield found
                    return
                location = found.header("Location") if 300 <= found.status < 400 else ""
                if (there := address.moved_to(location)) is None:
                    raise self._failure(self.refusals.of_answer(found))
                stack.close()
                address = there
        raise self._failure((Reason.FAILED, "it redirects without end"))

    def _asked(self, address: Address, deadline: float, stack: ExitStack) -> DescribedCamera | RtspAnswer:
        """The camera, or the answer that refuses."""
        try:
            connection = stack.enter_context(connected(self.host, address, self.tls, deadline))
            return self._description(address, RtspDialogue(connection, deadline, _login(address)))
        except (OSError, UnicodeError) as error:
            failure = self._failure(self.refusals.of_error(error))
        # Raised outside `except`, so that what was caught does not become its context.
        raise failure

    def _description(self, address: Address, dialogue: RtspDialogue) -> DescribedCamera | RtspAnswer:
        url = address.without_login.encode().decode("latin-1")
        options = dialogue.ask("OPTIONS", url)
        if options.status != OK:
            return options
        description = dialogue.ask("DESCRIBE", url, "Accept: application/sdp")
        refused = self.refusals.of_answer(description)
        return description if refused else DescribedCamera(dialogue, url, options, description)

    def _failure(self, why: tuple[Reason, str] | None) -> StreamError:
        reason, text = why or (Reason.FAILED, "it refuses")
        return StreamError(reason, f"{self.address}: {text}")


def _login(address: Address) -> ServerLogin | None:
    if address.username is None:
        return None
    return ServerLogin(address.username, address.password.get_secret_value() if address.password else "")
