"""Whether the server answers; once it does not, it is asked again and again until it does."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from edge_app.core.errors import EdgeAppError, EngineAwayError
from edge_app.engine.kserve.server import ModelServer, ServedModel

logger = logging.getLogger(__name__)

RETRY_S = 0.5


class Connection:
    """Asks in a thread of its own, so that frames are dropped at once meanwhile and do not wait for a timeout each."""

    def __init__(self, server: ModelServer, served: ServedModel, renew: Callable[[], None]) -> None:
        """Takes the server as answering.

        Args:
            server: The model.
            served: What it was when its engine was made.
            renew: Makes what requests need, once the server answers again; may raise EngineAwayError.
        """
        self._server, self._served, self._renew = server, served, renew
        self._changed = threading.Condition()
        self._away: str | None = None
        self._look, self._closed = False, False
        self._thread = threading.Thread(target=self._run, name="engine-connection", daemon=True)
        self._thread.start()

    @property
    def away(self) -> str | None:
        """Why there is no answer to be had; None if there is."""
        return self._away

    def lost(self, reason: str) -> None:
        """No answer came, for that reason."""
        with self._changed:
            self._away = self._away or reason
            self._changed.notify_all()

    def answered(self, version: str) -> None:
        """That version has answered; if it is another one, it is looked at."""
        if version and version != self._served.version:
            with self._changed:
                self._look = True
                self._changed.notify_all()

    def close(self) -> None:
        """Asks no more; does not wait for what is being asked."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._away or self._look or self._closed)
                if self._closed:
                    return
            reason = self._ask()
            with self._changed:
                self._away, self._look = reason, False
                if reason is not None:
                    self._changed.wait_for(lambda: self._closed, RETRY_S)

    def _ask(self) -> str | None:
        """Why frames cannot be computed; None if they can."""
        try:
            found = self._server.describe()
            if not found.is_like(self._served):
                return (
                    f"{self._server.address}: version {found.version} takes or answers something else; reload reads it"
                )
            if self._away is not None:
                self._renew()
        except EngineAwayError as error:
            return str(error)
        except EdgeAppError as error:
            return str(error)
        if found.version != self._served.version:
            logger.info("%s: version %s answers now", self._server.address, found.version)
        self._served = found
        return None
