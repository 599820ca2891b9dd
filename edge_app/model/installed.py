"""The models that are on this machine, in every place where they are looked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge_app.core.errors import InputError
from edge_app.model.card import Card, read_card
from edge_app.model.files import CARD, model_places


@dataclass(frozen=True, slots=True)
class Installed:
    """A folder with a card.

    Attributes:
        name: The folder's name, by which the model is found.
        folder: Where it is.
        card: What it says; none where it cannot be read.
        error: Why not; else empty.
        shadowed: Whether an earlier place has a model of that name, which is used instead.
    """

    name: str
    folder: Path
    card: Card | None
    error: str
    shadowed: bool


def installed(base: Path, state_dir: Path) -> list[Installed]:
    """Every model in the places of `find`, in their order, then by name."""
    found: list[Installed] = []
    places = {place.resolve(): None for place in model_places(base, state_dir)}  # some may be the same folder
    for place in places:
        names = {model.name for model in found}
        for folder in _folders(place):
            if (path := folder / CARD).exists():
                found.append(Installed(folder.name, folder, *_read(path), shadowed=folder.name in names))
    return found


def _folders(place: Path) -> list[Path]:
    """What is in it; raises PermissionError, where `glob` finds nothing on Python 3.13."""
    try:
        return sorted(place.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _read(path: Path) -> tuple[Card | None, str]:
    try:
        return read_card(path), ""
    except InputError as error:
        return None, str(error)
