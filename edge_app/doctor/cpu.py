"""Checks the CPU's instructions for INT8."""

from __future__ import annotations

import platform
import re
from pathlib import Path

from edge_app.doctor.check import Check

CPUINFO = Path("/proc/cpuinfo")
DOT_PRODUCT_FLAGS = ("avx512_vnni", "avx_vnni", "i8mm", "asimddp")  # multiply and add bytes in one instruction


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
