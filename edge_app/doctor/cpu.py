"""Whether the CPU multiplies bytes."""

from __future__ import annotations

import platform
import re
from pathlib import Path

from edge_app.doctor.check import Check

CPUINFO = Path("/proc/cpuinfo")
FAST = ("avx512_vnni", "avx_vnni", "i8mm", "asimddp")  # a product of bytes and its sum are one instruction


def check_cpu_int8(cpuinfo: Path = CPUINFO) -> Check:
    """Its instructions for INT8."""
    try:
        text = cpuinfo.read_text()
    except OSError as error:
        return Check("cpu_int8", "skip", f"{cpuinfo}: {error.strerror}", "edge-app bench says what INT8 brings")
    flags = set(" ".join(re.findall(r"^(?:flags|Features)\s*: (.*)$", text, re.MULTILINE)).split())
    if have := [name for name in FAST if name in flags]:
        return Check("cpu_int8", "ok", f"{platform.machine()} with {', '.join(have)}")
    found = f"{platform.machine()} {'with AVX2, ' if 'avx2' in flags else ''}without VNNI or dot products"
    return Check("cpu_int8", "warn", found, "INT8 gains less here: leave engine.precision at auto, which measures")
