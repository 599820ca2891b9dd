"""Events as notifications: each to every service, and to none twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any

from edge_app.core.errors import SinkError
from edge_app.publish.messages import Message
from edge_app.publish.pictures import EventPictures
from edge_app.publish.sinks.courier import Outcome
from edge_app.publish.sinks.notify.notifier import Notifier
from edge_app.publish.sinks.notify.restraint import Restraint
from edge_app.publish.sinks.notify.template import Template, values_of
from edge_app.publish.sinks.sink import UnwantedError

MOST_HALF_TOLD = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What of an event is told.

    Attributes:
        types: Of which events; None of all but `update`.
        verified: Whether only of those that were found true, by the update that says so.
        title: Above.
        body: Below.
        zone: Where its time is; None: as the system has it.
        picture: Whether its picture goes with it.
    """

    types: Collection[str] | None
    verified: bool
    title: Template
    body: Template
    zone: tzinfo | None
    picture: bool

    def of(self, event: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The event that people are told of; None if they do not want to know of it."""
        if not self.verified:
            wanted = event["type"] in self.types if self.types is not None else event["type"] != "update"
            return event if wanted else None
        about = event.get("update_of")
        if event.get("verified") is not True or (self.types is not None and about not in self.types):
            return None
        return {**event, "type": about}


class NotifyTransport:
    """Tells services, one after the other; see `Transport`. One for all connections, as it remembers who knows."""

    def __init__(
        self, notifiers: Sequence[Notifier], notice: Notice, restraint: Restraint, pictures: EventPictures | None
    ) -> None:
        self._notifiers, self._notice, self._restraint, self._pictures = notifiers, notice, restraint, pictures
        self._half_told: dict[bytes, set[int]] = {}  # by digest of an event: the services that have taken it

    def connect(self) -> None:
        """There is nothing that would stay connected."""

    def deliver(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        for message in messages:
            told = json.loads(message.payload)
            if (event := self._notice.of(told)) is None:
                yield UnwantedError(message, f"nobody wants to know of this {told['type']}", None)
            elif reason := self._restraint.why_not(event["capture_time"]):
                yield UnwantedError(message, reason, reason)
            else:
                values = {**values_of(event, self._notice.zone), "link": self._link(event)}
                body = self._notice.body.fill(values) or event["type"]
                picture = self._pictures.of(event) if self._pictures is not None and self._notice.picture else None
                yield None
                yield from self._notify(message, self._notice.title.fill(values), body, picture)

    def cut(self) -> None:
        """A service cannot be told to hurry; whoever makes the next connection waits for it."""

    def _link(self, event: Mapping[str, Any]) -> str:
        """Where the page shows it; empty if nobody knows."""
        return self._pictures.page_of(event) or "" if self._pictures is not None else ""

    def _notify(self, message: Message, title: str, body: str, picture: Path | None) -> Iterator[Outcome]:
        digest = hashlib.sha256(message.payload).digest()
        taken, failures = self._half_told.setdefault(digest, set()), []
        if len(self._half_told) > MOST_HALF_TOLD:
            del self._half_told[next(iter(self._half_told))]
        for index, service in enumerate(self._notifiers):
            if index in taken:
                continue
            if why := service.notify(title, body, picture):
                failures.append(why)
            else:
                taken.add(index)
            yield None
        if failures:
            raise SinkError("; ".join(failures))
        self._restraint.count()
        del self._half_told[digest]
        yield message
