"""Where clients connect."""

from __future__ import annotations

import errno
import os
import socket

from edge_app.core.errors import AccessError, TemporaryError
from edge_app.web.config import WebConfig

BACKLOG = 64


def listen(config: WebConfig) -> socket.socket:
    """A socket that others can connect to from now on.

    Raises:
        TemporaryError: The port is in use, or the host is no address of this machine yet.
        AccessError: The port may not be used.
    """
    where = f"port {config.port} of {config.host}"
    try:
        infos = socket.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = min(infos)  # IPv4 where a name has both
        both = config.host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server(address, family=family, backlog=BACKLOG, dualstack_ipv6=both)
    except socket.gaierror as error:
        raise TemporaryError(f"{where}: {error.strerror}") from error
    except PermissionError as error:
        raise AccessError(f"{where}: this user may not listen there") from error
    except OSError as error:
        in_use = error.errno == errno.EADDRINUSE
        why = "in use by another program" if in_use else os.strerror(error.errno or 0)
        raise TemporaryError(f"{where}: {why}") from error
