"""Which cameras this process reads: all of them, or those that this box has in a fleet, or that it was given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_app.fleet import EtcdStatus, FleetConfig


class Assignment:
    """What one thread decides and every thread may ask.

    Attributes:
        etcd: How etcd is doing, which shares out the cameras; None outside of a fleet.
    """

    def __init__(self, fleet: FleetConfig | None, *, shared: bool = False) -> None:
        """In a fleet, or `shared`, no camera is read before it is put here."""
        self.etcd: EtcdStatus | None = None
        self._box = None if fleet is None else fleet.box
        self._shared = shared or fleet is not None
        self._epochs: dict[str, int | None] = {}
        self._last: dict[str, int | None] = {}  # of cameras that were dropped too, of which a frame may be on its way

    @property
    def epochs(self) -> Mapping[str, int | None]:
        """Of the cameras that were put here; None outside of a fleet."""
        return self._epochs

    def reads(self, camera: str) -> bool:
        """Whether the camera is read here."""
        return not self._shared or camera in self._epochs

    def origin(self, camera: str | None) -> Mapping[str, Any]:
        """See `Origin`."""
        if self._box is None:
            return {}
        epoch = None if camera is None else self._last.get(camera)
        return {"box": self._box} if epoch is None else {"box": self._box, "epoch": epoch}

    def put(self, camera: str, epoch: int | None) -> None:
        """The camera is read here from now on."""
        self._epochs, self._last = {**self._epochs, camera: epoch}, {**self._last, camera: epoch}

    def drop(self, camera: str) -> None:
        """It is not any more."""
        self._epochs = {name: epoch for name, epoch in self._epochs.items() if name != camera}
