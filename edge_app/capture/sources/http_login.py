"""How to log in to an HTTP server: Basic (RFC 7617) or Digest (RFC 7616 and 2069), once the server asks for it."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

# Weak ones first; a server that offers several gets the last. Python's names of the hashes.
HASHES = {"md5": "md5", "sha-256": "sha256", "sha-512-256": "sha512_256"}
LONGEST = 4096  # of what a server may ask for
TOKEN = re.compile(r'([\w-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,]*)|([\w-]+)')


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a server asks for.

    Attributes:
        scheme: `basic`, `digest` or one that is not known here.
        values: Its parameters, with lower-case names.
    """

    scheme: str
    values: dict[str, str]

    @property
    def algorithm(self) -> str:
        """The hash of a digest, as RFC 7616 names it."""
        return self.values.get("algorithm", "MD5").lower().removesuffix("-sess")

    @property
    def quality(self) -> str | None:
        """The qop that is answered, empty where a digest has none (RFC 2069); None if it offers others only."""
        offered = self.values.get("qop", "").lower().replace(" ", "").split(",")
        return next((known for known in ("auth", "auth-int", "") if known in offered), None)

    @property
    def strength(self) -> int:
        """0 if it cannot be answered; the strongest is answered."""
        if self.scheme == "basic":
            return 1
        if self.scheme != "digest" or "nonce" not in self.values or self.quality is None:
            return 0
        return 2 + list(HASHES).index(self.algorithm) if self.algorithm in HASHES else 0


def challenges(headers: Sequence[str]) -> list[Challenge]:
    """Those in the `WWW-Authenticate` headers of an answer.

    >>> challenges(['Digest realm="a, b", nonce=1, Basic realm="x"'])[1].values
    {'realm': 'x'}
    """
    found: list[Challenge] = []
    for name, value, scheme in TOKEN.findall(",".join(headers)[:LONGEST]):
        if scheme:
            found.append(Challenge(scheme.lower(), {}))
        elif found:
            text = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
            found[-1].values[name.lower()] = text
    return found


@dataclass
class HttpLogin:
    """A user and password, and what the server has asked for so far; a digest's nonce is used until it is refused."""

    username: str = field(repr=False)
    password: str = field(repr=False)
    _challenge: Challenge | None = None
    _count: int = 0

    def asked(self, offered: Sequence[Challenge]) -> bool:
        """Takes what a server asks for; whether it can be answered."""
        best = max(offered, key=lambda challenge: challenge.strength, default=None)
        self._challenge, self._count = (best, 0) if best and best.strength else (None, 0)
        return self._challenge is not None

    def authorization(self, target: str) -> str | None:
        """The header's value for a GET of that path and query; None as long as the server has not asked."""
        if self._challenge is None:
            return None
        if self._challenge.scheme == "basic":
            return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        self._count += 1
        return self._digest(self._challenge, target, f"{self._count:08x}", secrets.token_hex(8))

    def _digest(self, challenge: Challenge, target: str, count: str, client_nonce: str) -> str:
        def hashed(*parts: str) -> str:
            return hashlib.new(HASHES[challenge.algorithm], ":".join(parts).encode(), usedforsecurity=False).hexdigest()

        asked = challenge.values
        realm, nonce = asked.get("realm", ""), asked["nonce"]
        secret = hashed(self.username, realm, self.password)
        if asked.get("algorithm", "").lower().endswith("-sess"):
            secret = hashed(secret, nonce, client_nonce)
        quality = challenge.quality
        counted = (count, client_nonce, quality) if quality else ()
        body = (hashed(""),) if quality == "auth-int" else ()  # a GET has none
        response = hashed(secret, nonce, *counted, hashed("GET", target, *body))
        quoted = {"username": self.username, "realm": realm, "nonce": nonce, "uri": target, "response": response}
        if counted:
            quoted["cnonce"] = client_nonce
        quoted |= {name: asked[name] for name in ("opaque",) if name in asked}
        said = [f'{name}="{_escaped(value)}"' for name, value in quoted.items()]
        said += [f"algorithm={asked['algorithm']}"] if "algorithm" in asked else []
        return "Digest " + ", ".join(said + ([f"qop={quality}, nc={count}"] if quality else []))


def _escaped(text: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", text)
