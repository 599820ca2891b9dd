"""What asking a model server wants."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from edge_app.doctor.check import Check


def check_kserve() -> Check:
    """Whether models on servers such as NVIDIA Triton can be asked."""
    advice = "only for models on a server: pip install 'edge-app[kserve]'"
    try:
        return Check("kserve", "ok", f"tritonclient {version('tritonclient')}, grpcio {version('grpcio')}")
    except PackageNotFoundError as error:
        return Check("kserve", "skip", f"{error.name} is not installed", advice)
