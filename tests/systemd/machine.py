"""A system that is booted with systemd as PID 1, over this one's files; all that it writes is thrown away."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.systemd.namespaces import PROGRAM, Namespace, program_for_all
from tests.waiting import until

BOOT_S = 120.0
TARGET = """\
[Unit]
Requires=basic.target
After=basic.target
Wants=dbus.service
AllowIsolate=yes
"""
# Nothing that the system below has enabled; the rest of it as it is.
PREPARE = f"""
mount -t tmpfs tmpfs "$LAYERS"
mkdir "$LAYERS/upper" "$LAYERS/work" "$LAYERS/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$LAYERS/upper,workdir=$LAYERS/work" "$LAYERS/root"
cd "$LAYERS/root"
rm -rf etc/systemd/system/*.wants etc/systemd/system/edge-app* etc/edge-app var/lib/edge-app* opt
cat >etc/systemd/system/test.target <<'END'
{TARGET}END
"""
# Device rules hold in it only if it may load BPF programs.
NSPAWN = ["--boot", "--register=no", "--keep-unit", "--private-network", "--console=pipe", "--link-journal=no"]
NSPAWN += ["--quiet", "--capability=all", "--system-call-filter=bpf perf_event_open"]
KERNEL = ["systemd.unit=test.target", "systemd.show_status=0", "systemd.log_target=journal"]


class Machine:
    """The booted system, and commands in it."""

    def __init__(self, folder: Path) -> None:
        """Boots it; skips the test where that cannot be."""
        for needed in ("systemd-nspawn", "dbus-daemon", "unshare"):
            if shutil.which(needed) is None:
                pytest.skip(f"{needed} is not installed")
        self._place = Namespace(folder, PREPARE + program_for_all("$PWD"))
        self._log = folder / "nspawn.log"
        root = folder / "layers" / "root"
        command = ["systemd-nspawn", f"--directory={root}", f"--machine=edgetest{os.getpid()}", *NSPAWN, "--", *KERNEL]
        with self._log.open("wb") as log:
            self._nspawn = self._place.start(*command, out=log, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY="1")
        self._leader = 0
        try:
            until(self._is_up, BOOT_S)
        except BaseException:
            self.close()
            raise

    def run(self, *command: object) -> subprocess.CompletedProcess[str]:
        """Runs a command in the system to its end."""
        enter = ["nsenter", f"--target={self._leader}", "--all", "--root", "--wd"]
        words = [*enter, *map(str, command)]
        return subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)

    def sh(self, script: str) -> str:
        """Runs a script for sh, which must succeed; returns what it prints."""
        done = self.run("sh", "-euc", script)
        assert done.returncode == 0, f"{script}: {done.stderr}"
        return done.stdout

    def service(self, *arguments: object) -> tuple[int, list[str], list[str]]:
        """Exit code and lines of `edge-app service …`."""
        done = self.run(PROGRAM, "service", *arguments)
        return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()

    def show(self, property_: str, unit: str) -> str:
        return self.run("systemctl", "show", "--value", f"--property={property_}", unit).stdout.strip()

    def journal(self, unit: str) -> str:
        return self.run("journalctl", f"--unit={unit}", "--output=cat", "--no-pager").stdout

    def close(self) -> None:
        """Powers it off."""
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            if self._leader:
                os.kill(self._leader, signal.SIGRTMIN + 4)  # poweroff.target, systemd(1)
                self._nspawn.wait(30)
        self._nspawn.kill()
        self._nspawn.wait()
        self._place.close()
        for group in Path("/sys/fs/cgroup").glob("*/[ps]*"):
            if group.name in ("payload", "supervisor"):  # which nspawn leaves, empty
                with contextlib.suppress(OSError):
                    group.rmdir()

    def _is_up(self) -> bool:
        if self._nspawn.poll() is not None:
            pytest.skip(f"systemd-nspawn does not run here: {self._log.read_text()[-300:]}")
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self._nspawn.pid)], capture_output=True, check=False
        )
        if not (pids := children.stdout.split()):
            return False
        self._leader = int(pids[0])
        return self.run("systemctl", "is-system-running").stdout.strip() in ("running", "degraded")
