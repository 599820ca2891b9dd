"""The progress of a build."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

BuildProgress = Callable[[float, str], bool | None]
"""Given the fraction that is done, 0 to 1, and what is being done, in another thread; False ends the build."""


def make_monitor(trt: Any, progress: BuildProgress, stop: threading.Event) -> Any:
    """Reports the progress of the outermost phase and of the phases within it, and ends the build when told to."""

    class Monitor(trt.IProgressMonitor):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self._phases: list[tuple[str, int]] = []
            self._done: dict[str, int] = {}
            self._told = 0.0

        def phase_start(self, phase: str, parent: str | None, steps: int) -> None:
            self._phases.append((phase, max(1, steps)))
            self._done[phase] = 0

        def step_complete(self, phase: str, step: int) -> bool:
            self._done[phase] = step + 1
            self._told = max(self._told, self._part())
            if progress(self._told, self._phases[-1][0]) is False:
                stop.set()
            return not stop.is_set()

        def phase_finish(self, phase: str) -> None:
            self._phases = [entry for entry in self._phases if entry[0] != phase]

        def _part(self) -> float:
            part, share = 0.0, 1.0
            for phase, steps in self._phases:
                part += share * self._done[phase] / steps
                share /= steps
            return min(part, 1.0)

    return Monitor()
