"""The section of the configuration for what the program may take."""

from __future__ import annotations

from pydantic import Field

from edge_app.config.section import Section


class LimitsConfig(Section):
    """What the program may take: beyond it, it ends as if told to stop, with exit code 75, to be started again."""

    rss_mb: float | None = Field(default=None, gt=0)
    """Its memory [10^6 bytes], as `ps` shows it (RSS); null: as much as the system gives. Twice what it takes after an
    hour catches a leak; a limit that it reaches right after its start ends it again and again."""
    gpu_mb: float | None = Field(default=None, gt=0)
    """Its memory on all NVIDIA GPUs [10^6 bytes], where the driver tells it; null: as much as there is."""
    rss_mb_per_h: float | None = Field(default=None, gt=0)
    """How much its memory may grow [10^6 bytes/h]: it ends where the lowest of each of six hours in a row is by more
    above that of the hour before; the first hour does not count. null: any growth."""
