"""For whom a request is: the names under which a browser may ask for this program, and the pages that may ask."""

from __future__ import annotations

import re
from ipaddress import ip_address

from edge_app.core.hosts import is_this_machine
from edge_app.web.config import WebConfig

PLACE = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[^\s/@?#:\[\]]+))(?::\d{1,5})?")


class HostNames:
    """Tells requests for this program from those that a page elsewhere makes a browser send.

    Such a page can give its own name our address (DNS rebinding), and then reads what we answer. It cannot make the
    browser say another name than its own, and an address is nobody's name.
    """

    def __init__(self, config: WebConfig) -> None:
        self._names = {name.lower() for name in ("localhost", config.host, *config.hosts)}
        self._local = config.is_local

    def know(self, host: str) -> bool:
        """Whether the value of a Host header means us.

        >>> names = HostNames(WebConfig(hosts=("box7.local",)))
        >>> names.know("localhost:8080"), names.know("[::1]:8080"), names.know("Box7.local"), names.know("evil.example")
        (True, True, True, False)
        """
        found = PLACE.fullmatch(host)
        if found is None:
            return False
        name = (found["six"] or found["name"]).lower().removesuffix(".")
        return name in self._names or (_is_address(name) and (not self._local or is_this_machine(name)))


def is_same_place(origin: str, host: str) -> bool:
    """Whether the page at an Origin came from the server that its request names as Host.

    >>> is_same_place("https://box7.local:8080", "box7.local:8080"), is_same_place("null", "box7.local:8080")
    (True, False)
    """
    scheme, found, place = origin.partition("://")
    return bool(found and place) and scheme.lower() in ("http", "https") and place.lower() == host.lower()


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
