"""How systemd says that a service is."""

from __future__ import annotations

from dataclasses import dataclass

from edge_app.core.errors import DeviceError, InputError, TemporaryError
from edge_app.systemd.command import run
from edge_app.systemd.unit import ServiceUnit

PROPERTIES = {
    "loaded": "LoadState",
    "active": "ActiveState",
    "sub": "SubState",
    "enabled": "UnitFileState",
    "since": "StateChangeTimestamp",
    "status": "StatusText",
    "pid": "MainPID",
    "restarts": "NRestarts",
    "exit_code": "ExecMainStatus",
    "outdated": "NeedDaemonReload",
}


@dataclass(frozen=True, slots=True)
class ServiceState:
    """What `systemctl show` says of a service; each as systemd writes it.

    Attributes:
        loaded: `loaded`, `not-found`, or why the unit cannot be read.
        active: `active`, `inactive`, `activating`, `failed` and the like.
        sub: The same in more detail: `running`, `auto-restart`, `dead` …
        enabled: `enabled` if it starts with the system.
        since: When it became so.
        status: The last STATUS= of the program.
        pid: The program's process, 0 if there is none.
        restarts: How often it was started again since somebody started it.
        exit_code: Of the last process that has ended.
        outdated: `yes` if the files of the unit have changed since they were read.
    """

    loaded: str
    active: str
    sub: str
    enabled: str
    since: str
    status: str
    pid: str
    restarts: str
    exit_code: str
    outdated: str

    @property
    def installed(self) -> bool:
        return self.loaded != "not-found"

    @property
    def up(self) -> bool:
        return self.active in ("active", "reloading")

    def check(self, unit: ServiceUnit) -> None:
        """Raises if the service is not up.

        Raises:
            InputError: It is not installed.
            TemporaryError: It is about to start or to stop.
            DeviceError: It is not running; the text holds the last line of its log.
        """
        if not self.installed:
            raise InputError(f"{unit.name}: not installed; edge-app service install {unit.config}")
        if self.up:
            return
        state = f"{unit.name}: {self.active} ({self.sub})"
        if self.active in ("activating", "deactivating"):
            raise TemporaryError(state)
        ended = f", exit code {self.exit_code}: {last_log_line(unit)}" if self.exit_code != "0" else ""
        raise DeviceError(state + ended)


def state_of(unit: ServiceUnit) -> ServiceState:
    """How the service is now; raises DeviceError where no systemd answers."""
    said = dict(line.partition("=")[::2] for line in _ask(*show_command(unit)))
    return ServiceState(**{name: said.get(property_, "") for name, property_ in PROPERTIES.items()})


def show_command(unit: ServiceUnit) -> list[str]:
    """The command that asks for it."""
    return ["systemctl", "show", f"--property={','.join(PROPERTIES.values())}", unit.name]


def last_log_line(unit: ServiceUnit) -> str:
    """What the program has logged last, without what systemd logs of it."""
    lines = _ask("journalctl", f"_SYSTEMD_UNIT={unit.name}", "--lines=1", "--output=cat", "--no-pager", "--quiet")
    return lines[-1] if lines else "nothing in the journal, or not for this user"


def _ask(*command: str) -> list[str]:
    """The lines that the command prints."""
    ended = run(command)
    if ended.returncode:
        raise DeviceError(f"{command[0]}: {' '.join(ended.stderr.split()) or f'exit code {ended.returncode}'}")
    return ended.stdout.splitlines()
