"""What cameras answer to a question of WS-Discovery, as far as it is of use; nothing that they send is believed.

No XML parser reads it: many cameras leave out what the standard wants, and what is hostile is only text here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import unescape

# OASIS, Web Services Dynamic Discovery (2005/04), with ONVIF's two types of devices.
PROBE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery">'
    "<e:Header><w:MessageID>urn:uuid:{id}</w:MessageID>"
    "<w:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>"
    "<w:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>"
    '<e:Body><d:Probe><d:Types xmlns:t="{namespace}">t:{type}</d:Types></d:Probe></e:Body></e:Envelope>'
)
TYPES = (
    ("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter"),
    ("http://www.onvif.org/ver10/device/wsdl", "Device"),
)
TEXT_OF = r"<(?:[\w.-]{{1,40}}:)?{0}(?:\s[^<>]{{0,400}})?>([^<]{{1,8000}})</"
SERVICES, SCOPES = (re.compile(TEXT_OF.format(name)) for name in ("XAddrs", "Scopes"))
SCOPE = re.compile(r"onvif://www\.onvif\.org/(name|hardware)/(\S+)", re.IGNORECASE)
LONGEST, MOST_SERVICES = 64, 4  # characters of a name


@dataclass(frozen=True, slots=True)
class FoundCamera:
    """Somebody who said that it is a camera.

    Attributes:
        address: Where the answer came from; nothing else in it is sure.
        name, hardware: What it calls itself; empty if it does not say.
        services: Where its ONVIF service is, at that very address.
    """

    address: str
    name: str
    hardware: str
    services: tuple[str, ...]

    @property
    def document(self) -> dict[str, Any]:
        """As JSON says it."""
        return {
            "address": self.address, "name": self.name, "hardware": self.hardware, "services": [*self.services]
        }  # fmt: skip


def questions(message_id: str) -> Iterator[bytes]:
    """What is asked, once for each type of device."""
    for namespace, kind in TYPES:
        yield PROBE.format(id=message_id, namespace=namespace, type=kind).encode()


def read_answer(datagram: bytes, address: str) -> FoundCamera | None:
    """Who answered; None if it is no answer.

    >>> read_answer(b"<a:XAddrs>http://10.0.0.5/onvif http://10.0.0.9/onvif</a:XAddrs>", "10.0.0.5").services
    ('http://10.0.0.5/onvif',)
    """
    text = datagram.decode(errors="replace")
    found = SERVICES.search(text)
    if found is None:
        return None
    services = dict.fromkeys(url for url in unescape(found[1]).split() if _is_at(url, address))
    scopes = SCOPES.search(text)
    said = {
        kind.lower(): _clean(unquote(value)) for kind, value in SCOPE.findall(unescape(scopes[1]) if scopes else "")
    }
    return FoundCamera(address, said.get("name", ""), said.get("hardware", ""), (*services,)[:MOST_SERVICES])


def _is_at(url: str, address: str) -> bool:
    """Whether it is a service of who sent it: an answer must not make us ask anybody else."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.hostname == address and port != 0


def _clean(text: str) -> str:
    """On one line, short, and visible."""
    return "".join(each for each in " ".join(text.split()) if each.isprintable())[:LONGEST]
