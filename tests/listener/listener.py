"""Writes what comes over TCP or UDP to a file: python listener.py tcp|udp PORT FILE [CERTIFICATE KEY]."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from pathlib import Path


def _keep(connection: socket.socket, file: Path) -> None:
    """What comes over one connection, in one file; an unfinished line is the end of the connection's."""
    with connection, file.open("ab", buffering=0) as out:
        while data := connection.recv(65536):
            out.write(data)


def main() -> None:
    kind, port, file, *pem = sys.argv[1:]
    address = ("127.0.0.1", int(port))
    if kind == "udp":
        listener = socket.socket(type=socket.SOCK_DGRAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        listener.bind(address)
        Path(f"{file}.ready").touch()
        with Path(file).open("ab", buffering=0) as out:
            while True:
                out.write(listener.recv(65536))
    server = socket.create_server(address)
    context = None
    if pem:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pem)
    Path(f"{file}.ready").touch()
    number = 0
    while True:
        connection, _ = server.accept()
        try:
            connection = context.wrap_socket(connection, server_side=True) if context else connection
        except OSError:
            continue
        number += 1
        threading.Thread(target=_keep, args=(connection, Path(f"{file}.{number}")), daemon=True).start()


if __name__ == "__main__":
    main()
