"""What a request holds: one message or several, as they are or as CloudEvents, and the signature over it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal

from edge_app.publish.messages import ENCODER, Message
from edge_app.publish.pictures import EventPictures

DocumentFormat = Literal["json", "cloudevents"]
PictureForm = Literal["none", "inline", "url"]
SIGNATURE = "X-Edge-App-Signature"

CONTENT_TYPES: dict[tuple[DocumentFormat, bool], str] = {  # by format, and whether there may be several messages
    ("json", False): "application/json",
    ("json", True): "application/x-ndjson",
    ("cloudevents", False): "application/json",  # the binary mode: the envelope is in the headers
    ("cloudevents", True): "application/cloudevents-batch+json",
}


def body_of(messages: Sequence[Message], form: DocumentFormat, *, batch: bool) -> bytes:
    """The body of a request; without `batch`, of one message."""
    if not batch:
        return messages[0].payload
    if form == "json":
        return b"".join(message.payload + b"\n" for message in messages)
    return b"[" + b",".join(map(_enveloped, messages)) + b"]"


def with_picture(message: Message, pictures: EventPictures, form: PictureForm) -> Message:
    """The message of an event with its picture, or where that is, if it has one."""
    if message.kind != "events":
        return message
    event = json.loads(message.payload)
    if form == "inline" and (path := pictures.of(event)) is not None:
        with suppress(OSError):  # it has just been deleted, as all that is too much
            event["picture"] = base64.b64encode(path.read_bytes()).decode()
    elif form == "url" and (url := pictures.url_of(event)) is not None:
        event["picture_url"] = url
    else:
        return message
    return replace(message, payload=ENCODER.encode(event).encode())


def headers_about(message: Message, form: DocumentFormat) -> dict[str, str]:
    """What the headers of a request say of its one message, whose document need not say it."""
    about = {"X-Edge-App-Kind": message.kind, **({"X-Edge-App-Camera": message.camera} if message.camera else {})}
    return about if form == "json" else about | {f"ce-{key}": text for key, text in attributes(message).items()}


def attributes(message: Message) -> dict[str, str]:
    """The attributes of a message as a CloudEvent 1.0.

    `source` and `id` are the same for the same message, and for no other, whoever sends it how often.
    """
    document = json.loads(message.payload)
    camera = f"/{message.camera}" if message.camera else ""
    return {
        "specversion": "1.0",
        "id": _identity(message, document),
        "source": f"edge_app{camera}",
        "type": document.get("schema", f"edge_app.{message.kind}/1"),
        **_time(document),
    }


def _enveloped(message: Message) -> bytes:
    head = {**attributes(message), "datacontenttype": "application/json"}
    return ENCODER.encode(head).encode()[:-1] + b',"data":' + message.payload + b"}"


def signature(secret: str, timestamp_s: int, body: bytes) -> str:
    """The value of `X-Edge-App-Signature`: the HMAC-SHA256 of time, a dot and body.

    >>> signature("key", 1795446000, b"{}")
    't=1795446000,v1=cf19a0d792244e05e06caa7abfabe6df1c467fd0fc0d339680e0d766c4372263'
    """
    digest = hmac.new(secret.encode(), b"%d." % timestamp_s + body, hashlib.sha256).hexdigest()
    return f"t={timestamp_s},v1={digest}"


def _identity(message: Message, document: dict[str, Any]) -> str:
    if "session" in document and "seq" in document:
        return f"{document['session']}-{message.kind}-{document['seq']}"
    return hashlib.sha256(message.payload).hexdigest()[:32]


def _time(document: dict[str, Any]) -> dict[str, str]:
    found = next((document[key] for key in ("capture_ts", "ts", "since") if key in document), None)
    return {} if found is None else {"time": found}
