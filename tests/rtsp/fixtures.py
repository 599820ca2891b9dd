"""Fixtures: RTSP servers on free ports of this machine, the clips they play, the certificates they show."""

from __future__ import annotations

import functools
import os
import select
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.rtsp.clips import fields, levels, stripes, write_clip
from tests.waiting import PATIENCE_S

SCRIPT = Path(__file__).with_name("server.py")
PYTHON = "/usr/bin/python3"
PACKAGES = (
    "python3-gi gir1.2-gst-rtsp-server-1.0 gir1.2-gst-plugins-base-1.0 gstreamer1.0-plugins-base "
    "gstreamer1.0-plugins-good gstreamer1.0-plugins-bad glib-networking"
)
NEEDED = "import gi; gi.require_version('GstRtspServer', '1.0'); gi.require_version('GstApp', '1.0')"


@functools.cache
def missing() -> str:
    """Why there is no RTSP server here; empty where there is one."""
    if not Path(PYTHON).exists():
        return f"no {PYTHON}"
    if subprocess.run([PYTHON, "-c", NEEDED], capture_output=True, check=False).returncode:
        return f"no RTSP server: apt-get install {PACKAGES}"
    return ""


@dataclass
class Server:
    """One server process; it can be killed and started again at the same port.

    Attributes:
        clips: What it plays, the first one first.
        user, password: Asked for where given.
        certificate: PEM of certificate and key; then it speaks rtsps.
        env: Environment beside the tests' own.
    """

    clips: list[Path]
    codec: str = "h264"
    fps: int = 25
    audio: bool = False
    user: str = ""
    password: str = ""
    certificate: Path | None = None
    env: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"{'rtsps' if self.certificate else 'rtsp'}://127.0.0.1:{self.port}/live"

    def start(self) -> None:
        command = [PYTHON, str(SCRIPT), "--port", str(self.port), "--codec", self.codec, "--fps", str(self.fps)]
        command += ["--audio"] if self.audio else []
        command += ["--certificate", str(self.certificate)] if self.certificate else []
        login = {"RTSP_USER": self.user, "RTSP_PASSWORD": self.password} if self.user else {}
        pipe = subprocess.PIPE
        env = {**os.environ, **login, **self.env}
        self.process = subprocess.Popen([*command, *map(str, self.clips)], stdin=pipe, stdout=pipe, text=True, env=env)
        self._expect("ready")

    def say(self, command: str) -> None:
        """Gives a command and waits until it is obeyed; see server.py."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        self._expect(f"ok {command}")

    def freeze(self) -> None:
        """The process stops where it is; its connections stay."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def _expect(self, line: str) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], PATIENCE_S)
        said = self.process.stdout.readline().strip() if readable else "nothing"
        if said != line:
            self.kill()
            raise AssertionError(f"the RTSP server said {said!r}, not {line!r}")


StartServer = Callable[..., Server]


@pytest.fixture
def rtsp_server(clip: Path) -> Iterator[StartServer]:
    """Starts servers: `rtsp_server(clip, …, codec=…, user=…)`, the fields of `Server`; all are killed at the end."""
    if reason := missing():
        pytest.skip(reason)
    servers: list[Server] = []

    def start(*clips: Path, **fields: object) -> Server:
        server = Server(list(clips) or [clip], **fields)  # type: ignore[arg-type]
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.kill()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of H.264, 320x240, 25 fps."""
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", stripes((320, 240), 50))


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of H.264, 160x120, 25 fps."""
    return write_clip(tmp_path_factory.mktemp("clip") / "long.mp4", stripes((160, 120), 1500))


@pytest.fixture(scope="session")
def clip_ts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of H.264 as MPEG-TS, 320x240, 25 fps."""
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.ts", stripes((320, 240), 50))


@pytest.fixture(scope="session")
def wide_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of H.264, 480x272, 25 fps."""
    return write_clip(tmp_path_factory.mktemp("clip") / "wide.mp4", stripes((480, 272), 50))


@pytest.fixture(scope="session")
def h265_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of H.265, 320x240, 25 fps."""
    return write_clip(tmp_path_factory.mktemp("clip") / "h265.mp4", stripes((320, 240), 50), codec="h265")


@pytest.fixture(scope="session", params=["h264", "h265"])
def b_frame_clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """25 levels, with two B-frames between every two other frames, 320x240, 25 fps; and how it is coded."""
    path = tmp_path_factory.mktemp("clip") / "b.mp4"
    return write_clip(path, levels((320, 240), 25), codec=f"{request.param} with B-frames"), request.param


@pytest.fixture(scope="session")
def interlaced_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of interlaced H.264, a bar that moves from field to field, 320x240, 25 fps."""
    path = tmp_path_factory.mktemp("clip") / "interlaced.mp4"
    return write_clip(path, fields((320, 240), 25), codec="h264 interlaced")


@dataclass(frozen=True)
class Certificates:
    """PEM files: a CA, another that signed nothing, and certificates with key for this host and for another."""

    ca: Path
    unknown_ca: Path
    this_host: Path
    other_host: Path


@pytest.fixture(scope="session")
def rtsp_certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Made anew for each session by the openssl command, with what Python 3.13 wants in them."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl command: apt-get install openssl")
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*args: str) -> None:
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)

    def sign(name: str, address: str) -> Path:
        request = ("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl(*request, "-subj", f"/CN={name}")
        (folder / f"{name}.ext").write_text(f"subjectAltName=IP:{address}\nauthorityKeyIdentifier=keyid")
        signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", f"{name}.ext")
        openssl("x509", "-req", "-in", f"{name}.csr", *signed, "-days", "2", "-out", f"{name}.crt")
        both = folder / f"{name}.pem"
        both.write_text((folder / f"{name}.crt").read_text() + (folder / f"{name}.key").read_text())
        return both

    for ca in ("ca", "unknown"):
        new = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{ca}.key", "-out", f"{ca}.pem")
        openssl(*new, "-days", "2", "-subj", f"/CN={ca}", "-addext", "keyUsage=critical,keyCertSign")
    this_host, other_host = sign("this_host", "127.0.0.1"), sign("other_host", "192.0.2.7")
    return Certificates(folder / "ca.pem", folder / "unknown.pem", this_host, other_host)
