"""Finds a model: by name in the known folders, or as a file."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge_app.config import nearest
from edge_app.core.errors import ConfigError, DataError, InputError
from edge_app.model.card import Card, DecoderSpec, Precision, read_card
from edge_app.model.catalogue import read_catalogue
from edge_app.model.config import ModelConfig
from edge_app.model.not_onnx import what_else
from edge_app.model.onnx_file import check_file, may_name_weights, read_onnx
from edge_app.model.signature import is_quantized
from edge_app.model.weights import data_files

CARD = "model.yaml"


@dataclass(frozen=True, slots=True)
class Model:
    """A card and its folder.

    Attributes:
        card: What the model expects and returns.
        folder: Where the card's files are.
        labels: A file of labels that overrides the card's.
        wh: Width and height of the model's input [px] that the configuration gives for a file that takes any size.
    """

    card: Card
    folder: Path
    labels: Path | None = None
    wh: tuple[int, int] | None = None

    @property
    def input_wh(self) -> tuple[int, int] | None:
        """Width and height of the model's input [px], if configuration or card give them."""
        return self.wh or self.card.input_wh

    @property
    def float_precision(self) -> Precision:
        """What `auto` is without INT8: FP32, or else the card's first precision, which may be FP16 or INT8."""
        return "fp32" if "fp32" in self.card.files else next(iter(self.card.files))

    def doubt(self) -> str:
        """Who besides root and this user could exchange the model, in words; empty: nobody."""
        we, files = os.geteuid(), (self.folder / file for file in self.card.files.values())
        for path in (self.folder.parent, self.folder, *filter(Path.exists, files)):
            status = path.stat()
            if path == self.folder.parent and status.st_mode & stat.S_ISVTX:
                continue  # as of /tmp: only its owner may exchange what is in it
            if status.st_mode & stat.S_IWOTH:
                return f"{path}: everybody may write it; chmod o-w it"
            if status.st_mode & stat.S_IWGRP and status.st_gid not in (0, os.getegid()):
                return f"{path}: its group may write it; chmod g-w it"
            if we and status.st_uid not in (0, we):
                return f"{path}: belongs to another user, who may exchange it; chown it to root"
        return ""

    def file(self, precision: Precision) -> Path:
        """The ONNX file of that precision, its sha256 checked if the card gives one; raises as `digest` too."""
        if precision not in self.card.files:
            have = ", ".join(self.card.files)
            raise ConfigError(f"model {self.card.name} has no {precision} file; it has: {have}")
        path = self.folder / self.card.files[precision]
        wanted = self.card.sha256.get(precision)
        if wanted and path.is_file() and digest(path) != wanted:
            differs = "its sha256 is not the card's"
            what = what_else(path)
            raise DataError(f"{path}: {f'{what} ({differs})' if what else f'{differs}; fetch the model again'}")
        return path

    def digest(self, precision: Precision) -> str | None:
        """The `digest` of the file of that precision; if that is missing or not whole, the card's; None without one."""
        if precision not in self.card.files:
            return None
        path = self.folder / self.card.files[precision]
        try:
            return digest(path)
        except (InputError, DataError):
            return self.card.sha256.get(precision)


def find(config: ModelConfig, base: Path, state_dir: Path, served_as: str | None = None) -> Model:
    """The model that the configuration names.

    Args:
        config: The configuration's section.
        base: The configuration's folder.
        state_dir: Where pulled models are kept.
        served_as: What a model server calls it, which may have one without anything here.

    Raises:
        InputError: There is none; the text lists the folders that were searched.
    """
    if config.name is None and config.onnx is None and served_as is not None:
        card = Card(name=served_as, files={}, decoder=DecoderSpec(family=config.decoder))
        return _sized(Model(card, base, config.labels), config.wh)
    if config.onnx is not None:
        return _sized(_bare(config.onnx, DecoderSpec(family=config.decoder), config.labels), config.wh)
    return _sized(_named(str(config.name), base, state_dir, config.labels), config.wh)


def find_argument(argument: str, state_dir: Path) -> Model:
    """The model that MODEL on a command line names: a file, a folder with a model.yaml, or a name, as in `find`.

    Raises:
        InputError: There is none; the text lists the folders that were searched.
    """
    if argument.lower().endswith(".onnx") or (Path(argument).suffix and Path(argument).is_file()):
        return _bare(Path(argument), DecoderSpec(), None)
    return _named(argument, Path(), state_dir, None)


def _sized(model: Model, wh: tuple[int, int] | None) -> Model:
    """The model fed in that size, if there is one; the rest of its preprocessing stays the card's."""
    if wh is None:
        return model
    card = model.card
    if card.input is not None:
        spec = card.input.model_copy(update=dict(zip(("width", "height"), wh, strict=True)))
        card = card.model_copy(update={"input": spec})
    return replace(model, card=card, wh=wh)


def _bare(path: Path, decoder: DecoderSpec, labels: Path | None) -> Model:
    """A file without a card gets one with only its name and precision."""
    check_file(path)
    precision: Precision = "int8" if is_quantized(path) else "fp32"
    return Model(Card(name=path.stem, files={precision: Path(path.name)}, decoder=decoder), path.parent, labels)


def _named(name: str, base: Path, state_dir: Path, labels: Path | None) -> Model:
    roots = model_folders(base, state_dir)
    for folder in (base / name, *(root / name for root in roots)):
        if (folder / CARD).is_file():
            return Model(read_card(folder / CARD), folder, labels)
    if (base / name).is_file():
        raise InputError(f"{name} is a file; name it with `onnx:` instead")
    installed = {path.parent.name for root in roots for path in root.glob(f"*/{CARD}") if path.is_file()}
    advice = nearest(name, sorted({*installed, *read_catalogue()}))
    hint = f"; fetch it: edge-app models pull {name}" if name in read_catalogue() else ""
    searched = ", ".join(dict.fromkeys(str(root.resolve()) for root in roots))  # some may be the same folder
    raise InputError(f"no model {name}{advice or ':'} no folder of that name with a {CARD} in {searched}{hint}")


def model_folders(base: Path, state_dir: Path) -> Sequence[Path]:
    """Folders that hold models, in order of preference; the last are the wheel's and the checkout's."""
    package = Path(__file__).resolve().parents[1]
    return (
        base / "models",
        Path("models"),
        state_dir / "models",
        package / "models",
        package.parent / "models",
    )


def digest(path: Path) -> str:
    """The SHA-256 of a model, in hexadecimal: of its ONNX file, or if weights lie beside that, of all of its files.

    Then it is that of a list: the SHA-256 of the ONNX file and of each file of weights, by name, one a line. In a
    shell: `sha256sum model.onnx model.onnx.data | cut -c1-64 | sha256sum`.

    Raises:
        InputError: The file, or one of its weights, is missing.
        DataError: Its weights are too short, or not in its folder.
    """
    try:
        if not may_name_weights(path):
            return sha256(path)
        model = read_onnx(path)
    except DataError:  # whoever reads it says so
        return sha256(path)
    found = [sha256(file) for file in (path, *data_files(path, model))]
    return found[0] if len(found) == 1 else hashlib.sha256("".join(f"{each}\n" for each in found).encode()).hexdigest()


def sha256(path: Path) -> str:
    """The file's SHA-256, in hexadecimal."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
