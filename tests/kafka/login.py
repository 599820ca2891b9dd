"""The broker's side of Kafka's logins, PLAIN and SCRAM, before a broker that has none."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
import struct
from collections.abc import Callable, Generator

USER, PASSWORD = "edge", "kafka:/%41+pass"
SASL_HANDSHAKE, INIT_PRODUCER_ID, SASL_AUTHENTICATE = 17, 22, 36
REFUSED = 58  # SASL_AUTHENTICATION_FAILED


class WrongLoginError(Exception):
    """It is not `USER` with `PASSWORD`."""


def logged_in(client: socket.socket, server: socket.socket, mechanism: str) -> bool:
    """Passes on what comes before the login, answers the login itself; whether it was the right one."""
    conversation = plain() if mechanism == "PLAIN" else scram(mechanism)
    next(conversation)
    while True:
        request = _packet(client)
        kind, version = struct.unpack_from(">hh", request)
        if kind == SASL_HANDSHAKE:
            known = mechanism.encode()
            _answer(client, request, struct.pack(f">hih{len(known)}s", 0, 1, len(known), known))
        elif kind == SASL_AUTHENTICATE:
            lasts = bytes(8) if version else b""
            said = request[10 + struct.unpack_from(">h", request, 8)[0] :][4:]
            try:
                answer = conversation.send(said)
            except WrongLoginError:
                _answer(client, request, struct.pack(">hh9si", REFUSED, 9, b"no access", 0) + lasts)
                return False
            _answer(client, request, struct.pack(">hhi", 0, -1, len(answer)) + answer + lasts)
            if mechanism == "PLAIN" or answer.startswith(b"v="):
                return True
        else:
            _pass_on(client, server, request)


def without_ids(client: socket.socket, server: socket.socket, error: int) -> None:
    """Passes everything on, but answers who wants to be an idempotent producer with this error, until the end."""
    while True:
        request = _packet(client)
        kind, version = struct.unpack_from(">hh", request)
        if kind == INIT_PRODUCER_ID:
            tags = b"\0" if version >= 2 else b""
            _answer(client, request, tags + struct.pack(">ihqh", 0, error, -1, -1) + tags)
        else:
            _pass_on(client, server, request)


def _pass_on(client: socket.socket, server: socket.socket, request: bytes) -> None:
    server.sendall(struct.pack(">i", len(request)) + request)
    reply = _packet(server)
    client.sendall(struct.pack(">i", len(reply)) + reply)


def plain() -> Generator[bytes, bytes, None]:
    """Is sent what the client says."""
    said = yield b""
    if said != f"\0{USER}\0{PASSWORD}".encode():
        raise WrongLoginError
    yield b""


def scram(mechanism: str) -> Generator[bytes, bytes, None]:
    """Is sent what the client says; RFC 5802, without channel binding."""
    digest = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}[mechanism]

    def signed(key: bytes, text: bytes) -> bytes:
        return hmac.digest(key, text, digest)

    first = (yield b"").removeprefix(b"n,,")
    nonce = first.partition(b",r=")[2] + b"ours"
    offer = b"r=" + nonce + b",s=" + base64.b64encode(b"salt") + b",i=4096"
    final = yield offer
    without, _, proof = final.partition(b",p=")
    salted = hashlib.pbkdf2_hmac(digest, PASSWORD.encode(), b"salt", 4096)
    key = signed(salted, b"Client Key")
    everything = b",".join((first, offer, without))
    mask = signed(hashlib.new(digest, key).digest(), everything)
    if first.partition(b",")[0] != b"n=" + USER.encode() or base64.b64decode(proof) != _xor(key, mask):
        raise WrongLoginError
    yield b"v=" + base64.b64encode(signed(signed(salted, b"Server Key"), everything))


def _xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def _answer(client: socket.socket, request: bytes, body: bytes) -> None:
    client.sendall(struct.pack(">i", 4 + len(body)) + request[4:8] + body)


def _packet(source: socket.socket) -> bytes:
    """Without its length; OSError at the end of the connection."""

    def exactly(count: int, recv: Callable[[int], bytes] = source.recv) -> bytes:
        data = b""
        while len(data) < count:
            if not (more := recv(count - len(data))):
                raise ConnectionResetError
            data += more
        return data

    return exactly(struct.unpack(">i", exactly(4))[0])
