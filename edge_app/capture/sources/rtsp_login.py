"""How RTSP cameras want a login: what libav can do of it, and our own proof for what it does."""

from __future__ import annotations

import base64
import hashlib
import re

# libav takes the last Digest challenge, else the last Basic one, and computes MD5 only.
DIGESTS_OF_LIBAV = ("", "md5", "md5-sess")


def missing(challenges: list[str]) -> str:
    """What the camera wants and libav cannot do, such as `Digest SHA-256`; empty if it can."""
    schemes = [challenge.split()[0] for challenge in challenges if challenge.strip()]
    if digest := _digest(challenges):
        if not _is_md5(digest):
            return f"Digest {_plain(digest['algorithm'])}"
        return "" if {"", "auth"} & _qualities(digest) else "Digest with qop auth-int only"
    return "" if not schemes or "basic" in map(str.lower, schemes) else _plain(schemes[-1])


def authorization(challenges: list[str], method: str, url: str, user: str, password: str) -> str | None:
    """The header that logs in as libav does, after RFC 7617 and RFC 2617; None if libav could not.

    Where `auth` is not offered, libav answers without any qop, with which old servers are content.
    """
    asked = _digest(challenges)
    possible = _is_md5(asked) if asked else not missing(challenges)
    if not challenges or not possible:
        return None
    if not asked:
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    realm, nonce, count, client = asked.get("realm", ""), asked.get("nonce", ""), "00000001", "0badcafe"
    secret = _md5(user, realm, password)
    if asked.get("algorithm", "").lower() == "md5-sess":
        secret = _md5(secret, nonce, client)
    proof, said = [secret, nonce], f'username="{user}", realm="{realm}", nonce="{nonce}", uri="{url}"'
    if "auth" in _qualities(asked):
        proof += [count, client, "auth"]
        said += f', qop=auth, nc={count}, cnonce="{client}"'
    said += f', response="{_md5(*proof, _md5(method, url))}"'
    said += "".join(f', {name}="{asked[name]}"' for name in ("algorithm", "opaque") if name in asked)
    return f"Digest {said}"


def _digest(challenges: list[str]) -> dict[str, str]:
    """The parameters of the last Digest challenge."""
    digests = [challenge for challenge in challenges if challenge.lower().startswith("digest")]
    found = re.findall(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))', digests[-1]) if digests else []
    return {name.lower(): quoted or bare for name, quoted, bare in found}


def _is_md5(digest: dict[str, str]) -> bool:
    return digest.get("algorithm", "").lower() in DIGESTS_OF_LIBAV


def _qualities(digest: dict[str, str]) -> set[str]:
    """What a digest's qop offers; an empty one if it has none."""
    return set(re.split(r"[,\s]+", digest.get("qop", "")))


def _md5(*parts: str) -> str:
    return hashlib.md5(":".join(parts).encode(), usedforsecurity=False).hexdigest()


def _plain(name: str) -> str:
    """A camera's word, fit for a line of ours."""
    return re.sub(r"[^\w-]", "", name)[:20]
