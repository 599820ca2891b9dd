"""What a server asks of a login, over HTTP and RTSP, and the answer: Basic (RFC 7617) or Digest (RFC 7616, 2069)."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# Weak ones first. Python's names of the hashes.
HASHES = {"md5": "md5", "sha-256": "sha256", "sha-512-256": "sha512_256"}
LONGEST = 4096  # of what a server may ask for
TOKEN = re.compile(r'([\w-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,]*)|([\w-]+)')


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a server asks for.

    Attributes:
        name: Of the scheme, as the server writes it, such as `Digest`.
        values: Its parameters, with lower-case names.
    """

    name: str
    values: dict[str, str]

    @property
    def scheme(self) -> str:
        """`basic`, `digest` or one that is not known here."""
        return self.name.lower()

    @property
    def algorithm(self) -> str:
        """The hash of a digest, as RFC 7616 names it."""
        return (self.values.get("algorithm") or "MD5").lower().removesuffix("-sess")

    @property
    def qualities(self) -> list[str]:
        """What a digest may protect: `auth`, the request, and others; empty if the server knows of no choice."""
        return re.findall(r"[^,\s]+", self.values.get("qop", "").lower())

    def authorization(
        self, method: str, target: str, username: str, password: str, *, quality: str = "", count: int = 1
    ) -> str:
        """The header's value for a request without a body.

        Args:
            method: Of the request.
            target: What it is for.
            username: Who logs in.
            password: Theirs.
            quality: What a digest protects: `auth`, `auth-int`, or nothing that it would say (RFC 2069).
            count: Which request with this nonce it is; the digest's hash is one of `HASHES`.
        """
        if self.scheme == "basic":
            return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
        return "Digest " + ", ".join(self._digest(method, target, username, password, quality, f"{count:08x}"))

    def _digest(
        self, method: str, target: str, username: str, password: str, quality: str, count: str
    ) -> Iterator[str]:
        realm, nonce, client_nonce = self.values.get("realm", ""), self.values.get("nonce", ""), secrets.token_hex(8)
        secret = self._hashed(username, realm, password)
        if self.values.get("algorithm", "").lower().endswith("-sess"):
            secret = self._hashed(secret, nonce, client_nonce)
        counted = (count, client_nonce, quality) if quality else ()
        body = (self._hashed(""),) if quality == "auth-int" else ()
        response = self._hashed(secret, nonce, *counted, self._hashed(method, target, *body))
        quoted = {"username": username, "realm": realm, "nonce": nonce, "uri": target, "response": response}
        if counted:
            quoted["cnonce"] = client_nonce
        if "opaque" in self.values:
            quoted["opaque"] = self.values["opaque"]
        yield from (f'{name}="{_escaped(value)}"' for name, value in quoted.items())
        if self.values.get("algorithm"):
            yield f"algorithm={self.values['algorithm']}"
        if counted:
            yield f"qop={quality}, nc={count}"

    def _hashed(self, *parts: str) -> str:
        return hashlib.new(HASHES[self.algorithm], ":".join(parts).encode(), usedforsecurity=False).hexdigest()


def challenges(headers: Sequence[str]) -> list[Challenge]:
    """Those in the `WWW-Authenticate` headers of an answer.

    >>> challenges(['Digest realm="a, b", nonce=1, Basic realm="x"'])[1].values
    {'realm': 'x'}
    """
    found: list[Challenge] = []
    for name, value, scheme in TOKEN.findall(",".join(headers)[:LONGEST]):
        if scheme:
            found.append(Challenge(scheme, {}))
        elif found:
            text = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
            found[-1].values[name.lower()] = text
    return found


def _escaped(text: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", text)
