"""What a process of the program is to the others: the only one that there is, or a worker of another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge_app.app.assignment import Assignment
from edge_app.app.config import AppConfig
from edge_app.app.service import Service
from edge_app.capture.status import OnStatus
from edge_app.evidence import EvidenceStore, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRole:
    """What is done here, or in the main process instead.

    Attributes:
        assignment: Which cameras are read here.
        open_evidence: Opens the folder of the evidence, as `EvidenceStore`.
        on_status: Told of each change of a camera's status; None: the sinks are.
        service: What systemd is told.
    """

    assignment: Assignment
    open_evidence: Callable[..., Store]
    on_status: OnStatus | None
    service: Service


def main_process(config: AppConfig) -> ProcessRole:
    """The role of the process that faces outward."""
    return ProcessRole(
        assignment=Assignment(config.fleet), open_evidence=EvidenceStore, on_status=None, service=Service()
    )
