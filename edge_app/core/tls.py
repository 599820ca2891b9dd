"""TLS: for every outgoing connection, to cameras and brokers alike, and for the HTTP side."""

from __future__ import annotations

import re
import ssl
from pathlib import Path

from edge_app.core.errors import AccessError, ConfigError, first_line

HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")  # how OpenSSL finds a certificate in a folder, by its subject


def client_context(ca: Path | None, *, verify: bool) -> ssl.SSLContext:
    """The TLS context of a client.

    Args:
        ca: PEM file of the authorities that may sign the server's certificate, or a folder of such files under the
            names that `openssl rehash` gives them; None for the system's.
        verify: Whether the server's certificate is checked.

    Raises:
        ConfigError: There is no such file or folder, it is neither, or it holds no certificate.
        AccessError: It may not be read.
    """
    try:
        context = _context(ca)
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


def server_context(cert: Path, key: Path) -> ssl.SSLContext:
    """The TLS context of a server.

    Args:
        cert: PEM file of its certificate, and of those between it and its authority.
        key: PEM file of its key.

    Raises:
        ConfigError: A file is not there, is no file, does not hold what it should, or wants a password; or they do not
            fit each other.
        AccessError: One may not be read.
    """
    for path in (cert, key):
        _check_readable(path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(cert, key, password=lambda: "")  # instead of a question at the terminal
    except (ssl.SSLError, OSError, ValueError) as error:
        raise ConfigError(f"{cert} and {key}: no certificate and its key, unencrypted ({_reason(error)})") from None
    return context


def _check_readable(path: Path) -> None:
    if path.exists() and not path.is_file():
        raise ConfigError(f"{path}: not a file")  # a pipe would be waited for
    try:
        path.open("rb").close()
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except PermissionError as error:
        raise AccessError(f"{path}: {error.strerror}") from error


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or first_line(error))


def _context(ca: Path | None) -> ssl.SSLContext:
    if ca is None or ca.is_file() or not ca.exists():
        return ssl.create_default_context(cafile=ca)
    if not ca.is_dir():
        raise ConfigError(f"{ca}: not a file")  # a pipe would be waited for
    if not _hashed(ca):
        raise ConfigError(f"{ca}: holds no certificate under the name of its hash; openssl rehash makes those names")
    return ssl.create_default_context(capath=ca)


def _hashed(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if HASHED.fullmatch(each.name) and each.is_file())


def authorities(ca: Path | None) -> bytes:
    """The certificates of authorities, PEM, for libraries that take no context; raises as `client_context`.

    Args:
        ca: As for `client_context`.
    """
    client_context(ca, verify=True)
    system = ssl.get_default_verify_paths()
    where = [ca] if ca is not None else [Path(path) for path in (system.cafile, system.capath) if path]
    files = [file for path in where for file in (_hashed(path) if path.is_dir() else [path])]
    return b"\n".join(file.read_bytes() for file in files)


def explain(error: ssl.SSLError, peer: str) -> str:
    """Why there is no TLS with a `broker`, say; of what it sent, nothing is shown."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the {peer}'s certificate was rejected: {error.verify_message}"
    return f"no secure connection ({error.reason or f'the {peer} hung up'})"
