"""A server with OpenAI's chat completions that looks closely at what it is asked, and answers or misbehaves as told."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

import cv2
import jsonschema
import numpy as np

from tests.publish.hook_server import Answer, Asked, HookServer

KEY = "sk-0123456789abcdef"
# What of the request of a chat completion is the same everywhere: https://platform.openai.com/docs/api-reference/chat
TEXT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["type", "text"],
    "properties": {"type": {"const": "text"}, "text": {"type": "string", "minLength": 1}},
}
PICTURE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["type", "image_url"],
    "properties": {
        "type": {"const": "image_url"},
        "image_url": {
            "type": "object",
            "additionalProperties": False,
            "required": ["url"],
            "properties": {
                "url": {"type": "string", "pattern": "^data:image/jpeg;base64,[A-Za-z0-9+/]+=*$"},
                "detail": {"enum": ["auto", "low", "high"]},
            },
        },
    },
}
REQUEST = {
    "type": "object",
    "additionalProperties": False,
    "required": ["model", "messages"],
    "properties": {
        "model": {"type": "string", "minLength": 1},
        "messages": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["role", "content"],
                "properties": {
                    "role": {"const": "user"},
                    "content": {"type": "array", "minItems": 1, "items": {"oneOf": [TEXT, PICTURE]}},
                },
            },
        },
        "max_tokens": {"type": "integer", "minimum": 1},
        "temperature": {"type": "number", "minimum": 0, "maximum": 2},
    },
}


def says(content: Any, **more: Any) -> bytes:
    """The answer of a model that has written that."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop", **more}
    return answer({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]})


def answer(document: Any) -> bytes:
    """Any JSON, after which the server hangs up."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body


class ChatServer(HookServer):
    """One; its answers are given one after the other, and the last of them again and again."""

    def __init__(self, *answers: Answer, key: str | None = KEY, model: str = "m") -> None:
        super().__init__(self._judged)
        self.answers, self._key, self._model = list(answers) or [says("a quiet street")], key, model
        self.wrong: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def texts(self) -> list[str]:
        """What was asked, in words."""
        return [part["text"] for part in self._parts("text")]

    @property
    def pictures(self) -> list[np.ndarray[Any, Any]]:
        """What was shown."""
        urls = (part["image_url"]["url"] for part in self._parts("image_url"))
        coded = (np.frombuffer(base64.b64decode(url.partition(",")[2]), np.uint8) for url in urls)
        return [np.asarray(cv2.imdecode(each, cv2.IMREAD_COLOR)) for each in coded]

    def _parts(self, kind: str) -> Iterable[dict[str, Any]]:
        for request in self.asked:
            for part in json.loads(request.body)["messages"][0]["content"]:
                if part["type"] == kind:
                    yield part

    def _judged(self, asked: Asked) -> Answer:
        try:
            self._look_at(asked)
        except (AssertionError, ValueError, jsonschema.ValidationError) as error:
            self.wrong.append(str(error))
            return 400
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def _look_at(self, asked: Asked) -> None:
        document = json.loads(asked.body)
        jsonschema.validate(document, REQUEST)
        kinds = [part["type"] for part in document["messages"][0]["content"]]
        assert (asked.method, asked.target) == ("POST", "/v1/chat/completions"), asked.target
        assert asked.headers["content-type"] == "application/json"
        assert asked.headers.get("authorization") == (self._key and f"Bearer {self._key}")
        assert document["model"] == self._model
        assert sorted(kinds) == ["image_url", "text"], kinds
