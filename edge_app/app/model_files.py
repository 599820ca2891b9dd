"""Whether a model's files are those that were read: reading a large one again would hold up the analysis."""

from __future__ import annotations

from pathlib import Path

from edge_app.detector import Detector
from edge_app.model.companion import INFER_CONFIG
from edge_app.model.config import ModelConfig
from edge_app.model.files import CARD

FileState = tuple[str, int, int, int]

READ = frozenset({".onnx", ".json", ".npz", ".txt", ".names"})  # models, reports, golden inputs, labels
NAMED = frozenset({CARD, INFER_CONFIG})  # not the configuration, which may be beside them and has changed


def model_files(config: ModelConfig, detector: Detector) -> frozenset[FileState]:
    """Name, time, size and inode of what the detector may have been read from.

    It is empty where the model is no file.
    """
    source = detector.signature.source
    if not isinstance(source, Path):
        return frozenset()
    folders = [source.parent, *([source.parent.parent] if (source.parent.parent / CARD).is_file() else [])]
    found = [path for folder in folders for path in folder.iterdir() if path.is_file() and _may_be_read(path, source)]
    labels = [] if config.labels is None or not config.labels.is_file() else [config.labels]
    return frozenset(map(_state, [*found, *labels]))


def _may_be_read(path: Path, source: Path) -> bool:
    return path.suffix in READ or path.name in NAMED or path.name.startswith(source.stem)


def _state(path: Path) -> FileState:
    found = path.stat()
    return str(path), found.st_mtime_ns, found.st_size, found.st_ino
