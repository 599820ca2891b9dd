"""The log on stderr: words for a person at a terminal, logfmt for everything else."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Mapping
from enum import Enum
from typing import TextIO

from edge_app.core.redaction import Redactor
from edge_app.core.terminal import escaped

# syslog priorities: journald takes them from the head of a line
PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class Level(str, Enum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Logfmt(logging.Formatter):
    """`ts=… level=… logger=… msg="…"`, one line per record; under systemd the priority instead of the time."""

    def __init__(self, journal: bool) -> None:
        super().__init__()
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        text = json.dumps(record.getMessage(), ensure_ascii=False)
        name = record.name.removeprefix("edge_app.")
        line = f"level={record.levelname.lower()} logger={name} thread={json.dumps(record.threadName)} msg={text}"
        if record.exc_info:
            line += f" error={json.dumps(self.formatException(record.exc_info))}"
        if self._journal:
            return f"<{PRIORITY.get(record.levelno, 6)}>{line}"
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        return f"ts={stamp}.{int(record.msecs):03d}Z {line}"


class Words(logging.Formatter):
    """A line for a person at a terminal, which obeys no control character of a camera, a model or a file name."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802, logging's own name
        """The line, without the traceback that may follow."""
        return escaped(super().formatMessage(record))


class Stderr(logging.StreamHandler):  # type: ignore[type-arg]  # Python 3.10 takes none
    """Writes to what is `sys.stderr` at the time: a live table takes its place, so that lines go above it.

    Attributes:
        redactor: Hides what no line may show.
    """

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self.redactor = Redactor({})

    def format(self, record: logging.LogRecord) -> str:
        """The line, whoever logs it, without secrets."""
        return self.redactor.hide(super().format(record))

    @property
    def stream(self) -> TextIO:
        return sys.stderr


def set_up(level: str) -> None:
    """Sends the program's log to stderr; `level` is a name of logging's. To be called before secrets are kept."""
    handler = Stderr()
    if sys.stderr.isatty():
        handler.setFormatter(Words("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S"))
    else:
        handler.setFormatter(Logfmt(journal="JOURNAL_STREAM" in os.environ))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def keep(secrets: Mapping[str, str]) -> None:
    """From now on no line of the log shows one of these either; without `set_up`, warnings are lines without more."""
    if not _handlers():
        logging.getLogger().addHandler(Stderr())
    for handler in _handlers():
        handler.redactor = handler.redactor.knowing(secrets)


def harmless(text: str) -> str:
    """The text without the secrets that are kept."""
    for handler in _handlers():
        text = handler.redactor.hide(text)
    return text


def _handlers() -> list[Stderr]:
    return [handler for handler in logging.getLogger().handlers if isinstance(handler, Stderr)]
