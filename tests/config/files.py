"""Small configurations for the tests."""

from __future__ import annotations

from pathlib import Path

from edge_app.app.config import AppConfig, load_config

MODEL = "model: {name: traffic}\n"
CAMERAS = "cameras: {a: {url: 'synthetic://street'}}\n"
SOUND = MODEL + CAMERAS


def load_text(folder: Path, text: str | bytes, **environ: str) -> AppConfig:
    """What `text` says as the file c.yaml in `folder`."""
    path = folder / "c.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_config(path, environ)
