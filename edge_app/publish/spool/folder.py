"""The folder of the spools: its files, and whether it takes anything."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

from edge_app.core import files

SPOOLS = "spool"  # in the state folder
FOLDER_MODE = 0o700  # messages tell where people were
TRIAL_BYTES = 65_536  # what a folder takes that can be used
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def spool_file(folder: Path, sink: str) -> Path:
    """The file of that sink's spool in the spools' folder."""
    return folder / f"{sink}.db"


def why_it_fails(folder: Path) -> str | None:
    """Why nothing can be written in the folder, in words, so that it is not one file that is wrong; None if it can."""
    trial = folder / f".trial-{os.getpid()}"
    try:
        with os.fdopen(files.open_to_write(trial, os.O_WRONLY, 0o600), "wb") as stream:
            stream.write(bytes(TRIAL_BYTES))
    except OSError as error:
        return "no space on the disk" if error.errno in NO_SPACE else files.refusal(error)
    finally:
        with suppress(OSError):
            trial.unlink()
    return None
