"""What stands between a client and a broker that knows neither TLS nor logins: it adds them, and can be cut."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from pathlib import Path

from tests.kafka.login import logged_in, without_ids


class Line:
    """What clients connect to, before a broker: with TLS if it has a certificate, with a login, and it can be cut."""

    def __init__(
        self, port: int, certificates: Path | None, mechanism: str | None, refuses_ids: int | None = None
    ) -> None:
        """Listens; `refuses_ids` is the error that producers get for an id of theirs, None for an id."""
        self._port, self._context, self._mechanism, self._refuses_ids = port, None, mechanism, refuses_ids
        if certificates:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificates / "broker.pem", certificates / "broker.key")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Breaks every connection; new ones are welcome."""
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self._listener.accept()[0],), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", self._port)) as server:
            client = self._context.wrap_socket(client, server_side=True) if self._context else client
            self._sockets += client, server
            if self._mechanism and not logged_in(client, server, self._mechanism):
                return
            if self._refuses_ids:
                without_ids(client, server, self._refuses_ids)
            back = threading.Thread(target=self._pump, args=(server, client), daemon=True)
            back.start()
            self._pump(client, server)
            back.join()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
