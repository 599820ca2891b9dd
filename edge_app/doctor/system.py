"""Checks the CPU's instructions for INT8, disk, clock and permissions."""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from edge_app.doctor.check import Check
from edge_app.machine.clock import clock_synchronised

CPUINFO = Path("/proc/cpuinfo")
DOT_PRODUCT_FLAGS = ("avx512_vnni", "avx_vnni", "i8mm", "asimddp")  # multiply and add bytes in one instruction
WARN_FREE, FAIL_FREE = 2_000_000_000, 200_000_000  # [bytes]
DEVICES = ("/dev/nvidia0", "/dev/nvhost-gpu", "/dev/video0", "/dev/dri/renderD128")


def check_cpu_int8(cpuinfo: Path = CPUINFO) -> Check:
    """Whether the CPU has dot product instructions for INT8."""
    try:
        text = cpuinfo.read_text()
    except OSError as error:
        return Check("cpu_int8", "skip", f"{cpuinfo}: {error.strerror}", "edge-app bench says what INT8 brings")
    flags = set(" ".join(re.findall(r"^(?:flags|Features)\s*: (.*)$", text, re.MULTILINE)).split())
    if found := [name for name in DOT_PRODUCT_FLAGS if name in flags]:
        return Check("cpu_int8", "ok", f"{platform.machine()} with {', '.join(found)}")
    detail = f"{platform.machine()} {'with AVX2, ' if 'avx2' in flags else ''}without VNNI or dot products"
    return Check("cpu_int8", "warn", detail, "INT8 gains less here: leave engine.precision at auto, which measures")


def check_disk(*folders: Path) -> Check:
    """Whether there is room for state and engine files."""
    least, folder = min((shutil.disk_usage(existing(folder)).free, folder) for folder in folders)
    found = f"{least / 1e9:.1f} GB free in {folder}"
    if least < FAIL_FREE:
        return Check(
            "disk", "fail", found, "make room: engines, models and messages that a broker did not take go there"
        )
    if least < WARN_FREE:
        return Check("disk", "warn", found, "make room, or delete old engine files: edge-app engines prune")
    return Check("disk", "ok", found)


def check_clock(ask: Callable[[], bool | None] = clock_synchronised) -> Check:
    """Whether the clock is synchronised, as `run` finds it: cameras' times are compared with it."""
    synchronised = ask()
    if synchronised is None:
        return Check("clock", "skip", "the kernel does not tell", "see that the clock is kept right")
    if not synchronised:
        advice = "start a time service: timedatectl set-ntp true; cameras' times are not believed until it agrees"
        return Check("clock", "warn", "nothing keeps the clock right, or this container does not show it", advice)
    return Check("clock", "ok", "kept right by a time service")


def check_permissions(state_dir: Path, cache_dir: Path, devices: tuple[str, ...] = DEVICES) -> Check:
    """Whether this user may write the program's folders and open the devices that exist."""
    folders = [str(path) for path in (state_dir, cache_dir) if not os.access(existing(path), os.W_OK | os.X_OK)]
    closed = [name for name in devices if os.access(name, os.F_OK) and not os.access(name, os.R_OK | os.W_OK)]
    if not folders and not closed:
        return Check("permissions", "ok", f"may write {state_dir} and {cache_dir}, and open the devices that there are")
    advice = []
    if folders:
        advice.append(f"give this user {' and '.join(folders)}, or set state_dir and XDG_CACHE_HOME")
    if closed:
        advice.append("usermod -aG video,render $USER, then log in again")
    return Check("permissions", "warn", f"not for this user: {', '.join(folders + closed)}", "; ".join(advice))


def existing(folder: Path) -> Path:
    """The folder or its nearest parent that exists and may be accessed."""
    return next(path for path in (folder, *folder.absolute().parents) if os.access(path, os.F_OK))
