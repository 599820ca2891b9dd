"""How the other side of an encrypted connection proves who it is, for cameras and brokers alike."""

from __future__ import annotations

import ssl
from pathlib import Path

from edge_app.core.errors import AccessError, ConfigError


def client_context(ca: Path | None, *, verify: bool) -> ssl.SSLContext:
    """What encrypts a connection.

    Args:
        ca: PEM file of the certificates that may sign the other side's; none: the system's.
        verify: Whether the certificate is checked.

    Raises:
        AccessError, ConfigError: The file of certificates cannot be read.
    """
    try:
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
