"""Messages as requests to a webhook: what is delivered, what is refused, and what has to be sent again."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from edge_app.machine import NEVER_SET_BEFORE
from edge_app.publish.http.answers import Answer, HungUpError, why_refused
from edge_app.publish.http.client import RequestClient
from edge_app.publish.http.endpoint import HttpEndpoint
from edge_app.publish.messages import Message
from edge_app.publish.pictures import EventPictures
from edge_app.publish.sinks.courier import Outcome
from edge_app.publish.sinks.sink import OutageError, RefusedError
from edge_app.publish.sinks.webhook.envelope import (
    CONTENT_TYPES,
    SIGNATURE,
    DocumentFormat,
    PictureForm,
    body_of,
    headers_about,
    signature,
    with_picture,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """How requests are written.

    Attributes:
        form: Of the documents.
        batch: Whether a request may hold several messages.
        headers: What the server wants to see; secret.
        secret: Signs every request; None for no signature.
        picture: What of an event's picture goes with it.
        pictures: Those of events, where anybody knows them.
    """

    form: DocumentFormat
    batch: bool
    headers: Mapping[str, str]
    secret: str | None
    picture: PictureForm
    pictures: EventPictures | None

    def body(self, messages: Sequence[Message]) -> bytes:
        """What a request with these messages holds."""
        if self.picture != "none" and self.pictures is not None:
            messages = [with_picture(message, self.pictures, self.picture) for message in messages]
        return body_of(messages, self.form, batch=self.batch)

    def head(self, body: bytes, about: Mapping[str, str]) -> dict[str, str]:
        """The headers of a request that is sent now."""
        signed = {SIGNATURE: signature(self.secret, int(time.time()), body)} if self.secret else {}
        ours = {"User-Agent": "edge_app", "Content-Type": CONTENT_TYPES[self.form, self.batch]}
        theirs = {name.lower() for name in self.headers}
        return {key: value for key, value in (ours | dict(about) | signed).items() if key.lower() not in theirs} | dict(
            self.headers
        )


class WebhookTransport:
    """One connection to a webhook; see `Transport`."""

    def __init__(self, client: RequestClient, endpoint: HttpEndpoint, letter: Letter) -> None:
        self._client, self._endpoint, self._letter = client, endpoint, letter

    def connect(self) -> None:
        self._client.connect()

    def deliver(self, messages: Sequence[Message]) -> Iterator[Outcome]:
        """Posts them together; where that fails for what they are, one by one: only the wrong one is set aside."""
        why = self._why_refused(messages)
        if why is None:
            yield from messages
        elif len(messages) == 1:
            yield RefusedError(messages[0], why)
        self._client.finish()
        if why is not None and len(messages) > 1:
            yield None
            for message in messages:
                yield from self.deliver([message])

    def _why_refused(self, messages: Sequence[Message]) -> str | None:
        """Why the server does not take them so; None if it has taken them.

        Before the clock was set, it may be the time beside the signature that is refused: no message is to blame then,
        also if it is set before the answer is there.
        """
        never_set = time.time() < NEVER_SET_BEFORE
        try:
            why = why_refused(self.post(messages), self._endpoint)
        except HungUpError as error:
            if len(messages) == 1:
                raise
            return str(error)
        if why is not None and self._letter.secret and never_set:
            raise OutageError(f"{why}; the time that is signed is of a clock that was never set")
        return why

    def post(self, messages: Sequence[Message]) -> Answer:
        """The answer to one request with these messages."""
        letter = self._letter
        body = letter.body(messages)
        about = {} if letter.batch else headers_about(messages[0], letter.form)
        return self._client.request("POST", body, lambda: letter.head(body, about))

    def head(self) -> Answer:
        """The answer to a question that delivers nothing."""
        return self._client.request("HEAD", b"", lambda: self._letter.head(b"", {}))

    def cut(self) -> None:
        self._client.cut()
