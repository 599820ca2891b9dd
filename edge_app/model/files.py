"""Where a model is found: by name in the known folders, or as a file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_app import config
from edge_app.errors import ConfigError, DataError, InputError
from edge_app.model.card import Card, DecoderSpec, Precision, read_card


@dataclass(frozen=True, slots=True)
class Model:
    """A card and the folder it stands in.

    Attributes:
        card: What the model expects and answers.
        folder: Where the card's files are.
        labels: A file of labels that wins over the card's.
    """

    card: Card
    folder: Path
    labels: Path | None = None

    def file(self, precision: Precision) -> Path:
        """The ONNX file of that precision, its sha256 checked where the card gives one."""
        if precision not in self.card.files:
            have = ", ".join(self.card.files)
            raise ConfigError(f"model {self.card.name} has no {precision} file; it has: {have}")
        path = self.folder / self.card.files[precision]
        wanted = self.card.sha256.get(precision)
        if wanted and path.is_file() and sha256(path) != wanted:
            raise DataError(f"{path}: its sha256 is not the card's; fetch the model again")
        return path


def find(settings: config.Model, base: Path, state_dir: Path) -> Model:
    """The model that the configuration names.

    Args:
        settings: The configuration's section.
        base: The configuration's folder.
        state_dir: Where pulled models are kept.

    Raises:
        InputError: It is nowhere; the text names where it was looked for.
    """
    if settings.onnx is not None:
        path = settings.onnx
        if not path.is_file():
            raise InputError(f"{path}: no such model file")
        decoder = DecoderSpec(family=settings.decoder)
        card = Card(name=path.stem, files={"fp32": Path(path.name)}, decoder=decoder)
        return Model(card, path.parent, settings.labels)
    name = str(settings.name)
    for folder in (base / name, *(place / name for place in _places(base, state_dir))):
        if (folder / "model.yaml").is_file():
            return Model(read_card(folder / "model.yaml"), folder, settings.labels)
    searched = ", ".join(str(place) for place in _places(base, state_dir))
    raise InputError(f"no model {name}: no folder of that name with a model.yaml in {searched}")


def _places(base: Path, state_dir: Path) -> Sequence[Path]:
    """Folders of models, in the order of preference; the last are the wheel's, and the checkout's beside it."""
    package = Path(__file__).resolve().parents[1]
    return (
        base / "models",
        Path("models"),
        state_dir / "models",
        package / "models",
        package.parent / "models",
    )


def sha256(path: Path) -> str:
    """The file's SHA-256, in hexadecimal."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
