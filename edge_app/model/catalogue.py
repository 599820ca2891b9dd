"""The models that can be pulled: where each is, its digest, and the card it gets."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field

from edge_app.config.plain import plain_values
from edge_app.core.errors import InputError
from edge_app.model.card import Card, CardSection, DecoderSpec, InputSpec
from edge_app.model.labels import coco_labels


class CatalogueEntry(CardSection):
    """One pinned file of `catalogue.yaml`, an FP32 ONNX model, and what its card says."""

    name: str
    url: str
    bytes: int = Field(ge=1)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    licence: str
    source: str
    labels: Literal["coco"]
    input: InputSpec
    decoder: DecoderSpec

    @property
    def file(self) -> str:
        """The file's name, at its source and on this machine."""
        return urlsplit(self.url).path.rpartition("/")[2]

    @property
    def card(self) -> Card:
        """The content of `model.yaml` beside the file."""
        return Card(
            name=self.name,
            licence=self.licence,
            source=self.source,
            files={"fp32": Path(self.file)},
            sha256={"fp32": self.sha256},
            labels=coco_labels(),
            input=self.input,
            decoder=self.decoder,
        )


def read_catalogue() -> dict[str, CatalogueEntry]:
    """The entries by name, smallest model first."""
    with resources.as_file(resources.files(__package__) / "catalogue.yaml") as path:
        entries = plain_values(path)
    return {name: CatalogueEntry.model_validate({"name": name, **entry}) for name, entry in entries.items()}


def catalogued(name: str) -> CatalogueEntry:
    """The entry of that name; raises InputError that lists what there is."""
    catalogue = read_catalogue()
    if name not in catalogue:
        raise InputError(f"no model {name} to pull; there are {', '.join(catalogue)}")
    return catalogue[name]
