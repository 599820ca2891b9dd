"""Each mistake is one line: FILE:LINE:COLUMN: key: what is wrong, and the nearest name; ten are told at once."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

import pytest
from pydantic import Field, SecretStr, ValidationError

from edge_app.app.config import load_config
from edge_app.config import Section
from edge_app.config.document import read
from edge_app.config.issue import ConfigIssues
from edge_app.config.validation import validate
from edge_app.core.errors import AccessError, ConfigError, InputError
from tests.config.files import CAMERAS, MODEL, SOUND, load_text

SECRET = "s3cret-pass"
TOP = (
    "model, engine, cameras, detect, track, events, evidence, describe, timezone, "
    "publish, limits, web, workers, fleet, shutdown, reload, state_dir"
)


def all_said(folder: Path, text: str | bytes, **environ: str) -> list[str]:
    """The lines, without the name of the file."""
    with pytest.raises(ConfigError) as caught:
        load_text(folder, text, **environ)
    assert str(caught.value).split("\n") == list(caught.value.lines)
    assert caught.value.exit_code == 78
    name = f"{folder / 'c.yaml'}:"
    assert all(line.startswith((name, "and ")) for line in caught.value.lines)
    return [line.removeprefix(name) for line in caught.value.lines]


def said(folder: Path, text: str | bytes, **environ: str) -> str:
    """The one line, without the name of the file."""
    (line,) = all_said(folder, text, **environ)
    return line


def camera(keys: str) -> str:
    """A configuration whose camera has `keys`, which begin in line 3, column 5."""
    return f"{MODEL}cameras:\n  a: {{{keys}}}\n"


def sink(keys: str) -> str:
    """A configuration whose sink has `keys`, which begin in line 3, column 12."""
    return f"{SOUND}publish: [{{{keys}}}]\n"


KEYS = [
    pytest.param(
        f"{MODEL}publish: [{{type: stdout}}]\ncamras: {{a: {{url: x}}}}\n",
        "3:1: camras: unknown key, did you mean cameras?",
        id="misspelt at the top",
    ),
    pytest.param(
        f"{MODEL}cameras:\n  a:\n    url: x\n    transprt: tcp\n",
        "5:5: cameras.a.transprt: unknown key, did you mean transport?",
        id="misspelt in a camera",
    ),
    pytest.param(
        sink("type: mqtt, host: x, prt: 1"),
        "3:33: publish[0].prt: unknown key, did you mean port?",
        id="misspelt in a sink",
    ),
    pytest.param(
        sink("type: mqtt, host: x, tls: {cca: x}"),
        "3:39: publish[0].tls.cca: unknown key, did you mean ca?",
        id="misspelt in a section of a sink",
    ),
    pytest.param(
        sink("type: stdout, path: x"),
        "3:26: publish[0].path: unknown key; known here: type, name, messages, required, max_per_s, spool",
        id="key of another sink",
    ),
    pytest.param(
        SOUND + "wings: {}\n",
        f"3:1: wings: unknown key; known here: {TOP}",
        id="not near anything",
    ),
    pytest.param(SOUND + "ENGINE: {}\n", "3:1: ENGINE: unknown key, did you mean engine?", id="wrong case"),
    pytest.param(
        SOUND + "base: /x\n",
        f"3:1: base: unknown key; known here: {TOP}",
        id="a field that is not a key",
    ),
    pytest.param(
        SOUND + '"detect\\n": {}\n', "3:1: 'detect\\n': unknown key, did you mean detect?", id="line break in a key"
    ),
    pytest.param(
        f"{MODEL}cameras:\n  gate:\n    url: x\n  gate:\n    url: y\n",
        "5:3: cameras.gate: given twice, first in line 3",
        id="one name twice",
    ),
    pytest.param(SOUND + MODEL, "3:1: model: given twice, first in line 1", id="one section twice"),
    pytest.param(
        SOUND + "[a]: 1\n", "3:1: want a name as key; write it in quotes if it begins with [ or {", id="a list as key"
    ),
    pytest.param(MODEL, "1:1: cameras: missing", id="no cameras key"),
    pytest.param(CAMERAS, "1:1: model: want name or onnx", id="no model key"),
    pytest.param(MODEL + "cameras:\n  a:\n    enabled: true\n", "3:3: cameras.a.url: missing", id="no url"),
    pytest.param(MODEL + "cameras: {a: }\n", "2:11: cameras.a.url: missing", id="camera without keys"),
    pytest.param(sink("type: mqtt"), "3:11: publish[0].host: missing", id="sink without host"),
    pytest.param(sink("path: x"), "3:11: publish[0].type: missing", id="sink without type"),
    pytest.param(
        MODEL + "cameras: {Gate-1: {url: x}}\n",
        "2:11: cameras.Gate-1: want only a-z, 0-9 and _",
        id="name of a camera",
    ),
]

VALUES = [
    pytest.param(
        f"{MODEL}cameras:\n  a:\n    url: x\n    max_fps: fast\n",
        "5:14: cameras.a.max_fps: want a number, got 'fast'",
        id="word for a number",
    ),
    pytest.param(
        camera('url: x, max_fps: "fast"'), "3:24: cameras.a.max_fps: want a number, got 'fast'", id="quoted word"
    ),
    pytest.param(
        camera("url: x, max_fps: true"), "3:24: cameras.a.max_fps: want a number, got 'true'", id="true for a number"
    ),
    pytest.param(camera("url: x, max_fps: 0"), "3:24: cameras.a.max_fps: want more than 0, got '0'", id="zero rate"),
    pytest.param(
        camera("url: ., max_fps: 10"),
        "3:24: cameras.a.max_fps: does not go with a folder, whose pictures are all taken",
        id="rate of a folder",
    ),
    pytest.param(camera("url: x, max_fps: .nan"), "3:24: cameras.a.max_fps: want a number, got '.nan'", id="yaml nan"),
    pytest.param(camera("url: x, max_fps: inf"), "3:24: cameras.a.max_fps: want a number, got 'inf'", id="infinite"),
    pytest.param(
        camera("url: x, max_fps: [1]"), "3:15: cameras.a.max_fps: want a number, got a list", id="list for a number"
    ),
    pytest.param(
        camera("url: x, max_frame_age_ms: 1e9999"),
        "3:33: cameras.a.max_frame_age_ms: want a number, got '1e9999'",
        id="overflow",
    ),
    pytest.param(
        camera("url: x, enabled: yes"), "3:24: cameras.a.enabled: want true or false, got 'yes'", id="yes is no switch"
    ),
    pytest.param(camera("url: x, enabled: 1"), "3:24: cameras.a.enabled: want true or false, got '1'", id="nor is 1"),
    pytest.param(
        camera("url: x, rotate: 45"), "3:23: cameras.a.rotate: want 0, 90, 180 or 270, got '45'", id="not a choice"
    ),
    pytest.param(
        camera("url: x, transport: tpc"),
        "3:26: cameras.a.transport: want tcp or udp, got 'tpc', did you mean tcp?",
        id="misspelt choice",
    ),
    pytest.param(
        camera("url: x, decode: [cpu]"),
        "3:15: cameras.a.decode: want auto, cpu, nvdec or gstreamer, got a list",
        id="list for a choice",
    ),
    *(
        pytest.param(
            camera(f"start_at: 2026-11-23T15:00:00Z, url: '{url}'"),
            "3:17: cameras.a.start_at: goes with a file, a folder or a scene of so many frames, not with a live camera",
            id=f"start_at of {url}",
        )
        for url in ("rtsp://10.0.0.5/s", "http://10.0.0.5/s", "/dev/video0", "synthetic://street")
    ),
    pytest.param(
        camera("url: x, start_at: 12:30"),
        "3:25: cameras.a.start_at: want a time such as 2026-11-23T15:00:00Z, got '12:30'",
        id="clock for a time",
    ),
    pytest.param(
        camera("url: x, start_at: 2026-11-23T15:00:00"),
        "3:25: cameras.a.start_at: want a time with its zone, such as 2026-11-23T15:00:00Z, got '2026-11-23T15:00:00'",
        id="time without zone",
    ),
    pytest.param(
        camera("url: x, reconnect: {initial_s: 50}"),
        "3:15: cameras.a.reconnect.max_s: want at least initial_s, which is 50",
        id="first pause over the longest",
    ),
    pytest.param(camera("url: "), "3:7: cameras.a.url: want text, got nothing", id="url without value"),
    pytest.param(camera('url: ""'), "3:12: cameras.a.url: want some text, got ''", id="empty url"),
    pytest.param(
        MODEL + "cameras: [a]\n", "2:1: cameras: want names with values below them, got a list", id="cameras as a list"
    ),
    pytest.param(MODEL + "cameras: {}\n", "2:1: cameras: want at least one", id="no camera"),
    pytest.param(
        MODEL + "cameras:\n", "2:1: cameras: want names with values below them, got nothing", id="nothing below cameras"
    ),
    pytest.param("model:\n" + CAMERAS, "1:1: model: want name or onnx", id="no model"),
    pytest.param(
        "model: {name: a, onnx: b}\n" + CAMERAS, "1:24: model.onnx: want name or onnx, not both", id="two models"
    ),
    pytest.param(
        SOUND + "engine: {max_batch: 65}\n", "3:21: engine.max_batch: want at most 64, got '65'", id="above a bound"
    ),
    pytest.param(SOUND + "engine: {max_batch: 0}\n", "3:21: engine.max_batch: want at least 1, got '0'", id="no batch"),
    pytest.param(
        SOUND + "engine: {threads: -1}\n", "3:19: engine.threads: want at least 0, got '-1'", id="below a bound"
    ),
    pytest.param(
        SOUND + "engine: {max_batch: 1.5}\n",
        "3:21: engine.max_batch: want a whole number, got '1.5'",
        id="not a whole number",
    ),
    pytest.param(SOUND + "engine: {slots: 3}\n", "3:17: engine.slots: want 1 or 2, got '3'", id="not one of two"),
    pytest.param(
        SOUND + "engine: {threads: " + "1" * 5000 + "}\n",
        f"3:19: engine.threads: want a whole number, got '{'1' * 39}…'",
        id="endless number",
    ),
    pytest.param(
        SOUND + "engine: auto\n",
        "3:9: engine: want keys with values below them, got a text",
        id="word for a section",
    ),
    pytest.param(SOUND + "detect: {labels: []}\n", "3:10: detect.labels: want at least one", id="no labels"),
    pytest.param(
        SOUND + "detect: {labels: person}\n", "3:18: detect.labels: want a list, got a text", id="word for a list"
    ),
    pytest.param(
        SOUND + "detect:\n  labels:\n    - person\n    - [car]\n",
        "6:7: detect.labels[1]: want text, got a list",
        id="item of a list",
    ),
    pytest.param(SOUND + "state_dir:\n", "3:1: state_dir: want a path, got nothing", id="path without value"),
    pytest.param(SOUND + "publish: []\n", "3:1: publish: want at least one", id="no sinks"),
    pytest.param(SOUND + "publish: stdout\n", "3:10: publish: want a list, got a text", id="word for the sinks"),
    pytest.param(
        SOUND + "publish: [stdout]\n",
        "3:11: publish[0]: want keys with values below them, got a text",
        id="word for a sink",
    ),
    pytest.param(
        sink("type: mqt, host: x"),
        "3:18: publish[0].type: want stdout, file, mqtt, webhook, redis, kafka, tcp, udp or notify, got 'mqt',"
        " did you mean mqtt?",
        id="unknown sink",
    ),
    pytest.param(
        sink("type: mqtt, host: x, path: /ws"),
        "3:39: publish[0].path: goes with `transport: websockets` only",
        id="path without WebSockets",
    ),
    pytest.param(
        sink("type: mqtt, host: x, transport: websockets, path: ws"),
        "3:62: publish[0].path: want a path that begins with /, without spaces, ? and #, got 'ws'",
        id="path without a slash",
    ),
    pytest.param(
        sink("type: kafka, brokers: [http://x:9092]"),
        "3:35: publish[0].brokers[0]: want HOST:PORT, without scheme and path",
        id="URL of a broker",
    ),
    pytest.param(
        sink("type: kafka, brokers: ['x:9092'], username: u"),
        "3:56: publish[0].username: needs password beside it",
        id="Kafka user without a password",
    ),
    pytest.param(
        sink("type: kafka, brokers: ['x:9092'], mechanism: SCRAM"),
        "3:57: publish[0].mechanism: want SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN, got 'SCRAM'",
        id="unknown mechanism",
    ),
    pytest.param(
        sink("type: redis, host: 'redis://x'"),
        "3:31: publish[0].host: want a name or an address, without scheme, port and path",
        id="URL of a Redis server",
    ),
    pytest.param(
        sink("type: redis, host: x, prefix: a b"),
        "3:42: publish[0].prefix: want a text without spaces, got 'a b'",
        id="prefix with a space",
    ),
    pytest.param(
        sink("type: redis, host: x, maxlen: 0"),
        "3:42: publish[0].maxlen: want at least 1, got '0'",
        id="streams of nothing",
    ),
    pytest.param(sink("type: tcp, host: x"), "3:11: publish[0].port: missing", id="TCP without a port"),
    pytest.param(
        sink("type: udp, host: x, port: 1, tls: true"),
        "3:41: publish[0].tls: unknown key; known here: type, name, messages, required, max_per_s, spool, host, port",
        id="UDP with TLS",
    ),
    pytest.param(
        sink("type: file, path: x}, {type: file, path: y"),
        "3:34: publish[1]: a second sink named file; give it another `name`",
        id="two sinks of one name",
    ),
    pytest.param(
        sink("type: mqtt, host: 'mqtt://x'"),
        "3:30: publish[0].host: want a name or an address, without scheme, port and path",
        id="url for a host",
    ),
    pytest.param(sink("type: mqtt, host: x, qos: 2"), "3:38: publish[0].qos: want 0 or 1, got '2'", id="qos"),
    pytest.param(
        sink("type: mqtt, host: x, prefix: a/#"),
        "3:41: publish[0].prefix: want a topic without spaces, # and +, that neither begins nor ends with /, got 'a/#'",
        id="wildcard in the prefix",
    ),
    pytest.param(
        sink("type: mqtt, host: x, tls: maybe"),
        "3:38: publish[0].tls: want true, false or {ca: FILE, verify: true}",
        id="word for tls",
    ),
]

URLS = [
    pytest.param(
        "rstp://x",
        "want rtsp, rtsps, http, https or synthetic://… or a path, did you mean rtsp?",
        id="misspelt scheme",
    ),
    pytest.param(" rtsp://x/s", "want nothing before rtsp://, neither blanks nor curly quotes", id="blank before"),
    pytest.param("“RTSP://x/s”", "want nothing before rtsp://, neither blanks nor curly quotes", id="curly quotes"),
    pytest.param("rtsp://x/s ", "ends with a blank", id="blank behind"),
    pytest.param("ftp://x", "want rtsp, rtsps, http, https or synthetic://… or a path", id="ftp"),
    pytest.param("rtsp://", "want a host, or host:port, after ://", id="no host"),
    pytest.param("rtsp:///stream", "want a host, or host:port, after ://", id="path without host"),
    pytest.param("rtsp://x:port/s", "want a host, or host:port, after ://", id="port is a word"),
    pytest.param("rtsp://x:65536/s", "want a port from 1 to 65535", id="port too great"),
    pytest.param("http://[::1]:0", "want a port from 1 to 65535", id="port zero"),
    pytest.param(f"rtsp://x:{'1' * 5000}/s", "want a port from 1 to 65535", id="endless port"),
]

LOGINS = [
    f"rtsp://user:{SECRET}@10.0.0.5/stream",
    f"rtsp://user:{SECRET}/x@10.0.0.5/stream",
    f"rtsp://user:{SECRET}#x@10.0.0.5/stream",
    f"HTTP://{SECRET}@10.0.0.5:80",
    f"rtsp://user:{SECRET}@x@10.0.0.5/stream",
]

SYNTAX = [
    pytest.param("cameras: [a: {\n", "2:1: the file ends before a bracket is closed", id="open bracket"),
    pytest.param("a: 'x\nb: 1\n", "1:4: the quote that begins here is not closed", id="open quote"),
    pytest.param("a:\n\tb: 1\n", "2:1: a tab; indent with spaces", id="tab"),
    pytest.param(
        "a: b: c\n", "1:5: unexpected ':'; quote a value that contains ': ', or correct the indentation", id="colon"
    ),
    pytest.param("a: 1\nb\n", "2:1: a line without 'key: '", id="no colon"),
    pytest.param("a:\n  - b\n c: 1\n", "3:2: does not fit here; correct the indentation", id="indentation"),
    pytest.param("a: [1 2: 3\n  b]}\n", None, id="anything"),
    pytest.param("a: @b\n", "1:4: quote a value that begins with %, @ or a backquote", id="at sign"),
    pytest.param('a: "\\q"\n', "1:6: unknown escape; use 'single quotes' for text with backslashes", id="escape"),
    pytest.param(
        'a: "\\xZ"\n',
        "1:7: an escape without its hexadecimal digits; use 'single quotes' for text with backslashes",
        id="escape without digits",
    ),
    pytest.param('a: 1\nb: "\\U0011ffff"\n', r"2:5: there is no character \U0011ffff", id="no character"),
    pytest.param('a: "\\UFFFFFFFF"\n', r"1:5: there is no character \UFFFFFFFF", id="far from a character"),
    pytest.param("%YAML 9.9\n---\na: 1\n", "1:1: want YAML 1.1 or 1.2; leave the %YAML line out", id="another YAML"),
    pytest.param("a: {b: ${X}}\n", '1:9: write "${VAR}" in quotes inside { } and [ ]', id="variable in braces"),
    pytest.param("a: [${X}]\n", '1:6: write "${VAR}" in quotes inside { } and [ ]', id="variable in brackets"),
    pytest.param("a: [b {c]\n", "1:7: expected ',' or ']'; quote a value with ? [ ] { }", id="bracket inside brackets"),
    pytest.param(
        "a: {url: rtsp://[fd00::1]:554/s}\n",
        "1:17: expected ',' or '}'; quote a value with ? [ ] { }",
        id="address in brackets inside braces",
    ),
    pytest.param("a: {b: 'c' d: e}\n", "1:12: expected ',' or '}'", id="missing comma"),
    pytest.param(
        "a: {b: c: d}\n",
        "1:9: unexpected ':'; quote a value that contains ': ', or correct the indentation",
        id="colon inside braces",
    ),
    pytest.param(
        "a: [fd00::1]:554/s\n",
        "1:13: text behind a closed bracket; quote a value with ? [ ] { }",
        id="value that begins with a bracket",
    ),
    pytest.param(
        "a:\n  b: {c: d}e}\n",
        "2:12: text behind a closed bracket; quote a value with ? [ ] { }",
        id="closed brace inside braces",
    ),
    pytest.param("a:\n  b: 1\n\tc: 1\n", "3:1: a tab; indent with spaces", id="tab as indentation of the second key"),
    pytest.param("a: b\tc\n", "1:6: text behind a tab; quote a value with a tab in it", id="tab in a value"),
    pytest.param(
        "a: - b\n", "1:4: quote a value that begins with '- ', or begin a list in a line of its own", id="dash"
    ),
    pytest.param("a: b\0\n", "1:5: unexpected character 0x0000", id="nul"),
    pytest.param("a: b\n".encode("utf-16-le"), "1:1: UTF-16, want UTF-8 text", id="utf-16 without a mark"),
    pytest.param("a: 1\n---\nb: 2\n", "2:1: a second document begins here; want one", id="two documents"),
    pytest.param("a: b\x07\n", "1:5: unexpected character 0x0007", id="control character"),
    pytest.param("a: 1\nb: é\n".encode("latin-1"), "2:4: not UTF-8 text", id="latin-1"),
    pytest.param(SOUND.encode("utf-16"), "1:1: UTF-16, want UTF-8 text", id="utf-16"),
    pytest.param("", "1:1: the file is empty", id="empty"),
    pytest.param("# nothing\n", "1:1: the file is empty", id="comments alone"),
    pytest.param("- a\n", "1:1: want keys with values below them, got a list", id="list at the top"),
    pytest.param("just words\n", "1:1: want keys with values below them, got a text", id="words at the top"),
    pytest.param("[" * 1500, "1:1: nested too deep", id="deep"),
    pytest.param("a: &a [*a]\n", None, id="alias in itself"),
    pytest.param("a: &a {<<: *a}\n", None, id="merge of itself"),
    pytest.param(SOUND + "engine: {<<: b}\n", "3:14: engine.<<: want the alias of a mapping", id="merge of a word"),
    pytest.param("a: !secret x\n", "1:4: a: tags are not supported; quote a value that begins with !", id="tag"),
    pytest.param('a: "\\uD800"\n', "1:4: a: not UTF-8 text, or its variables are not", id="half a character"),
    pytest.param(b"\xef\xbb\xbfa: b\x07\n", "1:5: unexpected character 0x0007", id="after a byte order mark"),
    pytest.param("%FOO\na: 1\n", "2:1: not YAML", id="directive"),
]


@pytest.mark.parametrize(("text", "line"), KEYS)
def test_a_wrong_key_is_named_with_its_place_and_the_nearest(tmp_path, text, line):
    assert said(tmp_path, text) == line


@pytest.mark.parametrize(("text", "line"), VALUES)
def test_a_wrong_value_is_named_with_its_place_and_what_is_wanted(tmp_path, text, line):
    assert said(tmp_path, text) == line


@pytest.mark.parametrize(("text", "line"), SYNTAX)
def test_what_is_not_yaml_is_named_with_its_place(tmp_path, text, line):
    assert said(tmp_path, text) == line or line is None


@pytest.mark.parametrize("value", ["y" * 256, "a\\0b", "é" * 128, "y/" * 2048])
@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("model: {name: traffic}\ncameras: {a: {url: VALUE}}\n", "cameras.a.url"),
        (CAMERAS + "model: {name: VALUE}\n", "model.name"),
        (CAMERAS + "model: {onnx: VALUE}\n", "model.onnx"),
        (CAMERAS + "model: {name: traffic, labels: VALUE}\n", "model.labels"),
        (SOUND + "publish: [{type: file, path: VALUE}]\n", "publish[0].path"),
        (SOUND + "state_dir: VALUE\n", "state_dir"),
    ],
)
def test_a_path_that_no_file_can_have_is_refused(tmp_path, text, key, value):
    line = said(tmp_path, text.replace("VALUE", f'"{value}"'))
    assert line.endswith(f": {key}: want a path without NUL, of at most 255 bytes a name and 4095 in all")


def test_the_number_of_a_camera_at_this_machine_is_told_its_path(tmp_path):
    says = "there is no such file or folder; if it is a camera at this machine, write /dev/video0"
    assert said(tmp_path, camera("url: 0")) == f"3:12: cameras.a.url: {says}"
    (tmp_path / "0").mkdir()
    assert load_text(tmp_path, camera("url: 0")).cameras["a"].path == tmp_path / "0"


NO_SCHEME = "there is no such file or folder; if it is a camera, write rtsp:// or another scheme before its host"


@pytest.mark.parametrize(
    "url",
    [
        "10.0.0.5:554/s",
        "10.0.0.5/s",
        "10.0.0.5",
        "[fd00::1]:554/s",
        "//10.0.0.5/s",
        "rtsp:/10.0.0.5/s",
        "rtsp//10.0.0.5/s",
        "camera.local/stream",
        "camera.local",
        "camera.example.com/live/main",
        "localhost:8554/s",
        "camera:554/s",
        f"camera/stream?user=admin&password={SECRET}",
        "rtsp;//10.0.0.5/s",
        "rtsp.//cam/s",
        "RTSP:\\\\10.0.0.5\\s",
        "rtsp:10.0.0.5/s",
        "http;//cam/video.mp4",
        "cam1/stream",
        "cam1/Streaming/Channels/101",
        "www.cam.example/live.mp4",
        "www.cam.example",
    ],
)
def test_a_url_whose_scheme_is_missing_is_told_so(tmp_path, url):
    line = said(tmp_path, camera(f"url: '{url}'"))
    assert line == f"3:12: cameras.a.url: {NO_SCHEME}"


@pytest.mark.parametrize(
    "url",
    [
        f"admin:{SECRET}@10.0.0.5/s",
        f"admin:{SECRET}@camera",
        f"admin:{SECRET}/x#?y@camera/s",
        f"admin:{SECRET}@x@10.0.0.5:554/s",
        "admin@10.0.0.5/s",
        f"//admin:{SECRET}@10.0.0.5/s",
        f"rtsp:/admin:{SECRET}@10.0.0.5/s",
    ],
)
def test_a_login_in_a_url_whose_scheme_is_missing_is_not_shown(tmp_path, url):
    line = said(tmp_path, camera(f"url: '{url}'"))
    assert line == f"3:12: cameras.a.url: {NO_SCHEME}; user and password have their own keys"


@pytest.mark.parametrize(
    "path",
    [
        "x",
        "clips/gate.mp4",
        "./10.0.0.5/s",
        "../camera.local/s",
        "/srv/camera.local/s",
        "clips.old/gate.MP4",
        "v.2",
        "rtsp/gate.mp4",
    ],
)
def test_a_path_of_a_file_that_is_not_there_stays_a_path(tmp_path, path):
    assert load_text(tmp_path, camera(f"url: '{path}'")).cameras["a"].path == tmp_path / path


def test_a_file_that_is_there_is_never_taken_for_a_host(tmp_path):
    (tmp_path / "camera.local").mkdir()
    (tmp_path / "camera.local" / "stream").touch()
    assert load_text(tmp_path, camera("url: camera.local/stream")).cameras["a"].path == tmp_path / "camera.local/stream"


def test_a_folder_that_is_not_there_in_one_that_is_stays_a_path(tmp_path):
    (tmp_path / "pictures").mkdir()
    assert load_text(tmp_path, camera("url: pictures/today")).cameras["a"].path == tmp_path / "pictures/today"


@pytest.mark.parametrize("rest", [f"password={SECRET}", "1", f"subtype=0,{SECRET}", "b=2 , username: u", "'x'"])
def test_a_comma_in_a_url_inside_braces_is_told_without_showing_what_follows(tmp_path, rest):
    lines = all_said(tmp_path, camera(f"url: rtsp://10.0.0.5/s?channel=1,{rest}"))
    comma = "want ': ' and a value; inside { } a comma ends a value, so quote one that holds a comma"
    assert lines[0] == f"3:40: cameras.a: {comma}"
    assert SECRET not in "".join(lines)


def test_a_value_inside_braces_may_be_empty_quoted_or_an_alias(tmp_path):
    text = camera("url: &u x, tls: , password: null, 'rotate':90") + "  b: {url: *u, username: null}\n"
    loaded = load_text(tmp_path, text)
    assert [loaded.cameras[name].url for name in "ab"] == [str(tmp_path / "x")] * 2


@pytest.mark.parametrize(("url", "words"), URLS)
def test_a_url_that_nothing_can_open_is_refused(tmp_path, url, words):
    assert said(tmp_path, camera(f"url: '{url}'")) == f"3:12: cameras.a.url: {words}"


@pytest.mark.parametrize("url", LOGINS)
def test_a_url_with_a_login_is_refused_without_showing_it(tmp_path, url):
    line = said(tmp_path, camera(f"url: '{url}'"))
    assert line == "3:12: cameras.a.url: write user and password as `username` and `password`, not into the url"


def test_tls_without_an_encrypted_url_is_refused(tmp_path):
    line = said(tmp_path, camera("url: 'rtsp://x/s', tls: true"))
    assert line == "3:31: cameras.a.tls: goes with an rtsps:// or https:// url only"


@pytest.mark.parametrize("url", ["x.mp4", "pictures/", "/dev/video0", "synthetic://street"])
@pytest.mark.parametrize("key", ["username", "password", "transport"])
def test_what_goes_with_a_network_camera_only_is_refused_elsewhere(tmp_path, url, key):
    line = said(tmp_path, camera(f"{key}: tcp, url: '{url}'"))
    assert line == f"3:{9 + len(key)}: cameras.a.{key}: goes with an rtsp, rtsps, http or https url only"


@pytest.mark.parametrize("url", ["http://x", "https://x", "rtsps://x"])
def test_udp_where_there_is_none_is_refused(tmp_path, url):
    line = said(tmp_path, camera(f"transport: udp, url: '{url}'"))
    assert line == "3:18: cameras.a.transport: udp goes with an rtsp:// url only; rtsps, http and https are tcp"


def test_the_number_of_a_gpu_is_refused_where_the_cpu_is_asked_for(tmp_path):
    line = said(tmp_path, SOUND + "engine: {provider: cpu, device: 1}\n")
    assert line == "3:33: engine.device: the number of a GPU, and provider is cpu"


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("backend: kserve, model: a", "3:19: engine.backend: needs `url` beside it"),
        ("backend: kserve, url: grpc://a:1", "3:19: engine.backend: needs `model` beside it"),
        ("url: grpc://a:1", "3:15: engine.url: is of a model server, which needs `backend: kserve`"),
        (
            "backend: kserve, url: a:1, model: a",
            "3:32: engine.url: want grpc://HOST:PORT or grpcs://HOST:PORT, without",
        ),
        ("backend: kserve, url: grpc://u:p@a:1, model: a", "3:32: engine.url: want grpc://HOST:PORT or grpcs://HOST"),
        ("backend: kserve, url: grpc://a:1, model: a, tls: true", "3:59: engine.tls: needs a url with grpcs://"),
        ("backend: kserve, url: grpcs://a:1, model: a, tls: {verify: false}", "engine.tls.verify: gRPC always checks"),
        (
            "backend: kserve, url: grpc://a:1, model: a, precision: int8",
            "engine.precision: the model server chooses it",
        ),
    ],
)
def test_what_a_model_server_needs_is_said(tmp_path, keys, told):
    assert told in said(tmp_path, SOUND + f"engine: {{{keys}}}\n")


@pytest.mark.parametrize(
    "keys", ["provider: cpu, device: 0", "device: 1", "backend: tensorrt, provider: cpu, device: 1"]
)
def test_the_number_of_a_gpu_that_may_be_meant_is_taken(tmp_path, keys):
    load_text(tmp_path, SOUND + f"engine: {{{keys}}}\n")


@pytest.mark.parametrize("path", ["c.yaml", "../link/c.yaml"])
def test_a_sink_that_would_write_into_the_configuration_is_refused(tmp_path, path):
    folder = tmp_path / "configs"
    folder.mkdir()
    (tmp_path / "link").symlink_to(folder)
    line = said(folder, sink(f"type: file, path: {path}"))
    assert line == "3:30: publish[0].path: want another file than this one, which is the configuration"


def test_a_sink_that_would_write_into_what_a_camera_reads_is_refused(tmp_path):
    (tmp_path / "v.avi").write_bytes(b"film")
    text = "model: {name: x}\ncameras: {a: {url: v.avi}}\npublish: [{type: file, path: ./v.avi}]\n"
    assert said(tmp_path, text) == "3:30: publish[0].path: want another file than this one, which camera a reads"


def test_a_password_without_a_user_is_refused_by_brokers(tmp_path):
    assert said(tmp_path, sink("type: mqtt, host: x, password: p")).endswith("password: needs username beside it")


def test_a_password_without_a_user_is_refused_for_cameras(tmp_path):
    line = said(tmp_path, camera("url: 'rtsp://x/s', password: p"))
    assert line == "3:36: cameras.a.password: needs username beside it"


@pytest.mark.parametrize(
    ("value", "begins"), [(f"&{SECRET}", "&"), (f"#{SECRET}", "#"), (f"\t #{SECRET}", "#"), (f"#{SECRET}\r", "#")]
)
def test_a_password_of_which_yaml_leaves_nothing_is_told(tmp_path, value, begins):
    text = f"{MODEL}cameras:\n  a:\n    url: rtsp://x/s\n    username: u\n    password: {value}\n"
    line = said(tmp_path, text)
    assert line.startswith("6:")
    assert line.endswith(f"cameras.a.password: nothing is left of it; quote a value that begins with {begins}")


@pytest.mark.parametrize("rest", ["# of the gate", "", "~ #none"])
def test_a_password_that_is_left_out_is_none(tmp_path, rest):
    text = f"{MODEL}cameras:\n  a:\n    url: rtsp://x/s\n    password: {rest}\n    max_fps: #5\n"
    camera = load_text(tmp_path, text).cameras["a"]
    assert (camera.password, camera.max_fps) == (None, None)


@pytest.mark.parametrize(
    "value",
    [
        f"[{SECRET}]",
        f"{{{SECRET}: 1}}",
        f"*{SECRET}",
        f"&{SECRET} [x]",
        f"!{SECRET} x",
        f"!a!{SECRET} x",
        f"%{SECRET}",
        f"@{SECRET}",
        f'"{SECRET}',
        f"{SECRET}: x",
        f"${{{SECRET}",
        f"${{NOT_SET}}{SECRET}",
        f"${{9:-{SECRET}}}",
        f'"{SECRET}\\q"',
        f"${{GIVEN}}: {SECRET}",
        f'"{SECRET}\\uD800"',
    ],
)
def test_no_mistake_shows_a_password(tmp_path, value):
    text = f"{MODEL}cameras:\n  a:\n    url: x\n    username: u\n    password: {value}\n    max_fps: fast\n"
    with pytest.raises(ConfigError) as caught:
        load_text(tmp_path, text, GIVEN=SECRET)
    trace = "".join(traceback.format_exception(caught.value))
    assert SECRET not in trace
    assert "During handling" not in trace


def test_a_secret_that_breaks_a_rule_is_not_shown():
    class Locked(Section):
        pin: SecretStr = Field(max_length=3)

    with pytest.raises(ConfigIssues, match=r"^1:6: pin: not valid$"):
        validate(Locked, read(f"pin: {SECRET}".encode(), str), {})
    with pytest.raises(ValidationError) as caught:
        Locked(pin=[SECRET])  # type: ignore[arg-type]
    assert SECRET not in str(caught.value)


def test_a_value_from_a_variable_is_not_shown(tmp_path):
    line = said(tmp_path, camera('url: x, max_fps: "${FPS}"'), FPS=SECRET)
    assert line == "3:24: cameras.a.max_fps: want a number, got the value of '${FPS}'"


def test_every_mistake_is_said_in_the_order_of_the_file(tmp_path):
    text = (
        f"{MODEL}cameras:\n  a: {{max_fps: 1}}\n  b: {{url: x, rotate: 45, password: '${{P}}'}}\n"
        "publish: [{type: file, path: x, keep: 0}]\ndetect: {confidence: 2}\nengin: {}\nengine: {device: x}\n"
        "engine: {}\nshutdown: !x 1\n"
    )
    assert all_said(tmp_path, text) == [
        "3:3: cameras.a.url: missing",
        "4:23: cameras.b.rotate: want 0, 90, 180 or 270, got '45'",
        "4:37: cameras.b.password: the variable P is not set",
        "5:39: publish[0].keep: want at least 1, got '0'",
        "6:22: detect.confidence: want at most 1, got '2'",
        "7:1: engin: unknown key, did you mean engine?",
        "8:18: engine.device: want a whole number, got 'x'",
        "9:1: engine: given twice, first in line 8",
        "10:11: shutdown: tags are not supported; quote a value that begins with !",
    ]


def test_of_each_sink_every_mistake_is_said(tmp_path):
    text = (
        SOUND + 'publish:\n  - {type: mqtt, host: h, username: "a\\nb", password: "c\\td", qos: 3, tls: '
        "{ca: [x]}}\n"
        "  - [type, stdout]\n  - {type: [mqtt]}\n  - {type: file, path: {a: b}, keep: 0}\n"
    )
    assert all_said(tmp_path, text) == [
        "4:37: publish[0].username: holds a line break or another control character",
        "4:55: publish[0].password: holds a line break or another control character",
        "4:68: publish[0].qos: want 0 or 1, got '3'",
        "4:77: publish[0].tls.ca: want a path, got a list",
        "5:5: publish[1]: want keys with values below them, got a list",
        "6:6: publish[2].type: want stdout, file, mqtt, webhook, redis, kafka, tcp, udp or notify, got a list",
        "7:18: publish[3].path: want a path, got a mapping",
        "7:38: publish[3].keep: want at least 1, got '0'",
    ]


@pytest.mark.parametrize(
    ("module", "keys", "says"),
    [
        ("redis", "type: redis, host: x", "needs redis-py: pip install 'edge-app[redis]'"),
        ("confluent_kafka", "type: kafka, brokers: ['x:1']", "needs confluent-kafka: pip install 'edge-app[kafka]'"),
    ],
)
def test_a_sink_whose_library_is_missing_says_how_to_install_it(tmp_path, monkeypatch, module, keys, says):
    monkeypatch.setitem(sys.modules, module, None)
    assert said(tmp_path, sink(keys)) == f"3:18: publish[0].type: {says}"


def test_of_many_mistakes_ten_are_said_and_the_others_counted(tmp_path):
    text = MODEL + "cameras:\n" + "".join(f"  c{number}: {{url: x, max_fps: -1}}\n" for number in range(25))
    lines = all_said(tmp_path, text)
    assert lines[:10] == [
        f"{3 + number}:25: cameras.c{number}.max_fps: want more than 0, got '-1'" for number in range(10)
    ]
    assert lines[10:] == ["and 15 more"]


def test_a_mistake_that_follows_from_another_is_not_said(tmp_path):
    assert said(tmp_path, SOUND + "publish: [{type: mqtt, hots: b}]\n").startswith("3:24: publish[0].hots: unknown key")
    assert said(tmp_path, sink("type: mqtt, host: b, tls: maybe")).startswith("3:38: publish[0].tls")
    assert said(tmp_path, camera('url: "${CAM}", username: u')) == "3:12: cameras.a.url: the variable CAM is not set"
    assert said(tmp_path, sink("type: '${T}', host: b")) == "3:18: publish[0].type: the variable T is not set"


def test_what_is_not_yaml_is_said_alone(tmp_path):
    assert said(tmp_path, "modell: {}\ncameras: 1\nengine: {a\n").startswith("4:1: ")


def test_merges_that_multiply_are_refused_at_once(tmp_path):
    levels = "".join(f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 9)}]}}\n" for n in range(1, 10))
    assert "does an alias contain itself?" in said(tmp_path, f"m0: &m0 {{x: 1}}\n{levels}{SOUND}<<: *m9\n")


def test_a_mistake_in_what_an_alias_brings_is_found_where_it_stands(tmp_path):
    text = f"{MODEL}cameras:\n  a: &a\n    url: x\n    rotate: 1\n  b:\n    <<: *a\n    rotate: 90\n"
    assert said(tmp_path, text).startswith("5:13: cameras.a.rotate")
    assert said(tmp_path, text.replace("rotate: 1\n", "max_fps: 1\n").replace("90", "1")).startswith("8:13: cameras.b")


def test_the_file_is_named_as_the_user_named_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("c.yaml").write_text("x: 1\n")
    with pytest.raises(ConfigError, match=r"^c\.yaml:1:1: x: unknown key"):
        load_config(Path("c.yaml"), {})


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.yaml: no such file$"):
        load_config(tmp_path / "none.yaml", {})


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(InputError, match=r"a folder, want a YAML file$"):
        load_config(tmp_path, {})


def test_a_file_in_a_file_is_named(tmp_path):
    (tmp_path / "c.yaml").write_text(SOUND)
    with pytest.raises(InputError, match=r"c\.yaml/d\.yaml: Not a directory$"):
        load_config(tmp_path / "c.yaml" / "d.yaml", {})


def test_a_file_that_must_not_be_read_is_named(tmp_path, monkeypatch):
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(AccessError, match=r"c\.yaml: the operating system refuses"):
        load_config(tmp_path / "c.yaml", {})


@pytest.mark.parametrize("end", [r"\r\nX-Injected: yes", r"\n", r"\t"])
def test_a_url_holds_no_control_characters(tmp_path, end):
    line = said(tmp_path, camera(f'url: "rtsp://10.0.0.5/s{end}"'))
    assert line == "3:12: cameras.a.url: holds a line break or another control character"


@pytest.mark.parametrize("key", ["username", "password"])
def test_a_login_holds_no_line_break(tmp_path, key):
    login = {"username": "ad", "password": "p"} | {key: r"se\ncret"}
    text = ", ".join(f'{name}: "{value}"' for name, value in login.items())
    line = said(tmp_path, camera(f"{text}, url: rtsp://x/s"))
    assert f"cameras.a.{key}: holds a line break or another control character" in line
    assert "cret" not in line


def test_a_login_has_one_line_below_its_key(tmp_path):
    text = f"{MODEL}cameras:\n  a:\n    url: rtsp://x/s\n    username: u\n    password: |\n      se\n      cret\n"
    assert said(tmp_path, text) == "6:15: cameras.a.password: holds a line break or another control character"


@pytest.mark.parametrize("key", ["host", "username", "password", "client_id", "prefix"])
@pytest.mark.parametrize("character", [r"\n", r"\0", r"\x07", r"\x9f"])
def test_what_an_mqtt_broker_is_sent_holds_no_control_characters(tmp_path, key, character):
    texts = {"host": "b", "username": "u", "password": "p"} | {key: f"se{character}cret"}
    line = said(tmp_path, sink(", ".join(["type: mqtt", *(f'{name}: "{value}"' for name, value in texts.items())])))
    place, _, what = line.partition(f" publish[0].{key}: ")
    assert place.startswith("3:")
    assert what.startswith(("holds a line break or another control character", "want a name or", "want a topic"))
    assert "cret" not in line or key in ("host", "prefix")


@pytest.mark.parametrize("key", ["username", "password", "client_id"])
def test_a_login_that_mqtt_has_no_room_for_is_refused(tmp_path, key):
    texts = {"username": "u"} | {key: "x" * 65_536}
    line = said(
        tmp_path, sink(", ".join(["type: mqtt, host: b", *(f"{name}: {value}" for name, value in texts.items())]))
    )
    assert line.endswith(f"publish[0].{key}: want at most 65535 bytes")


@pytest.mark.parametrize("when", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+10:00"])
def test_a_start_that_no_message_can_tell_is_refused(tmp_path, when):
    line = said(tmp_path, camera(f"start_at: {when}, url: x.mp4"))
    assert line == "3:17: cameras.a.start_at: want a year from 1971 to 9000"
