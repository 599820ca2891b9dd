"""The socket by which `edge-app reload` asks the running program, and how it is found."""

from __future__ import annotations

import json
import logging
import os
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from operator import itemgetter
from pathlib import Path
from typing import Any

from edge_app.core.errors import AccessError, DeviceError, EdgeAppError

logger = logging.getLogger(__name__)

SOCKET = "control.sock"  # in $RUNTIME_DIRECTORY, else in the state folder
MODE = 0o600  # for the program's user, and root
LONGEST = 65_536  # of a request [bytes]
ANSWER_S, REQUEST_S = 900.0, 5.0  # an engine may have to be built; a request is one line
LISTED = Path("/proc/net/unix")
ROOT = 0
UCRED = struct.Struct("iII")  # of unix(7): process, user, group

OnRequest = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def control_path(state_dir: Path, environ: Mapping[str, str]) -> Path:
    """Where the program's socket is."""
    return Path(environ.get("RUNTIME_DIRECTORY", "").partition(":")[0] or state_dir).absolute() / SOCKET


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path: Path, config: Path, commands: Mapping[str, OnRequest]) -> None:
        self.config, self.commands = config, commands
        super().__init__(str(path), _Handler)

    def server_bind(self) -> None:
        os.fchmod(self.socket.fileno(), MODE)  # which the file gets: nobody else can connect, not even at first
        super().server_bind()


class _Handler(socketserver.StreamRequestHandler):
    timeout = REQUEST_S
    server: _Server

    def handle(self) -> None:
        """Answers one line of JSON with another."""
        with suppress(OSError):  # who asked has gone
            for answer in self._answers(self.rfile.readline(LONGEST)):
                self.wfile.write(json.dumps(answer).encode() + b"\n")

    def _answers(self, line: bytes) -> Iterator[Mapping[str, Any]]:
        """At once which file this program runs, and what becomes of the request if it is about that one."""
        try:
            request = json.loads(line)
            yield {"runs": (runs := _place(self.server.config))}
            if request["config"] == runs:
                yield {"result": self.server.commands[request["command"]](request)}
        except EdgeAppError as error:
            yield {"error": [*error.lines], "exit_code": error.exit_code}
        except (ValueError, KeyError, TypeError, RecursionError):
            yield {"error": ["not a request that this version knows"], "exit_code": DeviceError.exit_code}


@contextmanager
def control(path: Path, config: Path, commands: Mapping[str, OnRequest]) -> Iterator[None]:
    """Answers at that socket for the duration of the block; where there can be none, the log says so.

    Args:
        path: The socket; its folder is made. One that a dead program has left is replaced.
        config: The file that this program runs.
        commands: What may be asked, by name.
    """
    try:
        server = _bound(path, config, commands)
    except OSError as error:
        logger.warning("edge-app reload cannot ask this program: %s: %s", path, error.strerror or error)
        yield
        return
    thread = threading.Thread(target=server.serve_forever, name="control", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        path.unlink(missing_ok=True)


def _bound(path: Path, config: Path, commands: Mapping[str, OnRequest]) -> _Server:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(socket.socket(socket.AF_UNIX)) as trial:
        trial.settimeout(REQUEST_S)
        try:
            trial.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            path.unlink(missing_ok=True)
        else:
            raise OSError(None, "another program uses this state folder")
    return _Server(path, config, commands)


def ask(config: Path, command: str, **arguments: object) -> Any:
    """What the program that runs this file answers.

    Raises:
        EdgeAppError: What it answers with.
        DeviceError: No program runs this file.
        AccessError: Another user's may.
    """
    place = _place(config)
    request = json.dumps({"command": command, "config": place, **arguments}).encode() + b"\n"
    with ExitStack() as stack:
        connections, refused = _connections(stack)
        for connection in connections:  # all of them first: one that hangs holds up no other
            with suppress(OSError):
                connection.sendall(request)
        for connection in connections:
            try:
                answer = _answer(connection, place)
            except (OSError, ValueError):
                continue  # it ends just now, or hangs
            if "error" in answer:
                raise RemoteError(answer)
            if "result" in answer:
                return answer["result"]
    if refused:
        raise AccessError(f"{refused[0]}: the operating system refuses; ask as the program's user, or as root")
    raise DeviceError(f"no program runs {config}")


def _place(config: Path) -> str:
    """Where the file is as of now: what is a link may lead elsewhere since the program was started."""
    return os.path.realpath(config)


class RemoteError(EdgeAppError):
    """An error of the program that was asked."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        super().__init__("; ".join(answer["error"]))
        self.exit_code = answer["exit_code"]
        self._lines = tuple(answer["error"])

    @property
    def lines(self) -> tuple[str, ...]:
        return self._lines


def _answer(connection: socket.socket, place: str) -> Mapping[str, Any]:
    """What a program answers that runs the file at this place; of another one, that it does not."""
    with connection.makefile("rb") as lines:
        found = json.loads(lines.readline())
        if isinstance(found, dict) and found.get("runs") == place:
            connection.settimeout(ANSWER_S)
            found = json.loads(lines.readline())
        return found if isinstance(found, dict) else {}


def _connections(stack: ExitStack) -> tuple[list[socket.socket], list[str]]:
    """Those to all programs whose answer counts, and the sockets to which this user may not connect.

    Anybody here can listen at a socket of that name. So only this user's own programs are asked, and root's; by root
    all are, and those of users with the lowest number first, which are the system's.
    """
    found, refused = list[tuple[int, socket.socket]](), list[str]()
    for path in _sockets():
        connection = stack.enter_context(closing(socket.socket(socket.AF_UNIX)))
        connection.settimeout(REQUEST_S)
        try:
            connection.connect(path)
        except PermissionError:
            refused.append(path)
        except OSError:
            continue  # it has ended
        else:
            found.append((_listener(connection), connection))
    us = os.geteuid()
    trusted = (each for each in found if us in (ROOT, each[0]) or each[0] == ROOT)
    return [connection for _, connection in sorted(trusted, key=itemgetter(0))], refused


def _listener(connection: socket.socket) -> int:
    """The user whose program listens at the other end."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, UCRED.size)
    user: int = UCRED.unpack(credentials)[1]
    return user


def _sockets() -> list[str]:
    """Those of all programs in this network namespace: the file's own state folder may have been changed by now."""
    lines = LISTED.read_text(errors="replace").splitlines()
    paths = {line.split(maxsplit=7)[7] for line in lines if line.endswith("/" + SOCKET)}
    return sorted(paths)
