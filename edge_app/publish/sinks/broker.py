"""How a broker is reached: its TLS context, our name, and why it could not be reached in one line."""

from __future__ import annotations

import secrets
import socket
import ssl

from paho.mqtt.reasoncodes import ReasonCode

from edge_app.config import MqttSink
from edge_app.config.section import Tls
from edge_app.errors import AccessError, ConfigError, SinkError
from edge_app.publish.sinks.sink import LoginError

LOGIN_REASONS = {"Bad user name or password", "Not authorized", "Banned", "Bad authentication method"}


def new_client_id() -> str:
    """A name that no other client of the broker has: two of the same name throw each other out."""
    return f"edge_app-{secrets.token_hex(6)}"


def tls_context(tls: Tls | None) -> ssl.SSLContext | None:
    """What encrypts the connection, or None for a plain one.

    Raises:
        AccessError, ConfigError: The file of certificates cannot be read.
    """
    if tls is None:
        return None
    try:
        context = ssl.create_default_context(cafile=tls.ca)
    except PermissionError as error:
        raise AccessError(f"{tls.ca}: {error.strerror}") from error
    except OSError as error:
        why = "holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise ConfigError(f"{tls.ca}: {why}") from error
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def unreachable(settings: MqttSink, error: Exception) -> SinkError:
    """Why no connection came about."""
    if isinstance(error, ssl.SSLCertVerificationError):
        why = f"certificate not accepted: {error.verify_message}"
    elif isinstance(error, ssl.SSLError):
        why = f"TLS failed: {error.reason or 'the broker hung up'}"
    elif settings.tls is not None and isinstance(error, ConnectionResetError):
        why = "TLS failed: the broker hung up; does this port want TLS?"
    elif isinstance(error, socket.gaierror):
        why = f"name not found: {error.strerror}"
    elif isinstance(error, TimeoutError):
        why = "no answer in time"
    else:
        why = getattr(error, "strerror", None) or str(error)
    return SinkError(f"{settings.host}:{settings.port}: {why}")


def lost(settings: MqttSink, reason: ReasonCode, *, was_connected: bool) -> SinkError:
    """Why a connection ended."""
    if was_connected:
        why = f"connection lost: {reason}"
    elif settings.tls is None:
        why = "the broker hung up without a welcome; does this port want TLS?"
    else:
        why = "the broker hung up without a welcome"
    return SinkError(f"{settings.host}:{settings.port}: {why}")


def refused(settings: MqttSink, reason: ReasonCode) -> SinkError:
    """Why the broker did not let us in."""
    where = f"{settings.host}:{settings.port}"
    if str(reason) in LOGIN_REASONS:
        return LoginError(f"{where}: authentication refused: {reason}")
    return SinkError(f"{where}: refused: {reason}")
