"""Thirty places of a configuration where a secret may stand, and the faults that may bring it to light: none does."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from edge_app.app.config import load_config
from edge_app.cli import execute
from tests.broker.odd_broker import OddBroker
from tests.capture.http_camera import StartHttpCamera
from tests.program import StartProgram
from tests.rtsp.manners import ANSWERS, SENDS, Manner, refused
from tests.rtsp.odd_camera import OddCamera

SECRET = "planted&Hx7"
FORMS = (SECRET, quote(SECRET), quote(SECRET, safe=""), "planted", "Hx7")  # also in parts

RIGHT = {  # YAML of a camera, or of a sink, that is right
    "password": "cameras: {a: {url: 'RTSP/x', username: u, password: 'S'}}",
    "password from a variable": "cameras: {a: {url: 'RTSP/x', username: u, password: '${S}'}}",
    "part of a password from a variable": "cameras: {a: {url: 'RTSP/x', username: u, password: 'x${S}y'}}",
    "default of a variable": "cameras: {a: {url: 'RTSP/x', username: u, password: '${NONE:-S}'}}",
    "username from a variable": "cameras: {a: {url: 'RTSP/x', username: '${S}', password: p}}",
    "password of an HTTP camera": "cameras: {a: {url: 'HTTP/digest', username: u, password: 'S'}}",
    "path": "cameras: {a: {url: 'RTSP/S/live'}}",
    "last part of a path": "cameras: {a: {url: 'RTSP/live/S'}}",
    "path of an HTTP camera": "cameras: {a: {url: 'HTTP/api/S/live.mjpg'}}",
    "query": "cameras: {a: {url: 'RTSP/live?channel=1&token=S'}}",
    "query without a name": "cameras: {a: {url: 'RTSP/live?S'}}",
    "name in a query": "cameras: {a: {url: 'HTTP/live?S=1'}}",
    "query of an HTTP camera": "cameras: {a: {url: 'HTTP/snapshot.jpg?user=admin&pwd=S'}}",
    "parameter of a path": "cameras: {a: {url: 'RTSP/live;auth=S'}}",
    "fragment": "cameras: {a: {url: 'RTSP/live#S'}}",
    "url from a variable": "cameras: {a: {url: 'RTSP/${S}/live'}}",
    "query of a webhook": "publish: [{type: webhook, url: 'http://127.0.0.1:1/x?token=S'}]",
    "path of a webhook": "publish: [{type: webhook, url: 'http://127.0.0.1:1/services/S/x'}]",
    "login of a webhook": "publish: [{type: webhook, url: 'http://u:S@127.0.0.1:1/'}]",
    "header of a webhook": "publish: [{type: webhook, url: 'http://127.0.0.1:1/', headers: {X-Token: 'Bearer S'}}]",
    "secret of a webhook": "publish: [{type: webhook, url: 'http://127.0.0.1:1/', secret: 'S'}]",
    "login for a service": "publish: [{type: notify, urls: ['json://u:S@127.0.0.1:1/S/x?+X=S']}]",
    "password of a broker": "publish: [{type: mqtt, host: 127.0.0.1, port: MQTT, username: u, password: 'S'}]",
    "username of a broker": "publish: [{type: mqtt, host: 127.0.0.1, port: MQTT, username: '${S}', password: pppp}]",
    "prefix of topics": "publish: [{type: mqtt, host: 127.0.0.1, port: MQTT, prefix: 'sites/${S}'}]",
    "password of a Redis server": "publish: [{type: redis, host: 127.0.0.1, port: MQTT, username: u, password: 'S'}]",
    "password of a Kafka cluster": (
        "publish: [{type: kafka, brokers: ['127.0.0.1:MQTT'], username: u, password: '${S}', mechanism: PLAIN}]"
    ),
    "name of a client": "publish: [{type: mqtt, host: 127.0.0.1, port: MQTT, client_id: '${S}'}]",
}
WRONG = {
    "login within the url": "cameras: {a: {url: 'rtsp://u:S@127.0.0.1:1/x'}}",
    "login with odd signs": "cameras: {a: {url: 'rtsp://u:S/@?#@127.0.0.1:1/x'}}",
    "url without a scheme": "cameras: {a: {url: 'u:S@127.0.0.1/x'}}",
    "url of an unknown scheme": "cameras: {a: {url: 'rstp://u:S@127.0.0.1/x?S'}}",
    "url instead of a camera": "cameras: {a: 'rtsp://u:S@127.0.0.1/x'}",
    "camera instead of a list": "cameras: ['rtsp://u:S@127.0.0.1/x']",
    "unknown key": "cameras: {a: {url: 'rtsp://127.0.0.1/x', pasword: 'S'}}",
    "password that is a list": "cameras: {a: {url: 'rtsp://127.0.0.1/x', username: u, password: ['S']}}",
    "password that is a mapping": "cameras: {a: {url: 'rtsp://127.0.0.1/x', username: u, password: {x: 'S'}}}",
    "password without a username": "cameras: {a: {url: 'rtsp://127.0.0.1/x', password: 'S'}}",
    "password of no network camera": "cameras: {a: {url: 'synthetic://street', username: u, password: 'S'}}",
    "quote that is not closed": "cameras: {a: {url: 'rtsp://127.0.0.1/x', username: u, password: 'S}}",
    "bracket that is not closed": "cameras: {a: {url: 'rtsp://127.0.0.1/x', password: 'S'",
    "wrong indentation": "cameras:\n  a:\n    url: x\n   password: S",
    "password given twice": "cameras: {a: {url: 'rtsp://127.0.0.1/x', password: 'S', password: 'S'}}",
    "value that is no number": "cameras: {a: {url: 'rtsp://127.0.0.1/x', stall_timeout_s: '${S}'}}",
    "value that is none of the choices": "cameras: {a: {url: 'rtsp://127.0.0.1/x', transport: '${S}'}}",
    "name of a camera": "cameras: {'${S}!': {url: 'rtsp://127.0.0.1/x'}}",
    "password of a broker without a username": "publish: [{type: mqtt, host: h, password: 'S'}]",
    "url of a broker": "publish: [{type: mqtt, host: 'mqtt://u:S@h:1883'}]",
    "key of a certificate": "publish: [{type: mqtt, host: h, tls: {ca: null, key_password: 'S'}}]",
    "unknown sink": "publish: [{type: pulsar, password: 'S'}]",
    "url of no service": "publish: [{type: notify, urls: ['tgramm://S/1']}]",
    "service without a scheme": "publish: [{type: notify, urls: ['S']}]",
    "url of a webhook": "publish: [{type: webhook, url: 'htps://u:S@h/S?S'}]",
    "header of a webhook that is none": "publish: [{type: webhook, url: 'https://h/', headers: 'S'}]",
    "header of a webhook that is a list": "publish: [{type: webhook, url: 'https://h/', headers: {X: ['S']}}]",
    "url instead of a certificate": ("publish: [{type: mqtt, host: h, tls: {ca: 'rtsp://u:S@127.0.0.1/x'}}]"),
    "url instead of a file": "publish: [{type: file, path: 'ftp://u:S@127.0.0.1/x'}]",
    "token of the HTTP side": "web: {token: 'S'}",
    "name of a model": "model: {name: '${S}'}",
    "file of a model": "model: {onnx: '${S}.onnx'}",
}


def written(path: Path, text: str, **places: object) -> Path:
    """The configuration, whole, readable by its owner only; `S` is the secret, but for the name of a variable."""
    text = re.sub(r"(?<![\w{])S(?!\w)|(?<=:-)S|\bS(?=x{200})", SECRET, text)
    for name, place in places.items():
        text = text.replace(name, str(place))
    for section, default in {
        "model": "{name: traffic}",
        "cameras": "{z: {url: 'synthetic://street'}}",
        "publish": "[{type: stdout}]",
    }.items():
        text += "" if re.search(rf"(?m)^{section}:", text) else f"\n{section}: {default}"
    assert SECRET in text or "${S}" in text
    path.write_text(text + "\n")
    path.chmod(0o600)
    return path


def shown(text: str) -> list[str]:
    return [form for form in FORMS if form in text]


@pytest.mark.parametrize("place", WRONG)
def test_a_mistake_in_the_configuration_shows_none(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, place: str
):
    monkeypatch.setenv("S", SECRET)
    path = written(tmp_path / "config.yaml", WRONG[place])
    assert execute(["check", str(path)]) in (66, 78)
    said = capfd.readouterr()
    assert said.err
    assert shown(said.out + said.err) == []


@pytest.mark.parametrize("place", RIGHT)
def test_the_configuration_as_it_is_shown_shows_none(tmp_path: Path, place: str):
    places = {"RTSP": "rtsp://127.0.0.1:1", "HTTP": "http://127.0.0.1:1", "MQTT": 1883}
    config = load_config(written(tmp_path / "config.yaml", RIGHT[place], **places), {"S": SECRET})
    assert shown(json.dumps(config.shown(), ensure_ascii=False)) == []


REFUSALS = {
    "refused": ANSWERS["no such stream"],
    "wants a login": Manner(challenges=('Digest realm="x", nonce="n"',)),
    "wants the password in clear": Manner(challenges=('Basic realm="x"',)),
    "redirects": Manner(answer=refused("DESCRIBE", "302 Found", "Location: {url}?again")),
    "hangs up": ANSWERS["it hangs up at PLAY"],
    "fails later": SENDS["it hangs up again and again"],
}


@pytest.mark.parametrize("fault", REFUSALS)
def test_no_fault_shows_one(
    edge_app: StartProgram, tmp_path: Path, odd_camera: OddCamera, http_camera: StartHttpCamera, fault: str
):
    """All places at once, each a camera or a sink of one program that logs everything; and `check --probe`."""
    odd_camera.behave(REFUSALS[fault])
    web = http_camera(("Digest", "u", "another")) if "login" in fault else http_camera()
    cameras, sinks = [], ["{type: stdout}"]
    with OddBroker(code=0x87 if "login" in fault else 0) as bad, OddBroker() as good:
        for index, text in enumerate(RIGHT.values()):
            section, _, rest = text.partition(": ")
            if section == "cameras":
                keys = rest.removeprefix("{a: {").removesuffix("}}")
                cameras.append(f"  c{index}: {{{keys}, reconnect: {{initial_s: 0.2, max_s: 0.5}}}}")
            else:
                end = ", version: '5'}" if "mqtt" in rest else "}"
                sinks.append(rest.removeprefix("[{").removesuffix("}]").join((f"{{name: s{index}, ", end)))
        sinks.append(f"{{type: mqtt, name: good, host: 127.0.0.1, port: {good.port}, prefix: edge_app}}")
        text = "cameras:\n" + "\n".join(cameras) + "\npublish: [" + ", ".join(sinks) + "]"
        places = {"RTSP": odd_camera.url("odd"), "HTTP": web.url("odd"), "MQTT": bad.port}
        path = written(tmp_path / "config.yaml", text, **places)
        program = edge_app("run", path, "--log-level", "debug", env={"S": SECRET})
        said = r"camera c\d+ is (?:down|up)|\bs\d+: (?:down|up)"
        program.until(lambda: len(set(re.findall(said, program.log))) >= len(RIGHT) - 2)
        program.until(lambda: any(topic.endswith("/stats") for topic in good.topics()))
        end = time.monotonic() + 2
        program.until(lambda: time.monotonic() > end)
        assert program.terminate()[0] == 0
        told = "".join(published.payload.decode("utf-8", "replace") for published in good.seen)
        assert '"schema": "edge_app.stats/1"' in told or '"schema":"edge_app.stats/1"' in told
        assert shown(program.log + program.output + told) == []
        probe = edge_app("check", path, "--probe", env={"S": SECRET})
        probe.wait()
        assert "FAIL" in probe.output
        assert shown(probe.log + probe.output) == []
    assert os.environ.get("S") is None
