"""Asks the network for cameras, and waits for answers."""

from __future__ import annotations

import fcntl
import selectors
import socket
import struct
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from ipaddress import ip_address

from edge_app.discovery.answers import FoundCamera, questions, read_answer

SocketAddress = tuple[str, int]

GROUP: SocketAddress = ("239.255.255.250", 3702)
WAIT_S, AGAIN_S = 3.0, 0.5  # UDP loses some; cameras wait a random while before they answer
LARGEST = 65_535  # bytes of an answer
MOST = 1024  # answers that are read, and so cameras that are found
GET_ADDRESS = 0x8915  # SIOCGIFADDR


def find_cameras(wait_s: float = WAIT_S, addresses: Iterable[SocketAddress] = (GROUP,)) -> list[FoundCamera]:
    """Cameras that answer within that time, by address.

    Args:
        wait_s: How long to wait [s].
        addresses: Who is asked: everybody in the networks of this machine, or single addresses, also behind a router.
    """
    message_id, found = str(uuid.uuid4()), dict[str, FoundCamera]()
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        channels = [(stack.enter_context(channel), address) for address in addresses for channel in _channels(address)]
        for channel, _ in channels:
            selector.register(channel, selectors.EVENT_READ)
        for _ in range(2):
            _ask(channels, message_id)
            wait_s, waiting = max(wait_s - AGAIN_S, 0.0), min(wait_s, AGAIN_S)
            _listen(selector, waiting, found)
        _listen(selector, wait_s, found)
    return sorted(found.values(), key=lambda camera: ip_address(camera.address))


def _ask(channels: Iterable[tuple[socket.socket, SocketAddress]], message_id: str) -> None:
    for channel, address in channels:
        for question in questions(message_id):
            with suppress(OSError):  # a network that is down, or a host that refused the question before
                channel.sendto(question, address)


def _listen(selector: selectors.BaseSelector, wait_s: float, found: dict[str, FoundCamera]) -> None:
    """Takes what comes in that time; a flood of answers ends it."""
    until, left = time.monotonic() + wait_s, MOST
    while left > 0 and (remaining := until - time.monotonic()) > 0:
        for key, _ in selector.select(remaining):
            left -= 1
            with suppress(OSError):
                datagram, (address, *_) = key.fileobj.recvfrom(LARGEST)  # type: ignore[union-attr]
                camera = read_answer(datagram, address)
                if camera is not None and (address in found or len(found) < MOST):
                    found[address] = max(found.get(address, camera), camera, key=lambda each: len(each.services))


def _channels(address: SocketAddress) -> Iterator[socket.socket]:
    """Sockets to ask that address from: for a group, one in each network."""
    if not ip_address(address[0]).is_multicast:
        channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        channel.setblocking(False)
        yield channel
        return
    for own in own_addresses():
        channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            channel.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(own))
            channel.bind((own, 0))
            channel.setblocking(False)
        except OSError:  # the interface went away
            channel.close()
        else:
            yield channel


def own_addresses() -> list[str]:
    """The IPv4 address of each interface that has one."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for _, name in socket.if_nameindex():
            with suppress(OSError):
                answer = fcntl.ioctl(any_socket, GET_ADDRESS, struct.pack("256s", name.encode()))
                found.append(socket.inet_ntoa(answer[20:24]))
    return found
