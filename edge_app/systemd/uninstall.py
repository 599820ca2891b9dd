"""The steps that take a service out of the system again, and what they leave."""

from __future__ import annotations

import pwd
from collections.abc import Iterator
from pathlib import Path

from edge_app.systemd.places import gone, gone_if_empty
from edge_app.systemd.state import state_of
from edge_app.systemd.step import Step
from edge_app.systemd.unit import (
    COMMON_ENVIRONMENT,
    CONFIGURATIONS,
    CREDENTIALS,
    MAIN,
    SYSUSERS,
    UNITS,
    USER,
    ServiceUnit,
)


def uninstall(unit: ServiceUnit, *, purge: bool = False) -> list[Step]:
    """What there is to do to take the service out of the system, in order.

    Args:
        unit: The service.
        purge: Whether its configuration, passwords, state and engine files go, too; and what all services share, if
            this is the last.
    """
    remaining = others(unit)
    unit_is_shared = unit.instance != MAIN and any("@" in name for name in remaining)
    return [
        Step(
            what=f"stop of {unit.name}, and of its start at boot",
            command=["systemctl", "disable", "--quiet", "--now", unit.name],
            done=lambda: _is_off(unit),
        ),
        Step(
            what=f"failure of {unit.name}, forgotten",
            command=["systemctl", "reset-failed", unit.name],
            done=lambda: state_of(unit).active != "failed",
        ),
        *([] if unit_is_shared else [gone(unit.file)]),
        gone(unit.drop_ins if purge else unit.box),
        gone_if_empty(unit.drop_ins),
        Step(
            what="systemctl daemon-reload",
            command=["systemctl", "daemon-reload"],
            done=lambda: state_of(unit).outdated != "yes",
            after_change=True,
        ),
        *(_purge(unit, last=not remaining) if purge else []),
    ]


def kept(unit: ServiceUnit) -> list[Path]:
    """What there still is of a service."""
    own = [unit.config, unit.environment, unit.drop_ins, unit.state, unit.cache]
    return [path for path in [*own, *([] if others(unit) else [CREDENTIALS, COMMON_ENVIRONMENT])] if path.exists()]


def others(unit: ServiceUnit) -> list[str]:
    """The other services of the program that are installed."""
    links = {path.name for path in UNITS.glob(f"*.wants/{USER}@*.service")}
    folders = {path.name.removesuffix(".d") for path in UNITS.glob(f"{USER}@*.service.d")}
    mains = {path.name for path in [UNITS / f"{USER}.service"] if path.exists()}
    return sorted((links | folders | mains) - {unit.name})


def _is_off(unit: ServiceUnit) -> bool:
    state = state_of(unit)
    return not state.installed or (state.active in ("inactive", "failed") and state.enabled != "enabled")


def _purge(unit: ServiceUnit, *, last: bool) -> Iterator[Step]:
    """What is the service's own, and after the last service what they share."""
    yield from map(gone, (unit.config, unit.environment, unit.state, unit.cache))
    if not last:
        return
    yield from map(gone, (CREDENTIALS, COMMON_ENVIRONMENT, SYSUSERS))
    yield gone_if_empty(CONFIGURATIONS)
    yield Step(what=f"user {USER}", command=["userdel", USER], done=lambda: not _user_is_there())


def _user_is_there() -> bool:
    try:
        pwd.getpwnam(USER)
    except KeyError:
        return False
    return True
