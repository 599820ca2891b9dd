"""One question about one picture, and its answer, as OpenAI's chat completions have them.

Only what all servers have in common is used: no stream, no `response_format`. A model answers whatever it likes.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import Any

from edge_app.core.errors import SinkError
from edge_app.evidence.describe.config import DescribeConfig

VERIFYING = """{prompt}

Also answer this question: {question}

Reply with one JSON object and with nothing else, such as {{"description": "...", "verified": true}}. Its `description`
is what you were asked for first; its `verified` is true if the answer to the question is yes, and else false."""
THOUGHTS = re.compile(r"\A.*</think>", re.DOTALL)
YES_OR_NO = {"true": True, "yes": True, "false": False, "no": False}
LONGEST = 2000  # characters of a description
JOINERS = "\u200c\u200d"  # which many scripts need within words


class NonsenseError(SinkError):
    """The server has answered, and nothing can be made of it."""


@dataclass(frozen=True, slots=True)
class Description:
    """What a model says of a picture.

    Attributes:
        text: In words, on one line; None if it says nothing.
        verified: Its answer to the question; None if there was no question.
    """

    text: str | None
    verified: bool | None = None


def question_of(config: DescribeConfig, jpeg: bytes) -> bytes:
    """The body of a request that shows this picture."""
    text = config.prompt
    if config.verify is not None:
        text = VERIFYING.format(prompt=config.prompt, question=config.verify)
    url = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
    content = [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": url}}]
    return json.dumps(
        {
            "model": config.model,
            "messages": [{"role": "user", "content": content}],
            "max_tokens": config.max_tokens,
            "temperature": 0,
        }
    ).encode()


def description_of(body: bytes, *, verifying: bool) -> Description:
    """What the answer says.

    Raises:
        NonsenseError: It says nothing that was asked for; the text shows nothing of it.
    """
    text = _content(body)
    if not verifying:
        if not (shown := one_line(text)):
            raise NonsenseError("an empty answer")
        return Description(shown)
    found = _object(text)
    verified = found.get("verified")
    if isinstance(verified, str):
        verified = YES_OR_NO.get(verified.strip().lower())
    if not isinstance(verified, bool):
        raise NonsenseError("no answer to `verify`, which wants true or false")
    said = found.get("description")
    return Description(one_line(said) or None if isinstance(said, str) else None, verified)


def one_line(text: str) -> str:
    r"""A text without what cannot be shown, such as half characters, which JSON may hold and UTF-8 may not.

    >>> one_line("A man\n walks. \ud800\x00"), len(one_line("x" * 9999))
    ('A man walks.', 2000)
    """
    shown = "".join(c if c.isprintable() or c in JOINERS else " " for c in text)
    return " ".join(shown.split())[:LONGEST].rstrip()


def _content(body: bytes) -> str:
    """What the model has written, without what it thought before."""
    try:
        content = json.loads(body)["choices"][0]["message"]["content"]
        if isinstance(content, list):  # parts, as of a request
            content = "".join(part["text"] for part in content if part["type"] == "text")
    except (ValueError, LookupError, TypeError, RecursionError):
        raise NonsenseError("an answer that is no chat completion") from None
    if not isinstance(content, str):
        raise NonsenseError("an answer without words")
    return THOUGHTS.sub("", content)


def _object(text: str) -> dict[str, Any]:
    """The JSON object in a text, around which models like to say more; an empty one if there is none."""
    try:
        found = json.loads(text[text.index("{") : text.rindex("}") + 1])
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
