"""Places that are thrown away: a mount namespace over this system, in which anything may be written."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import IO

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path("/opt/edge-app/venv/bin/edge-app")  # where the units start it
# This Python, its packages and this checkout, which may lie in a home that no service sees.
FOR_ALL = {sys.base_prefix: "/opt/python", sysconfig.get_paths()["purelib"]: "/opt/packages", str(ROOT): "/opt/source"}
PYTHON = f"/opt/python/bin/python{sys.version_info.major}.{sys.version_info.minor}"
WRAPPER = f"""\
#!/bin/sh
export LD_LIBRARY_PATH=/opt/python/lib PYTHONPATH=/opt/source:/opt/packages PYTHONDONTWRITEBYTECODE=1
exec {PYTHON} -m edge_app "$@"
"""
# /etc, /opt and /var take writes, into memory; /run is empty but for the sign that systemd runs the system.
WRITABLE = """
mount -t tmpfs tmpfs "$LAYERS"
for name in etc opt var; do
  mkdir -p "$LAYERS/$name/upper" "$LAYERS/$name/work"
  mount -t overlay overlay -o "lowerdir=/$name,upperdir=$LAYERS/$name/upper,workdir=$LAYERS/$name/work" "/$name"
done
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system
"""


def program_for_all(root: str = "") -> str:
    """Shell commands that put this program to where every user, and every service, may start it."""
    lines = [f"rm -rf {root}/opt/edge-app", f"mkdir -p {root}{PROGRAM.parent}"]
    for source, target in FOR_ALL.items():
        lines += [f"mkdir -p {root}{target}", f"mount --bind '{source}' {root}{target}"]
    return "\n".join([*lines, f"cat >{root}{PROGRAM} <<'END'", WRAPPER + "END", f"chmod 755 {root}{PROGRAM}", ""])


class Namespace:
    """A process that keeps a mount namespace, and commands in it."""

    def __init__(self, folder: Path, script: str) -> None:
        """Makes it by a script for sh, in which $LAYERS is an empty folder; skips the test where that cannot be."""
        if os.geteuid():
            pytest.skip("only root makes mount namespaces over the system's folders")
        self.fake = folder / "fake"
        for each in (self.fake, folder / "layers"):
            each.mkdir()
        environment = {**os.environ, "LAYERS": str(folder / "layers")}
        whole = f"{script}\necho ready\nexec sleep infinity"
        self._keeper = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-ec", whole],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        assert self._keeper.stdout is not None
        if self._keeper.stdout.readline() != "ready\n":
            pytest.skip(f"no mount namespace over this system: {self._keeper.communicate()[1].strip()}")

    def run(self, *command: object, prefix: tuple[str, ...] = (), **kwargs: str) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end, with the fakes before the system's programs."""
        enter = ["nsenter", f"--target={self._keeper.pid}", "--mount", *prefix]
        path = f"{self.fake}/bin:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "FAKE": str(self.fake), **kwargs}
        words = [*enter, *map(str, command)]
        return subprocess.run(words, capture_output=True, text=True, check=False, env=environment, cwd="/")

    def start(self, *command: object, out: IO[bytes], **env: str) -> subprocess.Popen[bytes]:
        """Starts a program, which writes into that file; its process is the program's, since nsenter becomes it."""
        words = ["nsenter", f"--target={self._keeper.pid}", "--mount", *map(str, command)]
        return subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env={**os.environ, **env}, cwd="/"
        )

    def close(self) -> None:
        self._keeper.kill()
        self._keeper.communicate()
