"""Fetches a model of the catalogue into a folder of models: once, however many processes ask for it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import yaml

from edge_app.core import files
from edge_app.core.errors import AccessError, DataError, InputError, UsageError
from edge_app.model.card import read_card
from edge_app.model.catalogue import CatalogueEntry
from edge_app.model.download import TIMEOUT_S, Download, DownloadProgress
from edge_app.model.files import CARD, Model
from edge_app.model.web import check_url


def pull(
    entry: CatalogueEntry,
    models: Path,
    *,
    mirror: str | None = None,
    progress: DownloadProgress = lambda _: None,
    waiting: Callable[[], None] = lambda: None,
    timeout_s: float = TIMEOUT_S,
) -> bool:
    """Makes `models/<name>` a complete model; returns whether anything had to be fetched.

    The card is written last: a folder with a card is complete.

    Args:
        entry: What to fetch.
        models: Folder of models; created if missing.
        mirror: URL of a folder that holds the file, instead of the entry's own source.
        progress: Called with the number of bytes received so far.
        waiting: Called repeatedly while another process pulls the same model.
        timeout_s: How long the server may be silent [s].

    Raises:
        UsageError: The mirror's URL is not allowed, or the folder holds another model.
        AccessError: The file system refuses, or there is not enough space.
        InputError, DataError, TemporaryError, DeviceError: See `Download.fetch`.
    """
    url = check_url(f"{mirror.rstrip('/')}/{entry.file}") if mirror else entry.url
    folder = models / entry.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with files.locked(folder, waiting):
            if is_complete(entry, folder):
                return False
            download = Download(url, folder / entry.file, entry.bytes, entry.sha256, timeout_s)
            _check_space(folder, entry.bytes - download.received)
            download.fetch(progress)
            files.write(folder / CARD, _card_text(entry))
    except OSError as error:
        raise AccessError(f"{error.filename or folder}: {error.strerror}") from error
    return True


def is_complete(entry: CatalogueEntry, folder: Path) -> bool:
    """Whether the folder already holds the entry's model, its digest checked; the card may have been edited.

    Raises:
        UsageError: It holds another model.
    """
    if not (folder / CARD).is_file():
        return False
    card = read_card(folder / CARD)
    if card.sha256.get("fp32") != entry.sha256:
        raise UsageError(f"{folder / CARD}: another model; move the folder away to pull {entry.name}")
    try:
        return Model(card, folder).file("fp32").is_file()
    except (InputError, DataError):
        return False


def _check_space(folder: Path, missing: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < missing:
        raise AccessError(f"{folder}: {missing / 1e6:.1f} MB are needed, {free / 1e6:.1f} MB are free")


def _card_text(entry: CatalogueEntry) -> str:
    card = entry.card.model_dump(mode="json", exclude_defaults=True)
    return "# Written by `edge-app models pull`.\n" + yaml.safe_dump(card, sort_keys=False, width=120)
