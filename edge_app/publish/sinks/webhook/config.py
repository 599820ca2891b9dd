"""The section of the configuration for a webhook."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, SecretStr, field_validator, model_validator

from edge_app.config.section import HEADER, Name, OptionalTls, TlsConfig, checked_text, wrong
from edge_app.core.errors import SinkError
from edge_app.core.hosts import is_this_machine
from edge_app.core.ulid import new_ulid
from edge_app.publish.http.answers import Answer, why_refused
from edge_app.publish.http.client import RequestClient
from edge_app.publish.http.endpoint import HttpEndpoint, endpoint_of
from edge_app.publish.http.proxy import proxy_for
from edge_app.publish.http.url import ServerUrl
from edge_app.publish.messages import ENCODER, Message, MessageKind, rfc3339
from edge_app.publish.pictures import PATIENCE_S, EventPictures
from edge_app.publish.sinks.blocking import BlockingSink
from edge_app.publish.sinks.sink import SinkConfig
from edge_app.publish.sinks.webhook.envelope import SIGNATURE, PictureForm
from edge_app.publish.sinks.webhook.transport import Letter, WebhookTransport
from edge_app.publish.spool.config import OptionalSpool, SpoolConfig

LINGER_S = 0.1
GRACE_S = 2.0  # for the rest of the answer before, and to end by itself, which tells the reason better
FRAMING = ("connection", "content-length", "expect", "host", "te", "trailer", "transfer-encoding", "upgrade")
ONLY_POST = (400, 404, 405, 415, 422, 501)  # what a server that wants documents may answer to HEAD


class WebhookSinkConfig(SinkConfig):
    """Messages as HTTP requests (POST) to a server; each is delivered when the server answers 2xx."""

    type: Literal["webhook"] = "webhook"
    """What kind of sink this is."""
    name: Name = "webhook"
    """What logs and metrics call it."""
    messages: tuple[MessageKind, ...] = Field(default=("events",), min_length=1)
    """Which messages it takes."""
    spool: OptionalSpool = SpoolConfig()
    """`false`, `true` or a section: what the server does not take is kept on the disk, also over restarts."""
    url: ServerUrl
    """Where to: http or https. Logs show its host alone. A user and password in it become `Authorization: Basic`."""
    tls: OptionalTls = None
    """For https: {ca: FILE, verify: true}, or `true` for the system's certificates, which count without this key
    too."""
    headers: dict[Annotated[str, Field(pattern=HEADER)], SecretStr] = Field(default_factory=dict)
    """What the server wants to see in every request, such as {Authorization: "Bearer ${TOKEN}"}; never shown."""
    secret: SecretStr | None = None
    """Signs every request, so that the server knows who it is from; best written as ${VAR}. null: no signature."""
    format: Literal["json", "cloudevents"] = "json"
    """`json` sends messages as they are; `cloudevents` as CloudEvents 1.0: in binary mode, of a batch as
    a list."""
    batch: int | None = Field(default=None, ge=1, le=1000)
    """So many messages in one request at most, as `json` a line each; null: one message a request, as one document.
    More need fewer requests, and what fails comes again as a whole."""
    picture: PictureForm = "none"
    """What of an event's picture goes with it, where there is one (`evidence.snapshots`): `inline` the JPEG in base64
    as `picture`, then without `batch`; `url` where `web` shows it, as `picture_url`."""
    timeout_s: float = Field(default=10.0, gt=0, le=300)
    """How long a request may take [s]; then it is made again. Longer is patient with a slow server, and later notices
    one that hangs."""
    probe_by: Literal["head", "event"] = Field(default="head", alias="probe")
    """What `check --probe` sends: `head` asks for the head alone; `event` posts an empty event with `"test": true`."""

    _pictures: EventPictures | None = PrivateAttr(default=None)

    @field_validator("headers")
    @classmethod
    def _can_be_sent(cls, headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, value in headers.items():
            if name.lower() in (*FRAMING, SIGNATURE.lower()):
                raise wrong("is set by the program", name)
            if not checked_text(value, name).isascii():
                raise wrong("want ASCII characters", name)
        return headers

    @field_validator("secret")
    @classmethod
    def _secret_is_text(cls, secret: SecretStr | None) -> SecretStr | None:
        checked_text(secret)
        return secret

    @model_validator(mode="after")
    def _all_has_an_effect(self) -> WebhookSinkConfig:
        if self.tls is not None and not self.endpoint.tls:
            raise wrong("needs a url that begins with https://", "tls")
        if self.picture == "inline" and self.batch is not None:
            raise wrong("wants a request for each message; want it without batch", "picture")
        if self.endpoint.login and any(name.lower() == "authorization" for name in self.headers):
            raise wrong("want a login either here or in headers", "url")
        return self

    @property
    def links_pictures(self) -> bool:
        """See `SinkConfig.links_pictures`."""
        return self.picture == "url"

    def use_pictures(self, pictures: EventPictures) -> None:
        """See `SinkConfig.use_pictures`."""
        self._pictures = pictures

    @property
    def endpoint(self) -> HttpEndpoint:
        """Where the URL leads."""
        return endpoint_of(self.url)

    def secret_parts(self) -> Iterator[str]:
        """See `SinkConfig.secret_parts`."""
        yield from self.endpoint.secrets

    def cautions(self) -> Iterator[str]:
        """See `SinkConfig.cautions`."""
        endpoint = self.endpoint
        if not endpoint.tls and not is_this_machine(endpoint.host) and (self.headers or endpoint.secrets):
            yield f"what logs in at {endpoint.host} goes there unencrypted; https:// encrypts, if the server can"

    def open(self) -> BlockingSink:
        """The sink, not yet connected; see `SinkConfig.open`."""
        return BlockingSink(
            self.endpoint.shown,
            self.messages,
            self._transports(),
            limit_s=self.timeout_s + GRACE_S + (PATIENCE_S if self.picture == "inline" else 0.0),
            most=self.batch or 1,
            linger_s=LINGER_S if self.batch and self.batch > 1 else 0.0,
        )

    def probe(self) -> str:
        """Asks for the head, or posts an empty event; see `SinkConfig.probe`."""
        transport, shown = self._transports()(), self.endpoint.shown
        try:
            if self.probe_by == "head":
                return f"{shown}: {self._judged(transport.head())}"
            answer = transport.post([_empty_event()])
            if why := why_refused(answer, self.endpoint):
                raise SinkError(why)
            return f"{shown}: took an empty event ({answer.words})"
        finally:
            transport.cut()

    def _judged(self, answer: Answer) -> str:
        """What an answer to HEAD says of POST."""
        if answer.status in ONLY_POST:
            return f"answers; to HEAD with {answer.words}, so `probe: event` would show more"
        if why := why_refused(answer, self.endpoint):
            raise SinkError(why)
        return f"answers HEAD with {answer.words}"

    def _transports(self) -> Callable[[], WebhookTransport]:
        """Makes the transport of each connection; files and environment are read here, once."""
        endpoint, proxy = self.endpoint, proxy_for(self.endpoint)
        tls = (self.tls or TlsConfig()).context() if endpoint.tls else None
        login = {"Authorization": endpoint.login} if endpoint.login else {}
        letter = Letter(
            form=self.format,
            batch=self.batch is not None,
            headers=login | {name: value.get_secret_value() for name, value in self.headers.items()},
            secret=self.secret.get_secret_value() if self.secret else None,
            picture=self.picture,
            pictures=self._pictures,
        )
        return lambda: WebhookTransport(RequestClient(endpoint, tls, proxy, self.timeout_s), endpoint, letter)


def _empty_event() -> Message:
    document = {
        "schema": "edge_app.event/1",
        "test": True,
        "session": new_ulid(),
        "seq": 0,
        "capture_ts": rfc3339(time.time_ns() // 1_000_000),
    }
    return Message(camera=None, kind="events", payload=ENCODER.encode(document).encode(), droppable=True)
