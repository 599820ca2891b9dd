"""How a broker is reached: its TLS context, our name, and why it could not be reached in one line."""

from __future__ import annotations

import secrets
import socket
import ssl

from paho.mqtt.reasoncodes import ReasonCode

from edge_app.core.errors import SinkError
from edge_app.publish.sinks.mqtt.config import MqttSettings
from edge_app.publish.sinks.sink import LoginError

LOGIN_REASONS = {"Bad user name or password", "Not authorized", "Banned", "Bad authentication method"}


def new_client_id() -> str:
    """A name that no other client of the broker has: two of the same name throw each other out."""
    return f"edge_app-{secrets.token_hex(6)}"


def unreachable(settings: MqttSettings, error: Exception) -> SinkError:
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


def lost(settings: MqttSettings, reason: ReasonCode, *, was_connected: bool) -> SinkError:
    """Why a connection ended."""
    if was_connected:
        why = f"connection lost: {reason}"
    elif settings.tls is None:
        why = "the broker hung up without a welcome; does this port want TLS?"
    else:
        why = "the broker hung up without a welcome"
    return SinkError(f"{settings.host}:{settings.port}: {why}")


def refused(settings: MqttSettings, reason: ReasonCode) -> SinkError:
    """Why the broker did not let us in."""
    where = f"{settings.host}:{settings.port}"
    if str(reason) in LOGIN_REASONS:
        return LoginError(f"{where}: authentication refused: {reason}")
    return SinkError(f"{where}: refused: {reason}")
