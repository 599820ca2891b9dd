"""The models on this machine, in every folder that is searched for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge_app.core.errors import InputError
from edge_app.model.card import Card, read_card
from edge_app.model.files import CARD, model_folders


@dataclass(frozen=True, slots=True)
class Installed:
    """A folder with a card.

    Attributes:
        name: The folder's name, by which the model is found.
        folder: Where it is.
        card: What it says; None if it cannot be read.
        error: Why the card cannot be read; empty if it can.
        shadowed: Whether an earlier folder of models has one of that name, which is used instead.
    """

    name: str
    folder: Path
    card: Card | None
    error: str
    shadowed: bool


def installed(base: Path, state_dir: Path) -> list[Installed]:
    """Every model in the folders that `find` searches, in their order, then by name."""
    found: list[Installed] = []
    roots = {root.resolve(): None for root in model_folders(base, state_dir)}  # some may be the same folder
    for root in roots:
        names = {model.name for model in found}
        for folder in _subfolders(root):
            if (path := folder / CARD).exists():
                found.append(Installed(folder.name, folder, *_read(path), shadowed=folder.name in names))
    return found


def _subfolders(root: Path) -> list[Path]:
    """What the folder holds; raises PermissionError, unlike `glob`, which finds nothing on Python 3.13."""
    try:
        return sorted(root.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _read(path: Path) -> tuple[Card | None, str]:
    try:
        return read_card(path), ""
    except InputError as error:
        return None, str(error)
