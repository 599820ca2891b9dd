"""The steps that make a configuration a service which starts with the system; those that are done are left alone."""

from __future__ import annotations

import grp
import pwd
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from edge_app.core.errors import DeviceError, EdgeAppError, InputError, UsageError
from edge_app.systemd.box import box_text
from edge_app.systemd.places import copied, folder, gone, same_content, with_group, with_mode, written
from edge_app.systemd.state import last_log_line, state_of
from edge_app.systemd.step import OURS, Step, StepError
from edge_app.systemd.unit import (
    COMMON_ENVIRONMENT,
    CONFIGURATIONS,
    CREDENTIALS,
    PROGRAM,
    SYSUSERS,
    USER,
    ServiceUnit,
    shipped,
)

GROUPS = ("video", "render")  # of cameras and GPUs


def install(unit: ServiceUnit, config: Path, *, force: bool = False) -> list[Step]:
    """What there is to do to make a configuration the service that starts with the system, in order.

    What this user may not read is taken for absent; only root installs.

    Args:
        unit: The service.
        config: The configuration; it is copied to where the service reads it, unless it is there.
        force: Whether it may replace another one there.

    Raises:
        InputError: There is no such file.
        UsageError: Another one is there, which it may not replace.
    """
    box = _box(unit, config)
    return [
        copied(shipped("edge-app.sysusers"), SYSUSERS),
        Step(what=f"user {USER}", command=["systemd-sysusers", str(SYSUSERS)], done=_user_has_its_groups),
        folder(CONFIGURATIONS, 0o750, USER),
        folder(CREDENTIALS, 0o700),
        *_configuration(unit, config, force=force),
        copied(shipped(unit.file.name), unit.file),
        *_drop_in(unit, box),
        *_start(unit, box),
    ]


def _box(unit: ServiceUnit, config: Path) -> str:
    """The text of the drop-in."""
    with suppress(PermissionError):
        try:
            return box_text(config.read_text(errors="replace"), CREDENTIALS)
        except FileNotFoundError:
            raise InputError(f"{config}: no such file; edge-app init --rtsp - --out {unit.config} writes one") from None
        except IsADirectoryError:
            raise InputError(f"{config}: is a folder") from None
    return ""


def _configuration(unit: ServiceUnit, config: Path, *, force: bool) -> Iterator[Step]:
    """The configuration, for root to write and for the service to read; and its passwords, for root alone."""
    passwords = config.with_suffix(unit.environment.suffix)
    if config.resolve() == unit.config.resolve():
        yield with_group(unit.config, USER)
        yield with_mode(unit.config, 0o640)
        if passwords.is_file():
            yield with_mode(passwords, 0o600)
        return
    if not force:
        _refuse_to_replace(unit.config, config)
    yield copied(config, unit.config, 0o640, USER)
    if passwords.is_file():
        if not force:
            _refuse_to_replace(unit.environment, passwords)
        yield copied(passwords, unit.environment, 0o600)


def _refuse_to_replace(target: Path, source: Path) -> None:
    """Raises UsageError if the target is there with other content."""
    with suppress(PermissionError):
        if target.exists() and not same_content(target, source.read_bytes()):
            raise UsageError(f"{target}: is there already, and not the same as {source}; --force replaces it")


def _drop_in(unit: ServiceUnit, text: str) -> Iterator[Step]:
    """The drop-in of this box; without anything to say, one of an earlier installation goes."""
    if text:
        yield written(unit.box, text)
    elif unit.box.exists():
        yield gone(unit.box)


def _start(unit: ServiceUnit, box: str) -> Iterator[Step]:
    """Has systemd read the unit, the service's user the configuration, and starts the service."""
    yield Step(
        what="systemctl daemon-reload",
        command=["systemctl", "daemon-reload"],
        done=lambda: (state := state_of(unit)).installed and state.outdated == "no",
        after_change=True,
    )
    yield Step(
        what=f"check of {unit.config}",
        command=_check_command(unit, box),
        done=lambda: state_of(unit).up,  # a service that is up has read it
        after_change=True,
    )
    yield Step(
        what=f"start of {unit.name} at boot",
        command=["systemctl", "enable", "--quiet", unit.name],
        done=lambda: state_of(unit).enabled == "enabled",
    )
    yield Step(
        what=f"start of {unit.name}",
        command=["systemctl", "restart", unit.name],
        done=lambda: state_of(unit).up,
        after_change=True,
        failure=lambda said, code: _why_not_up(unit, said),
    )


def _check_command(unit: ServiceUnit, box: str) -> list[str]:
    """`edge-app check` as the service would run, with its user, its passwords and its state folder."""
    properties = [
        f"User={USER}",
        f"StateDirectory={unit.stem}",
        f"EnvironmentFile=-{COMMON_ENVIRONMENT}",
        f"EnvironmentFile=-{unit.environment}",
        *(line for line in box.splitlines() if line.startswith("LoadCredential=")),
    ]
    options = [word for property_ in properties for word in ("-p", property_)]
    check = [str(PROGRAM), "check", str(unit.config)]
    return ["systemd-run", "--quiet", "--pipe", "--wait", "--collect", *options, *check]


def _why_not_up(unit: ServiceUnit, said: str) -> EdgeAppError:
    """Why the service did not start: with its own exit code and last words, if it has run."""
    code = state_of(unit).exit_code
    if code in map(str, OURS):
        return StepError(f"exit code {code}: {last_log_line(unit)}", int(code))
    return StepError(said, DeviceError.exit_code)


def _user_has_its_groups() -> bool:
    try:
        group = pwd.getpwnam(USER).pw_gid
        return grp.getgrgid(group).gr_name == USER and all(USER in grp.getgrnam(name).gr_mem for name in GROUPS)
    except KeyError:
        return False
