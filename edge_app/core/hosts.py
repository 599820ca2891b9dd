"""Which hosts are this machine, and which one a URL leads to."""

from __future__ import annotations

import re
from ipaddress import ip_address

SERVER = re.compile(r"(https?|rtsps?)://(?:[^/?#@]*@)?([\w.:\[\]-]{1,200})", re.IGNORECASE | re.ASCII)


def is_this_machine(host: str) -> bool:
    """Whether what is sent to that name or address stays here.

    >>> is_this_machine("localhost"), is_this_machine("127.0.0.2"), is_this_machine("::1"), is_this_machine("10.0.0.5")
    (True, True, True, False)
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def server_in(url: str) -> str | None:
    """Scheme and host of a URL, whose path may hold a secret, as may its login; None if it names no host.

    >>> server_in("https://u:p@10.0.0.6:81/login?token=abc"), server_in("/elsewhere")
    ('https://10.0.0.6:81', None)
    """
    found = SERVER.match(url)
    return f"{found[1]}://{found[2]}" if found else None
