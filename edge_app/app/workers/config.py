"""How many processes analyse the cameras: the `workers` section."""

from __future__ import annotations

import os

from pydantic import Field, model_validator

from edge_app.config.section import Section, wrong
from edge_app.engine.config import EngineConfig


class WorkersConfig(Section):
    """Processes that analyse cameras side by side; one more has sinks, health and page for all of them."""

    processes: int = Field(default=1, ge=1, le=64)
    """How many, on CPUs or on one GPU; 1: everything is in one process."""
    devices: tuple[int, ...] | None = Field(default=None, min_length=1, max_length=64)
    """Numbers of GPUs, such as [0, 1]: a process for each, instead of `processes`."""

    @property
    def count(self) -> int:
        """How many processes analyse cameras; 0: the program is one process."""
        if self.devices is not None:
            return len(self.devices)
        return self.processes if self.processes > 1 else 0

    def engine(self, engine: EngineConfig, number: int) -> EngineConfig:
        """What the worker of that number computes with: its own GPU, or its share of the cores."""
        if self.devices is not None:
            return engine.model_copy(update={"device": self.devices[number]})
        cores = len(os.sched_getaffinity(0))
        return engine.model_copy(update={"threads": engine.threads or max(1, cores // max(1, self.count))})

    @model_validator(mode="after")
    def _one_of_both(self) -> WorkersConfig:
        if self.devices is not None and self.processes > 1:
            raise wrong("`devices` says already how many", "processes")
        return self
