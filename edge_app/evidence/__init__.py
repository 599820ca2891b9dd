"""What is kept of events: their documents, pictures and clips, and what nobody is to see in those."""

from edge_app.evidence.best_frames import BestFrames
from edge_app.evidence.clip_orders import CameraView
from edge_app.evidence.evidence import Evidence, Wanted
from edge_app.evidence.keeper import EVIDENCE_THREAD, EvidenceKeeper
from edge_app.evidence.names import EVIDENCE
from edge_app.evidence.privacy import PrivacyMask, PrivacyMasks
from edge_app.evidence.reader import EvidenceReader
from edge_app.evidence.snapshots import SnapshotMaker
from edge_app.evidence.store import EvidenceStore, Store

__all__ = [
    "EVIDENCE",
    "EVIDENCE_THREAD",
    "BestFrames",
    "CameraView",
    "Evidence",
    "EvidenceKeeper",
    "EvidenceReader",
    "EvidenceStore",
    "PrivacyMask",
    "PrivacyMasks",
    "SnapshotMaker",
    "Store",
    "Wanted",
]
