"""What sinks on the network have in common: logins in clear text, why nobody answers, and libraries of extras."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from importlib.util import find_spec

from edge_app.config.section import wrong
from edge_app.core.hosts import is_this_machine
from edge_app.core.tls import explain


def cautions_about_login(host: str, *, encrypted: bool, has_password: bool) -> Iterator[str]:
    """Says so if user and password go to another machine as text."""
    if has_password and not encrypted and not is_this_machine(host):
        yield f"user and password go to {host} unencrypted; `tls: true` encrypts, if the broker can"


def why_unreachable(error: Exception, peer: str, *, encrypted: bool) -> str:
    """Why there is no connection, in words.

    Args:
        error: What the attempt raised.
        peer: What the other side is called, such as `broker`.
        encrypted: Whether a secure connection was wanted.
    """
    if isinstance(error, ssl.SSLError):
        return explain(error, peer)
    if encrypted and isinstance(error, ConnectionResetError):
        return f"no secure connection (the {peer} hung up); does this port want TLS?"
    if isinstance(error, socket.gaierror):
        return f"name not found: {error.strerror}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return getattr(error, "strerror", None) or str(error)


def want_library(module: str, package: str, extra: str) -> None:
    """A library that is not installed is an issue of the `type` that needs it."""
    if find_spec(module) is None:
        raise wrong(f"needs {package}: pip install 'edge-app[{extra}]'", "type")
