"""The first configuration of a camera: commented, without secrets, ready to run."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from edge_app.capture import StreamInfo

ENOUGH_FPS = 10  # to follow people
TEMPLATE = """\
# yaml-language-server: $schema=edge_app.schema.json
# Written by `edge-app init`. The schema for your editor: edge-app schema config > edge_app.schema.json
# Passwords stay out of this file: ${{NAME}} is taken from the environment, from systemd's credentials, or
# from the file beside this one that ends in .env.

{model}

cameras:
  {camera}:
    # {stream}
    # What is told beside the boxes: draw it on the page, or write it here.
    # zones: {{door: {{polygon: [[0.1, 0.2], [0.5, 0.2], [0.5, 0.9], [0.1, 0.9]], labels: [person], dwell_s: 10}}}}
    # lines: {{entrance: {{from: [0.1, 0.5], to: [0.9, 0.5], labels: [person]}}}} # in: from its left hand to its right
{keys}

web: {{port: 8080}} # the page, for this machine alone: http://127.0.0.1:8080
evidence: {{}} # what happens in zones and at lines is kept with its picture, for two weeks and up to 2 GB
# evidence: {{clips: {{types: [enter, dwell, cross]}}}} # and with a clip

publish: # any number of these
  - {{type: stdout}} # one message per line
  # - {{type: file, path: detections.ndjson}} # beside this file, rotated
  # - {{type: mqtt, host: localhost, port: 1883}} # topics edge_app/<camera>/…
"""


@dataclass(frozen=True, slots=True)
class ConfigTemplate:
    """A configuration file for one camera.

    Attributes:
        camera: Its name.
        url: The value of `url` in the file: the URL or a variable.
        login: Whether user and password come from variables.
        stream: What the camera sends; None if it was not probed.
        model: Name of the model to begin with.
        better: The model to pull for a real camera; empty if `model` is for real cameras.
    """

    camera: str
    url: str
    login: bool
    stream: StreamInfo | None
    model: str
    better: str

    @property
    def text(self) -> str:
        """The YAML file."""
        return TEMPLATE.format(
            model="\n".join(self._model()),
            camera=self.camera,
            stream="nobody asked it yet: edge-app check FILE --probe" if self.stream is None else summary(self.stream),
            keys="\n".join(f"    {line}" for line in self._keys()),
        )

    def _model(self) -> list[str]:
        if not self.better:
            return [f"model: {{name: {self.model}}} # `edge-app models list` shows what else there is"]
        return [
            f"# {self.model} knows rendered scenes only. For a real camera: edge-app models pull {self.better}",
            f"model: {{name: {self.model}}}",
        ]

    def _keys(self) -> list[str]:
        fast = self.stream is not None and (self.stream.fps or 0) > ENOUGH_FPS
        rate = f"max_fps: {ENOUGH_FPS} # frames/s that are analysed; more follow fast objects and cost CPU"
        lines = [rate if fast else f"# {rate}"]
        if self.url.startswith("rtsps://"):
            lines.append(
                "# tls: {ca: camera-ca.pem} # where no authority that this machine knows signed its certificate"
            )
        lines.append(f"url: {scalar(self.url)}")
        if self.login:
            user, password, _ = names(self.camera)
            lines += [f"username: ${{{user}}}", f"password: ${{{password}}}"]
        return lines  # no comment is the last: the page adds zones and cameras behind the keys, and it would be theirs


def summary(stream: StreamInfo) -> str:
    """What the camera sends, in words."""
    rate = f"{stream.fps:.4g} frames/s" if stream.fps else "frames/s unknown"
    return f"{stream.codec}, {stream.width}x{stream.height}, {rate}"


def names(camera: str) -> tuple[str, str, str]:
    """The names of the variables for a camera's user, password and URL.

    >>> names("gate"), names("2nd")[0]
    (('GATE_USER', 'GATE_PASSWORD', 'GATE_URL'), 'CAMERA_2ND_USER')
    """
    prefix = f"CAMERA_{camera}" if camera[:1].isdigit() else camera
    return f"{prefix}_USER".upper(), f"{prefix}_PASSWORD".upper(), f"{prefix}_URL".upper()


def url_value(camera: str, url: str, *, secret: bool) -> str:
    """The value of `url` in the file: the URL itself, or a variable if it holds a secret."""
    return f"${{{names(camera)[2]}}}" if secret else url.replace("${", "$${")


def scalar(text: str) -> str:
    """The text in YAML: plain, or in JSON's quotes if plain text would mean something else.

    >>> scalar("rtsp://10.0.0.5/a?b=1"), scalar("rtsp://10.0.0.5/a #b")
    ('rtsp://10.0.0.5/a?b=1', '"rtsp://10.0.0.5/a #b"')
    """
    return text if re.fullmatch(r"[\w./:?=&;,~+-]*[\w/]|\$\{\w+\}", text, re.ASCII) else json.dumps(text)
