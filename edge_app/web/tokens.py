"""Who may do what: tokens, and how many wrong ones an address may show."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from enum import IntEnum
from hmac import compare_digest
from ipaddress import IPv6Address, ip_address

from edge_app.web.config import WebConfig

MOST_WRONG, WITHIN_S = 10, 60.0  # tokens of one address
MOST_ADDRESSES = 1024  # that are remembered; beyond it the one that was wrong longest ago is forgotten


class Access(IntEnum):
    """What somebody may do."""

    NOTHING = 0
    READ = 1
    WRITE = 2


class Tokens:
    """The tokens of the configuration; where there are none, everybody may do everything."""

    def __init__(self, config: WebConfig) -> None:
        given = (config.token, Access.WRITE), (config.read_token, Access.READ)
        self._known = [(token.get_secret_value().encode(), access) for token, access in given if token is not None]

    @property
    def wanted(self) -> bool:
        return bool(self._known)

    def access(self, shown: str) -> Access:
        """What the token allows. How long it takes says nothing of what is right in it."""
        text = shown.encode()
        same = [access for known, access in self._known if compare_digest(known, text)]  # all are compared
        return max(same, default=Access.NOTHING)


class WrongTokens:
    """Counts wrong tokens by address, in bounded memory.

    One that an address shows again is no other guess: a page that was left open shows the token of yesterday with
    each of its pictures, and its user is to get in with that of today.

    >>> wrong = WrongTokens(clock=lambda: 0.0)
    >>> [wrong.count("10.0.0.5", f"guess {number}") for number in range(10)][-2:]
    [False, True]
    >>> wrong.wait_s("10.0.0.5"), wrong.wait_s("10.0.0.6")
    (60.0, 0.0)
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._shown: OrderedDict[str, deque[tuple[float, int]]] = OrderedDict()  # when, and a hash that nobody can undo

    def count(self, address: str, token: str) -> bool:
        """Counts one that is not among the last of this address; whether it was the last that it may show for now."""
        shown, mark = self._shown.setdefault(counted_as(address), deque(maxlen=MOST_WRONG)), hash(token)
        if all(mark != other for _, other in shown):
            shown.append((self._clock(), mark))
        self._shown.move_to_end(counted_as(address))
        if len(self._shown) > MOST_ADDRESSES:
            self._shown.popitem(last=False)
        return self.wait_s(address) > 0

    def wait_s(self, address: str) -> float:
        """How long the address has to wait until its next token is looked at [s]."""
        shown = self._shown.get(counted_as(address))
        if shown is None or len(shown) < MOST_WRONG:
            return 0.0
        return max(0.0, shown[0][0] + WITHIN_S - self._clock())


def counted_as(address: str) -> str:
    """Addresses that count as one: of IPv6 the /64 that a host may choose from; IPv4 that came over IPv6 is IPv4.

    >>> counted_as("::ffff:10.0.0.5"), counted_as("2001:db8::1") == counted_as("2001:db8::2")
    ('10.0.0.5', True)
    """
    try:
        parsed = ip_address(address)
    except ValueError:  # of a client that is gone there is none
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64))
