"""How warm the parts of this machine are, and whether they are slowed down for it: what Linux tells below /sys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from edge_app.machine.reading import Reading

SYS = Path("/sys")
RASPBERRY = "devices/platform/soc/soc:firmware/get_throttled"  # in the kernels of Raspberry Pi
SLOWED_BITS = 0b1110  # frequency capped, throttled, soft limit of the temperature; bit 0 is the voltage's
# Those that compute less, of the machine's means to cool itself; others are fans, or dim the display. The names are the
# kernel's: cpufreq_cooling, devfreq_cooling, cpuidle_cooling, ACPI, intel_powerclamp, and NVIDIA's on Jetson.
SLOWING = re.compile(
    r"(thermal-)?(cpufreq|devfreq|idle)\b.*|.*-throttle-alert|processor|intel_powerclamp", re.IGNORECASE
)


def temperatures(sys: Path = SYS) -> Iterator[Reading]:
    """The temperature of each thermal zone; those that are switched off tell none."""
    for zone in sorted(sys.glob("class/thermal/thermal_zone*")):
        millidegrees = _number(zone / "temp")
        if millidegrees is not None:
            yield Reading("temperature_celsius", millidegrees / 1e3, {"zone": zone.name, "type": _text(zone / "type")})


def throttling(sys: Path = SYS) -> Iterator[Reading]:
    """Whether the machine computes less in order to cool down, by each of its means to do so."""
    for device in sorted(sys.glob("class/thermal/cooling_device*")):
        kind, state = _text(device / "type"), _number(device / "cur_state")
        if state is not None and SLOWING.fullmatch(kind):
            yield Reading("throttled", float(state > 0), {"by": device.name, "type": kind})
    bits = _number(sys / RASPBERRY, base=16)
    if bits is not None:
        yield Reading("throttled", float(bits & SLOWED_BITS > 0), {"by": "firmware", "type": "raspberrypi"})


def _number(path: Path, base: int = 10) -> int | None:
    try:
        return int(_text(path), base)
    except ValueError:
        return None


def _text(path: Path) -> str:
    """What the file says; nothing where it cannot be read."""
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
