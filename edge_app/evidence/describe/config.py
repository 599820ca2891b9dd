"""The section of the configuration for a model that describes what is on pictures: `describe`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from edge_app.config.section import OptionalSecret, OptionalTls, Section, checked_text, wrong
from edge_app.core.hosts import is_this_machine
from edge_app.evidence.config import PicturedType
from edge_app.publish.http.endpoint import HttpEndpoint, endpoint_of
from edge_app.publish.http.url import ServerUrl

PATH = "/chat/completions"
LONGEST_TEXT = 4000  # characters; what is said to the model with every picture


Instruction = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]


class DescribeConfig(Section):
    """What a vision language model says of the pictures of events: any server with OpenAI's chat completions."""

    url: ServerUrl
    """Where its API begins, such as http://127.0.0.1:8000/v1; `/chat/completions` comes behind that. Logs show its host
    alone."""
    model: Annotated[str, Field(min_length=1, max_length=255)]
    """What the server calls the model; `GET <url>/models` lists it."""
    api_key: OptionalSecret = None
    """Sent as `Authorization: Bearer`; best written as ${VAR}; never shown. null, or empty: nothing is sent."""
    tls: OptionalTls = None
    """For https: {ca: FILE, verify: true}, or `true` for the system's certificates, which count without this key
    too."""
    prompt: Instruction = "Describe in one sentence what happens in this picture of a security camera."
    """What it is asked to do with each picture."""
    verify: Instruction | None = None
    """A question that yes or no answers, such as "Is a person climbing the fence?", asked together with the prompt; the
    answer is told as `verified`. null: nothing is verified."""
    types: tuple[PicturedType, ...] = Field(default=("dwell",), min_length=1)
    """Events whose pictures it is shown; each must be among `evidence.snapshots.types`."""
    timeout_s: float = Field(default=30.0, gt=0, le=300)
    """How long an answer may take [s]. Longer is patient with a slow model, and later notices one that hangs."""
    max_per_minute: int = Field(default=6, ge=1, le=6000)
    """How often it is asked in any minute at most; of what is too much the newest events are described."""
    max_tokens: int = Field(default=300, ge=1, le=100_000)
    """How long an answer may be [tokens]; a model that thinks before it answers needs some thousands."""

    @field_validator("api_key")
    @classmethod
    def _can_be_sent(cls, key: OptionalSecret) -> OptionalSecret:
        if not checked_text(key).isascii():
            raise wrong("want ASCII characters")
        return key

    @model_validator(mode="after")
    def _all_has_an_effect(self) -> DescribeConfig:
        if self.tls is not None and not self.endpoint.tls:
            raise wrong("needs a url that begins with https://", "tls")
        if self.endpoint.login and self.api_key is not None:
            raise wrong("want a login either here or in api_key", "url")
        return self

    @property
    def endpoint(self) -> HttpEndpoint:
        """What is asked."""
        before, mark, query = self.url.partition("?")
        return endpoint_of(f"{before.rstrip('/')}{PATH}{mark}{query}")

    def secret_parts(self) -> Iterator[str]:
        """What within other values must not be shown."""
        yield from endpoint_of(self.url).secrets

    def cautions(self) -> Iterator[str]:
        """What is allowed and unwise."""
        endpoint = self.endpoint
        if not endpoint.tls and not is_this_machine(endpoint.host):
            what = "pictures and api_key go" if self.api_key is not None else "pictures go"
            yield f"{what} to {endpoint.host} unencrypted; https:// encrypts, if the server can"
