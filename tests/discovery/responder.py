"""A device that answers to WS-Discovery on a UDP port of this machine, well or badly."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from types import TracebackType

GROUP = "239.255.255.250"
Answers = Callable[[bytes, int], Iterator[bytes]]
"""From a question and the port that it came to, what is answered."""


class Responder:
    """Answers each question until the end of a `with` block.

    Attributes:
        port: Where it listens.
        questions: What was asked.
    """

    def __init__(self, answers: Answers, *, group: str | None = None, port: int = 0) -> None:
        """`group`: listens to what is sent to that group on the loopback interface; None: to what is sent to it."""
        self._answers = answers
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # others may hear the group, too
        self._socket.bind((group or "127.0.0.1", port))
        if group is not None:
            member = socket.inet_aton(group) + socket.inet_aton("127.0.0.1")
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        self.port = int(self._socket.getsockname()[1])
        self._socket.settimeout(0.05)
        self._ended = threading.Event()
        self.questions: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Responder:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while not self._ended.is_set():
            try:
                question, client = self._socket.recvfrom(65_535)
            except TimeoutError:
                continue
            self.questions.append(question)
            for answer in self._answers(question, self.port):
                self._socket.sendto(answer, client)


MATCH = """<?xml version="1.0" encoding="UTF-8"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><SOAP-ENV:Header>
<wsa:MessageID>urn:uuid:0a6dc791-2be6-4991-9af1-454778a1917a</wsa:MessageID><wsa:RelatesTo>{relates}</wsa:RelatesTo>
<wsa:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</wsa:Action></SOAP-ENV:Header><SOAP-ENV:Body>
<d:ProbeMatches><d:ProbeMatch><wsa:EndpointReference><wsa:Address>urn:uuid:5f5a69c2</wsa:Address></wsa:EndpointReference>
<d:Types>dn:NetworkVideoTransmitter</d:Types>
<d:Scopes>onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/hardware/P3245-LVE onvif://www.onvif.org/name/AXIS%20P3245
 onvif://www.onvif.org/location/</d:Scopes><d:XAddrs>{services}</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion>
</d:ProbeMatch></d:ProbeMatches></SOAP-ENV:Body></SOAP-ENV:Envelope>"""


def camera(question: bytes, port: int) -> Iterator[bytes]:
    """What a camera that keeps to the standard answers."""
    relates = re.search(rb"MessageID>([^<]+)<", question)
    assert relates
    yield MATCH.format(relates=relates[1].decode(), services=f"http://127.0.0.1:{port}/onvif/device_service").encode()
