"""What fails in the soak, and how: cameras, the broker, a web server, the disk, the configuration."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Protocol

import yaml

from tests.broker.fixtures import Broker
from tests.publish.hook_server import Asked, HookServer
from tests.rtsp.fixtures import Server
from tests.wire import SlowWire, Wire

SETTLED_S = 2.0  # for the broker to pass on and write what it has acknowledged, which is its duty and not ours
DISK_MB = 24


class Site(Protocol):
    """Something that fails.

    Attributes:
        kinds: How.
    """

    kinds: tuple[str, ...]

    def begin(self, kind: str) -> None:
        """The fault begins."""

    def end(self, kind: str) -> None:
        """It is over."""


class CameraSite:
    """A GStreamer server behind a wire."""

    kinds = ("killed", "frozen", "back in another size", "another size", "silent", "damaged", "slow", "lossy", "cut")

    def __init__(self, clips: list[Path], fps: int) -> None:
        self._server = Server(clips, fps=fps)
        self._server.start()
        self._wire = SlowWire(self._server.port)
        self.url = f"rtsp://127.0.0.1:{self._wire.port}/live"

    def begin(self, kind: str) -> None:
        server, wire = self._server, self._wire
        if kind in ("killed", "back in another size"):
            server.kill()
        elif kind == "slow":
            wire.delay_s, wire.jitter_s = 0.3, 0.1
        elif kind == "lossy":
            wire.loss = 0.3
        elif kind == "cut":
            wire.cut()
        elif kind == "frozen":
            server.freeze()
        else:
            server.say({"another size": "next", "silent": "stall", "damaged": "corrupt"}[kind])

    def end(self, kind: str) -> None:
        server, wire = self._server, self._wire
        if kind == "back in another size":
            server.clips = server.clips[1:] + server.clips[:1]
        if kind in ("killed", "back in another size"):
            server.start()
        elif kind in ("slow", "lossy"):
            wire.delay_s = wire.jitter_s = wire.loss = 0.0
        elif kind == "frozen":
            server.thaw()
        elif kind in ("silent", "damaged"):
            server.say({"silent": "resume", "damaged": "heal"}[kind])

    def close(self) -> None:
        self._server.kill()
        self._wire.close()


class BrokerSite:
    """Mosquitto behind a wire. Before it is killed its line breaks: what it has acknowledged it passes on first."""

    kinds = ("killed", "frozen", "cut", "torn")

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.broker = Broker(folder)
        self._wire = Wire(self.broker.port)
        self.port = self._wire.port

    def begin(self, kind: str) -> None:
        if kind == "killed":
            self._wire.unplug()
            time.sleep(SETTLED_S)
            self.broker.kill()
        elif kind == "frozen":
            self.broker.freeze()
        elif kind == "cut":
            self._wire.cut()
        else:
            self._wire.tear()

    def end(self, kind: str) -> None:
        if kind == "killed":
            self.broker.start()
            self._wire.plug()
        elif kind == "frozen":
            self.broker.thaw()

    def close(self) -> None:
        self._wire.close()
        self.broker.kill()


class HookSite:
    """A web server that takes messages, lines of JSON."""

    kinds = ("503", "hangs up", "away", "slow")

    def __init__(self) -> None:
        self._fault = ""
        self.server = HookServer(self._answer)
        self.server.up()

    def begin(self, kind: str) -> None:
        self._fault = kind
        if kind == "away":
            self.server.down()

    def end(self, kind: str) -> None:
        self._fault = ""
        if kind == "away":
            self.server.up()

    def documents(self) -> list[bytes]:
        """What it has answered with 2xx."""
        return [line for request in list(self.server.taken) for line in request.body.splitlines()]

    def close(self) -> None:
        self.server.over.set()
        self.server.down()

    def _answer(self, _: Asked) -> int | None:
        if self._fault == "slow":
            time.sleep(1.0)
        return {"503": 503, "hangs up": None}.get(self._fault, 200)


class DiskSite:
    """The disk of the spools: a small one of its own, if we may have that."""

    kinds = ("full",)

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
        self.mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
        if not self.mounted:
            self.kinds = ()

    def begin(self, kind: str) -> None:
        with (self.folder / "filler").open("wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(1 << 16))
            except OSError:
                pass

    def end(self, kind: str) -> None:
        (self.folder / "filler").unlink()

    def close(self) -> None:
        if self.mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=False)


class ReloadSite:
    """The program's configuration, which is written anew and loaded again at SIGHUP: changed, and broken."""

    kinds = ("another threshold", "another zone", "another sink", "broken")

    def __init__(self, path: Path, text: str) -> None:
        """Writes it."""
        self._path, self._sections = path, yaml.safe_load(text)
        self._path.write_text(text)
        self._changes = 0
        self.pid = 0

    def begin(self, kind: str) -> None:
        if kind == "broken":
            self._reload("cameras: [")
        else:
            self._changes += 1
            self._reload(yaml.safe_dump(self._changed(kind)))

    def end(self, kind: str) -> None:
        if kind == "broken":
            self._reload(yaml.safe_dump(self._sections))

    def _changed(self, kind: str) -> dict[str, Any]:
        """The sections, of which one has changed, and stays so."""
        sections, odd = self._sections, self._changes % 2
        if kind == "another threshold":
            sections["detect"] = {"confidence": 0.3 + 0.2 * odd}
        elif kind == "another zone":
            next(iter(sections["cameras"].values()))["zones"]["left"]["inertia"] = 1 + odd
        else:
            kept = [sink for sink in sections["publish"] if sink["type"] != "file"]
            sections["publish"] = kept + ([{"type": "file", "path": "/dev/null"}] if odd else [])
        return sections

    def _reload(self, text: str) -> None:
        self._path.write_text(text)
        os.kill(self.pid, signal.SIGHUP)
