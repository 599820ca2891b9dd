"""What is kept of events while the program runs: made of the configuration, and made to fit another one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_app.app.config import AppConfig
from edge_app.core.detections import Detections
from edge_app.core.metrics import Metrics
from edge_app.core.threads import ThreadGroup
from edge_app.evidence import (
    EVIDENCE,
    EVIDENCE_THREAD,
    Evidence,
    EvidenceKeeper,
    PrivacyMasks,
    SnapshotMaker,
    Store,
    Wanted,
)
from edge_app.evidence.clips import Clips
from edge_app.evidence.config import ClipsConfig, EvidenceConfig
from edge_app.evidence.describe import DESCRIBE_THREAD, Describer
from edge_app.evidence.describe.config import DescribeConfig
from edge_app.machine import BoxClock
from edge_app.preview import Annotator

JOIN_S = 1.0  # for what waits to be written, where nothing is kept any more


class EvidenceControl:
    """Evidence as a configuration has it, and as the next one does."""

    def __init__(
        self,
        evidence: Evidence,
        masks: PrivacyMasks,
        labels: Callable[[], Sequence[str]],
        metrics: Metrics,
        threads: ThreadGroup,
        clock: BoxClock,
        on_written: Callable[[], object],
        open_store: Callable[..., Store],
    ) -> None:
        """Opens nothing yet.

        Args:
            evidence: What is kept.
            masks: What is not shown.
            labels: Those of the model that answers.
            metrics: Counts what was kept, and what was not.
            threads: Runs the threads that write.
            clock: By which evidence ages while the program does not run, where somebody keeps it right.
            on_written: Called when something was kept, in the thread that keeps it; must not block.
            open_store: Opens the folder, as `EvidenceStore`.
        """
        self._open_store = open_store
        self.evidence, self._masks, self._labels = evidence, masks, labels
        self._metrics, self._threads, self._clock, self._on_written = metrics, threads, clock, on_written
        self._clips: Clips | None = None
        self._describer: Describer | None = None
        self._clips_config: ClipsConfig | None = None

    def fit(self, config: AppConfig) -> None:
        """Keeps what that configuration asks for, from the next frame on; not for the analysis thread, as it may wait.

        Raises:
            AccessError: Another program uses the folder.
            ConfigError: What a model that describes pictures needs is wrong.
        """
        if config.evidence is None:
            self._clips = self._describer = None
            keeper = self.evidence.end()
            if keeper is not None:
                keeper.join(JOIN_S)
            return
        folder, keep = config.state_dir / EVIDENCE, config.evidence.keep
        drafts = self.evidence.drafts
        drafts.most = 0 if config.evidence.clips is None else keep.drafts_bytes
        wanted = self._wanted(config.evidence, self._describer_of(config.describe, folder))
        clips = self._clips_of(config.evidence.clips, folder)
        if self.evidence.is_kept:
            self.evidence.use(wanted, keep, clips)
            return
        store = partial(self._open_store, folder, keep, drafts, lambda: self._clock.synchronised is True, self._metrics)
        keeper = EvidenceKeeper(store, self._metrics, self._on_written)
        self._threads.start(EVIDENCE_THREAD, keeper.run)
        self.evidence.begin(keeper, wanted, clips)

    def _clips_of(self, config: ClipsConfig | None, folder: Path) -> Clips | None:
        """What makes clips: the same as before where they are as before."""
        before, self._clips_config = self._clips_config, config
        if config is None or not config.types:
            self._clips = None
        elif self._clips is None or config != before:
            self._clips = Clips(
                config, folder, self._masks, self.evidence.drafts, self._metrics, self.evidence.clip_done
            )
            self._threads.start("clips", self._clips.run)
            self._threads.start("clip pictures", self._clips.pictures.run)
        return self._clips

    def _describer_of(self, config: DescribeConfig | None, folder: Path) -> Describer | None:
        """Who has pictures described: the same as before, which then asks another model, or the same one otherwise."""
        before = self._describer
        if config is None:
            self._describer = None
            if before is not None:
                before.close()
        elif before is None:
            self._describer = Describer(config, folder, self._masks, self._metrics, self.evidence.described)
            self._threads.start(DESCRIBE_THREAD, self._describer.run)
        elif config != before.config:
            before.use(config)
        return self._describer

    def _wanted(self, config: EvidenceConfig, describer: Describer | None) -> Wanted:
        """Which events have what, and what it shows."""
        if config.snapshots.types and config.snapshots.boxes:
            Annotator(())  # whose library takes a second to import: now, and not at the first event

        def draw(pixels: NDArray[np.uint8], detections: Detections) -> NDArray[np.uint8]:
            return Annotator(self._labels()).draw(pixels, detections)

        return Wanted(
            snapshots=SnapshotMaker(config.snapshots, self._masks, draw), clips=config.clips, describer=describer
        )
