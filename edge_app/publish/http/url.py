"""The URL of a server, as a configuration has it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from edge_app.config.section import checked_text, wrong
from edge_app.publish.http.endpoint import endpoint_of


def _checked_url(url: str) -> str:
    checked_text(url)
    try:
        endpoint_of(url)
    except ValueError as error:
        raise wrong(str(error)) from None
    return url


ServerUrl = Annotated[str, AfterValidator(_checked_url)]
"""One whose `HttpEndpoint` can be told."""
