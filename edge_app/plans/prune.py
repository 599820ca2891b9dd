"""Clears the cache of plans that nothing will load any more."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from edge_app.errors import DataError, DeviceError
from edge_app.plans.cache import EngineCache
from edge_app.plans.flavour import find_flavour
from edge_app.plans.sidecar import Plan, sidecar_path


def prune(cache: EngineCache, waiting: Callable[[], None]) -> list[tuple[Path, str]]:
    """Deletes them, each with its sidecar; returns each with the reason in words.

    A plan that runs at this moment is in memory and goes on.

    Raises:
        AccessError: The folder cannot be written.
    """
    gone = []
    with cache.locked(waiting):
        kept: list[Plan] = []
        for plan in cache.plans():
            because = _because(plan, kept)
            if because is None:
                kept.append(plan)
                continue
            plan.path.unlink(missing_ok=True)
            sidecar_path(plan.path).unlink()
            gone.append((plan.path, because))
    return gone


def _because(plan: Plan, newer: list[Plan]) -> str | None:
    """Why it goes, or None."""
    if any(plan.sidecar.same_choice(other.sidecar) for other in newer):
        return "a newer plan has replaced it"
    if other := _other_version(plan):
        return other
    try:
        plan.read()
    except DataError as error:
        return str(error)
    return None


def _other_version(plan: Plan) -> str | None:
    """Whether the TensorRT that could load it has gone; where none is installed, nothing is said."""
    key = plan.sidecar.key
    with suppress(DeviceError):
        here = find_flavour(plan.sidecar.backend).version
        return f"{key.flavour} is {here}, it was built with {key.version}" if here != key.version else None
    return None
