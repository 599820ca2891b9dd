"""The section of the configuration for notifications."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PrivateAttr, SecretStr

from edge_app.config.schedule import Hours, Schedule
from edge_app.config.section import Flag, Name, checked_text, wrong
from edge_app.core.events import EventType
from edge_app.publish.pictures import EventPictures
from edge_app.publish.sinks.blocking import BlockingSink
from edge_app.publish.sinks.notify.notifier import Notifier, notifiers_of, secrets_in
from edge_app.publish.sinks.notify.restraint import Restraint
from edge_app.publish.sinks.notify.template import Template
from edge_app.publish.sinks.notify.transport import Notice, NotifyTransport
from edge_app.publish.sinks.sink import SinkConfig
from edge_app.publish.spool.config import OptionalSpool, SpoolConfig

LIMIT_S = 30.0  # for one service; pictures are slow to send


def _checked_template(text: str) -> str:
    try:
        Template(text)
    except ValueError as error:
        raise wrong(str(error)) from None
    return text


def _checked_urls(urls: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for index, url in enumerate(urls):
        if "://" not in checked_text(url):
            raise wrong("want a URL such as tgram://TOKEN/CHAT, see https://github.com/caronc/apprise", index)
    return urls


TemplateText = Annotated[str, AfterValidator(_checked_template)]


class NotifySinkConfig(SinkConfig):
    """Events told to people: Telegram, Pushover, ntfy, mail and some hundred other services, by Apprise."""

    type: Literal["notify"] = "notify"
    """What kind of sink this is."""
    name: Name = "notify"
    """What logs and metrics call it."""
    messages: tuple[Literal["events"], ...] = Field(default=("events",), min_length=1)
    """Which messages it takes: `events`, as nobody reads the others."""
    spool: OptionalSpool = SpoolConfig()
    """`false`, `true` or a section: what the services do not take is kept on the disk, also over restarts."""
    urls: Annotated[tuple[SecretStr, ...], Field(min_length=1), AfterValidator(_checked_urls)]
    """Who is told, each as Apprise's URL (https://github.com/caronc/apprise), best written as ${VAR}; never shown. An
    event counts as told when all of them have taken it."""
    title: TemplateText = "{camera}: {type}"
    """What stands above. Names in braces are values of the event: camera, type, label, zone, line, direction, count,
    score, dwell_s, speed_mps, track_id, state, reason, description, id, time, which is local, and link, where the page
    shows it (`web` and `evidence`). What an event has not leaves nothing."""
    body: Annotated[TemplateText, Field(min_length=1)] = (
        "{label} {zone}{line} {direction} {state} {reason} {time}\n{description}"
    )
    """What stands below, likewise. Write {{ for the character itself."""
    picture: Flag = True
    """Whether the event's picture goes with it, where there is one (`evidence.snapshots`) and the service takes any."""
    types: tuple[EventType, ...] | None = Field(default=None, min_length=1)
    """Of which events people are told, such as [enter, crowd, camera]; null: of all but `update`."""
    verified: Flag = False
    """Whether people are told only of events that a model has found true (`describe.verify`), once it has; `types`, and
    `type` in texts, are then those of the events."""
    quiet: Hours | None = None
    """When nobody is told, in local time, such as ["22:00-06:00", "sat,sun"]; what happens then is left out and
    counted. null: never."""
    max_per_hour: int | None = Field(default=None, ge=1, le=10_000)
    """Of how many events people are told in any hour; the others are left out and counted. null: of all."""

    _zone: tzinfo | None = PrivateAttr(default=None)
    _pictures: EventPictures | None = PrivateAttr(default=None)

    def use_time_zone(self, zone: tzinfo | None) -> None:
        """See `SinkConfig.use_time_zone`."""
        self._zone = zone

    @property
    def wants_verified(self) -> bool:
        """See `SinkConfig.wants_verified`."""
        return self.verified

    def use_pictures(self, pictures: EventPictures) -> None:
        """See `SinkConfig.use_pictures`."""
        self._pictures = pictures

    def secret_parts(self) -> Iterator[str]:
        """See `SinkConfig.secret_parts`."""
        for url in self.urls:
            yield from secrets_in(url.get_secret_value())

    def open(self) -> BlockingSink:
        """The sink; see `SinkConfig.open`. Its services are known and right, as far as their URLs show."""
        notice = Notice(
            types=self.types,
            verified=self.verified,
            title=Template(self.title),
            body=Template(self.body),
            zone=self._zone,
            picture=self.picture,
        )
        restraint = Restraint(self.name, Schedule(self.quiet, self._zone) if self.quiet else None, self.max_per_hour)
        transport = NotifyTransport(self._notifiers(), notice, restraint, self._pictures)
        return BlockingSink(self.name, self.messages, lambda: transport, limit_s=LIMIT_S)

    def probe(self) -> str:
        """Whether the URLs are right, as far as they show; nobody is told anything."""
        return f"{', '.join(service.name for service in self._notifiers())}; not asked, that would be a notification"

    def _notifiers(self) -> tuple[Notifier, ...]:
        return notifiers_of([url.get_secret_value() for url in self.urls])
