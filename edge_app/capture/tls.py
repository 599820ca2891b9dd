"""How a camera behind TLS proves who it is, in libav's options."""

from __future__ import annotations

import ssl

from edge_app.config import Tls
from edge_app.errors import AccessError, ConfigError


def tls_options(tls: Tls | None) -> dict[str, str]:
    """Options for rtsps and https; without `tls` the system's certificates are asked.

    Raises:
        AccessError, ConfigError: The file of certificates cannot be read; libav would only find no secure connection.
    """
    check_tls(tls)
    tls = tls or Tls()
    ca = tls.ca or ssl.get_default_verify_paths().cafile
    return {"tls_verify": "1" if tls.verify else "0"} | ({"ca_file": str(ca)} if ca else {})


def check_tls(tls: Tls | None) -> None:
    """Raises AccessError or ConfigError where the file of certificates cannot be read."""
    if tls is None or tls.ca is None:
        return
    ca = tls.ca
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(ca)
    except FileNotFoundError:
        raise ConfigError(f"{ca}: no such file") from None
    except PermissionError as error:
        raise AccessError(f"{ca}: {error.strerror}") from error
    except OSError as error:
        why = "holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise ConfigError(f"{ca}: {why}") from error
