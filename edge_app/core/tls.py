"""TLS for every outgoing connection, to cameras and brokers alike."""

from __future__ import annotations

import ssl
from pathlib import Path

from edge_app.core.errors import AccessError, ConfigError


def client_context(ca: Path | None, *, verify: bool) -> ssl.SSLContext:
    """The TLS context of a client.

    Args:
        ca: PEM file of the authorities that may sign the server's certificate; None for the system's.
        verify: Whether the server's certificate is checked.

    Raises:
        ConfigError: The file does not exist, is none, or holds no certificate.
        AccessError: The file may not be read.
    """
    try:
        if ca is not None and ca.exists() and not ca.is_file():
            raise ConfigError(f"{ca}: not a file")  # a pipe would be waited for
        context = ssl.create_default_context(cafile=ca)
    except FileNotFoundError:
        raise ConfigError(f"{ca}: no such file") from None
    except PermissionError as error:
        raise AccessError(f"{ca}: {error.strerror}") from error
    except OSError as error:
        why = "holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise ConfigError(f"{ca}: {why}") from error
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def explain(error: ssl.SSLError, peer: str) -> str:
    """Why there is no TLS with a `broker`, say; of what it sent, nothing is shown."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the {peer}'s certificate was rejected: {error.verify_message}"
    return f"no secure connection ({error.reason or f'the {peer} hung up'})"
