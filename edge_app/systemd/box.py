"""The drop-in of one box: the credentials that its configuration names, and the device nodes that only a Jetson has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge_app.config.variables import names_in

HEAD = """\
# What there is on this box, written by `edge-app service install`, which writes it again. Changes of your own:
# `systemctl edit`.
[Service]
"""
# For CUDA, TensorRT and the decoders of JetPack 6. The unit cannot name them: systemd takes no patterns of paths, and
# warns of paths that are not there.
JETSON = ("nvmap", "host1x-fence", "nvhost-*", "nvgpu/*/*", "v4l2-nv*")


def box_text(config: str, credentials: Path, dev: Path = Path("/dev")) -> str:
    """The text of the drop-in; empty if there is nothing to say.

    Args:
        config: The text of the configuration.
        credentials: The folder with a file for each password.
        dev: Where device nodes are.

    Raises:
        PermissionError: The credentials may not be listed by this user.
    """
    lines = [*_credentials(config, credentials), *_devices(dev)]
    return HEAD + "".join(f"{line}\n" for line in lines) if lines else ""


def _credentials(config: str, folder: Path) -> Iterator[str]:
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    for name in sorted(names_in(config) & there):
        yield f"LoadCredential={name}:{folder / name}"


def _devices(dev: Path) -> Iterator[str]:
    for pattern in JETSON:
        yield from (f"DeviceAllow={path} rw" for path in sorted(dev.glob(pattern)))
