"""Which service a configuration has, and where that keeps its things."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from edge_app.core.errors import UsageError

PROGRAM = Path("/opt/edge-app/venv/bin/edge-app")  # ExecStart= of the units
CONFIGURATIONS = Path("/etc/edge-app")
CREDENTIALS = CONFIGURATIONS / "credentials"
COMMON_ENVIRONMENT = CONFIGURATIONS / "environment"
UNITS = Path("/etc/systemd/system")
SYSUSERS = Path("/etc/sysusers.d/edge-app.conf")
USER = "edge-app"

SUFFIX, MAIN = ".yaml", "config"  # config.yaml is what edge-app.service runs
INSTANCE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")  # of what systemd takes without escaping


@dataclass(frozen=True, slots=True)
class ServiceUnit:
    """The service of one configuration: `edge-app.service` of config.yaml, `edge-app@yard.service` of yard.yaml.

    Attributes:
        instance: The name of its configuration, without suffix.
    """

    instance: str

    @property
    def stem(self) -> str:
        """The unit's name without its type, after which its folders are called: %N of the unit."""
        return USER if self.instance == MAIN else f"{USER}@{self.instance}"

    @property
    def name(self) -> str:
        return f"{self.stem}.service"

    @property
    def file(self) -> Path:
        """The file of the unit, which all instances share."""
        return UNITS / (self.name if self.instance == MAIN else f"{USER}@.service")

    @property
    def drop_ins(self) -> Path:
        """The folder of what changes the unit on this box."""
        return UNITS / f"{self.name}.d"

    @property
    def box(self) -> Path:
        """The drop-in that is ours: what there is on this box."""
        return self.drop_ins / "box.conf"

    @property
    def config(self) -> Path:
        return CONFIGURATIONS / f"{self.instance}{SUFFIX}"

    @property
    def environment(self) -> Path:
        """Passwords as lines of NAME=value, which `edge-app init` writes."""
        return self.config.with_suffix(".env")

    @property
    def state(self) -> Path:
        return Path("/var/lib", self.stem)

    @property
    def cache(self) -> Path:
        return Path("/var/cache", self.stem)


def unit_of(config: Path) -> ServiceUnit:
    """The service of a configuration, by the file's name alone, wherever that is.

    Raises:
        UsageError: The name cannot be that of a service.
    """
    if config.suffix != SUFFIX or not INSTANCE.fullmatch(config.stem):
        raise UsageError(f"{config}: want a file NAME{SUFFIX}, with a name of a-z, A-Z, 0-9, _, - and dots")
    return ServiceUnit(config.stem)


def shipped(name: str) -> Path:
    """A file that comes with the program: in the wheel beside this module, in a checkout in its folder `systemd`."""
    package = Path(__file__).resolve().parent
    beside = package / name
    return beside if beside.exists() else package.parents[1] / "systemd" / name
