"""What a sound file means."""

from __future__ import annotations

import traceback
from datetime import datetime, timezone
from pathlib import Path

import pytest
from pydantic import Field, ValidationError

from edge_app.app.config import AppConfig, load_config
from edge_app.app.config_sections import CameraSection
from edge_app.capture.config import CameraConfig
from edge_app.config import TlsConfig, load
from edge_app.config.section import Section
from edge_app.core.errors import ConfigError
from edge_app.core.paths import default_state_dir
from edge_app.engine.config import EngineConfig
from edge_app.publish.sinks.file import FileSinkConfig
from edge_app.publish.sinks.mqtt import MqttSinkConfig
from edge_app.publish.sinks.stdout import StdoutSinkConfig
from tests.config.files import MODEL, SOUND, load_text


def camera(folder: Path, keys: str) -> CameraConfig:
    return load_text(folder, f"{MODEL}cameras: {{a: {{{keys}}}}}\n").cameras["a"]


def broker(folder: Path, keys: str) -> MqttSinkConfig:
    (sink,) = load_text(folder, f"{SOUND}publish: [{{type: mqtt, host: b, {keys}}}]\n").publish
    assert isinstance(sink, MqttSinkConfig)
    return sink


def test_the_smallest_file_has_defaults_for_all_else(tmp_path):
    config = load_text(tmp_path, SOUND)
    assert config.engine == EngineConfig()
    assert config.publish == (StdoutSinkConfig(),)
    assert config.cameras["a"] == CameraSection(url="synthetic://street")
    assert config.shutdown.drain_s == 10


@pytest.mark.parametrize("text", ["yes", "on", "12:30", "007", "1e3", "1.10", "true", "'null'", "2026-11-23"])
def test_what_is_wanted_as_text_stays_as_it_is_written(tmp_path, text):
    assert camera(tmp_path, f"url: rtsp://x, username: {text}").username == text.strip("'")


@pytest.mark.parametrize(
    "text",
    [
        "rtsp://10.0.0.5:554/cam/realmonitor?channel=1&subtype=0",
        "?start",
        "a ? b",
        ":colon",
        "::1",
        "a:b#c",
        "a#b?",
        "12:30:00",
        "0123",
        "1_000",
        "-",
        "50%",
        "a@b",
        "a\tb",
        "\u00a0nbsp",
    ],
)
def test_a_text_without_quotes_is_the_same_inside_brackets_as_in_yaml_1_2(tmp_path, text):
    for keys in (f"labels: [{text}], confidence: 0.5", f"confidence: 0.5, labels: [{text}]", f"labels: [{text},b]"):
        labels = load_text(tmp_path, SOUND + f"detect: {{{keys}}}\n").detect.labels
        assert labels is not None
        assert labels[0] == text


def test_a_text_inside_brackets_may_go_on_in_the_next_line(tmp_path):
    text = f"{MODEL}cameras: {{a: {{url: x}}}}\ndetect: {{labels: [traffic \r\n  light,a\n\n\n b # comment\n , c]}}\n"
    assert load_text(tmp_path, text).detect.labels == ("traffic light", "a\n\nb", "c")


@pytest.mark.parametrize("style", ["|", ">"])
def test_a_text_below_its_key_is_taken_without_the_line_break_that_ends_it(tmp_path, style):
    keys = {"url": "rtsp://10.0.0.5/s", "username": "u", "password": "s3cret"}
    lines = "".join(f"    {key}: {style}\n      {value}\n" for key, value in keys.items())
    camera = load_text(tmp_path, f"{MODEL}cameras:\n  a:\n{lines}").cameras["a"]
    assert camera.password is not None
    assert (camera.url, camera.username) == ("rtsp://10.0.0.5/s", "u")
    assert camera.password.get_secret_value() == "s3cret"


@pytest.mark.parametrize(
    "text", ['{"slots":1}', "{slots: 1}", "{'slots' : 1}", "{? slots : 1}", "{slots: 1,}", "{slots:\t1}\t# c"]
)
def test_a_mapping_inside_braces_is_read_however_it_is_spaced(tmp_path, text):
    assert load_text(tmp_path, SOUND + f"engine: {text}\n").engine.slots == 1


@pytest.mark.parametrize("end", ["\n", "\r\n", "\t\n", "\t# comment\n", " \t \n"])
def test_line_ends_of_windows_and_tabs_behind_a_value_are_no_mistake(tmp_path, end):
    text = SOUND + "engine:\n  slots:\t1\n  threads: 2\n"
    engine = load_text(tmp_path, text.replace("\n", end)).engine
    assert (engine.slots, engine.threads) == (1, 2)


@pytest.mark.parametrize("text", ["", "~", "null"])
def test_null_is_not_given(tmp_path, text):
    assert camera(tmp_path, f"url: rtsp://x, username: {text}").username is None


def test_a_section_whose_keys_are_all_comments_has_its_defaults(tmp_path):
    assert load_text(tmp_path, SOUND + "engine:\n  # slots: 1\n").engine == EngineConfig()


@pytest.mark.parametrize(("text", "value"), [("15", 15), ("0.5", 0.5), ("'15'", 15), ("1e1", 10)])
def test_numbers_are_read_by_what_is_wanted(tmp_path, text, value):
    assert camera(tmp_path, f"url: x, max_fps: {text}").max_fps == value


def test_a_camera_takes_all_of_its_keys(tmp_path):
    text = """
    url: RTSPS://[::1]:322/s@x?a=b
    username: u
    password: p
    transport: tcp
    tls: {ca: ca.pem}
    decode: cpu
    enabled: false
    rotate: 270
    max_fps: 5
    max_frame_age_ms: 200
    reconnect: {initial_s: 2, max_s: 4, jitter: 0, stable_s: 9}
    stall_timeout_s: 3
"""
    file = "{url: y, start_at: 2026-11-23T15:00:00Z}"
    cameras = load_text(tmp_path, f"{MODEL}cameras:\n  b: {file}\n  a:{text}").cameras
    camera = cameras["a"]
    assert camera.url == "rtsps://[::1]:322/s@x?a=b"
    assert camera.tls == TlsConfig(ca=tmp_path / "ca.pem")
    assert camera.reconnect.max_s == 4
    assert cameras["b"].start_at == datetime(2026, 11, 23, 15, tzinfo=timezone.utc)
    assert (camera.transport, camera.decode, camera.enabled, camera.rotate) == ("tcp", "cpu", False, 270)


@pytest.mark.parametrize("url", ["v.mp4", "folder/", "synthetic://street?frames=3"])
def test_a_file_a_folder_and_the_rendered_street_take_a_start(tmp_path, url):
    taken = camera(tmp_path, f"url: '{url}', start_at: 2026-11-23T15:00:00Z")
    assert taken.start_at == datetime(2026, 11, 23, 15, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "url",
    ["rtsp://h/s", "rtsp://[fe80::1%eth0]:554/s", "http://h:80", "synthetic://street?seed=7&fps=25", "rtsp://h/u@d"],
)
def test_a_url_stays_as_it_is(tmp_path, url):
    assert camera(tmp_path, f"url: '{url}'").url == url


def test_paths_are_relative_to_the_file_s_folder(tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    text = "model: {onnx: m.onnx, labels: /l.txt}\ncameras: {a: {url: v.mp4}, b: {url: /dev/video0}}\nstate_dir: s\n"
    config = load_text(tmp_path, text + "publish: [{type: file, path: out/d.ndjson}]\n")
    (sink,) = config.publish
    assert config.base == tmp_path
    assert config.model.onnx == tmp_path / "m.onnx"
    assert config.model.labels == Path("/l.txt")
    assert config.cameras["a"].url == str(tmp_path / "v.mp4")
    assert config.cameras["b"].url == "/dev/video0"
    assert isinstance(sink, FileSinkConfig)
    assert sink.path == tmp_path / "out/d.ndjson"
    assert config.state_dir == tmp_path / "s"


def test_the_folder_of_a_file_in_the_current_one_is_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("c.yaml").write_text(SOUND)
    assert load_config(Path("c.yaml"), {}).base == tmp_path


@pytest.mark.parametrize(
    ("keys", "tls", "port"),
    [
        pytest.param("", None, 1883, id="without tls"),
        pytest.param("tls: false", None, 1883, id="tls refused"),
        pytest.param("tls: true", TlsConfig(), 8883, id="the system's certificates"),
        pytest.param("tls: {verify: false}", TlsConfig(verify=False), 8883, id="a section"),
        pytest.param("tls: {}", TlsConfig(), 8883, id="an empty section"),
        pytest.param("tls: ", None, 1883, id="nothing"),
        pytest.param("tls: true, port: 1", TlsConfig(), 1, id="a port of its own"),
        pytest.param("transport: websockets", None, 80, id="WebSockets"),
        pytest.param("transport: websockets, tls: true", TlsConfig(), 443, id="encrypted WebSockets"),
    ],
)
def test_the_port_of_a_broker_follows_tls(tmp_path, keys, tls, port):
    sink = broker(tmp_path, keys)
    assert (sink.tls, sink.port) == (tls, port)


@pytest.mark.parametrize("text", ["5", "'5'", "3.1.1"])
def test_the_protocol_needs_no_quotes(tmp_path, text):
    assert broker(tmp_path, f"version: {text}").version == text.strip("'")


def test_sinks_have_the_name_of_their_type_unless_they_are_given_one(tmp_path):
    text = (
        "publish: [{type: stdout}, {type: file, path: x}, {type: file, path: y, name: late}, {type: mqtt, host: h}]\n"
    )
    assert [sink.name for sink in load_text(tmp_path, SOUND + text).publish] == ["stdout", "file", "late", "mqtt"]


def test_a_camera_takes_over_what_another_says_and_adds_its_own(tmp_path):
    text = f"{MODEL}cameras:\n  a: &a {{url: x, max_fps: 5, rotate: 90}}\n  b: {{<<: *a, url: y, rotate: 180}}\n"
    b = load_text(tmp_path, text).cameras["b"]
    assert (Path(b.url).name, b.max_fps, b.rotate) == ("y", 5, 180)


def test_of_several_merged_mappings_the_first_wins(tmp_path):
    text = f"{MODEL}cameras:\n  a: &a {{url: x, rotate: 90}}\n  b: &b {{url: y, rotate: 180}}\n  c: {{<<: [*b, *a]}}\n"
    assert load_text(tmp_path, text).cameras["c"].rotate == 180


def test_a_quoted_merge_key_is_a_key(tmp_path):
    with pytest.raises(Exception, match=r"engine\.<<: unknown key"):
        load_text(tmp_path, SOUND + "engine: {'<<': {slots: 1}}\n")


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    assert load_text(tmp_path, b"\xef\xbb\xbf" + SOUND.encode()).model.name == "traffic"


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        pytest.param({}, "/var/lib/edge_app", id="nothing"),
        pytest.param({"HOME": "/h"}, "/h/.local/state/edge_app", id="home"),
        pytest.param({"HOME": "/h", "XDG_STATE_HOME": "/x"}, "/x/edge_app", id="xdg"),
        pytest.param({"HOME": "/h", "STATE_DIRECTORY": "/s"}, "/s", id="systemd"),
        pytest.param({"STATE_DIRECTORY": "/s:/t"}, "/s", id="the first of several"),
    ],
)
def test_state_is_kept_where_systemd_or_xdg_say(tmp_path, environ, folder):
    assert default_state_dir(environ) == Path(folder)
    assert load_text(tmp_path, SOUND, **environ).state_dir == Path(folder)


def test_no_password_and_no_url_is_in_a_repr(tmp_path):
    login = "username: u, password: s3cret"
    text = f"{MODEL}cameras: {{a: {{url: 'rtsp://h/?token=s3cret', {login}}}}}\n"
    config = load_text(tmp_path, text + f"publish: [{{type: mqtt, host: b, {login}}}]\n")
    assert "s3cret" not in repr(config) + str(config) + config.model_dump_json(exclude={"cameras": {"a": {"url"}}})


def test_no_password_is_in_the_traceback_of_a_mistake(tmp_path):
    text = f"{MODEL}cameras: {{a: {{url: x, password: s3cret, max_fps: fast}}}}\n"
    with pytest.raises(Exception, match="max_fps") as caught:
        load_text(tmp_path, text)
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))


def test_a_configuration_does_not_change(tmp_path):
    config = load_text(tmp_path, SOUND)
    with pytest.raises(ValidationError, match="frozen"):
        config.model = config.model  # type: ignore[misc]


def test_the_program_can_make_one_without_a_file():
    config = AppConfig(model={"name": "m"}, cameras={"a": {"url": "v.mp4", "tls": None}}, state_dir="/s")  # type: ignore
    assert config.cameras["a"].url == "v.mp4"
    assert config.base == Path()


def test_a_pattern_of_somebody_else_s_section_is_told(tmp_path):
    class TheirSection(Section):
        zone: str = Field(pattern="^[a-z]+$")

    (tmp_path / "config.yaml").write_text("zone: 7th\n")
    with pytest.raises(ConfigError, match=r"config.yaml:1:7: zone: want text that matches \^\[a-z\]\+\$, got '7th'"):
        load(TheirSection, tmp_path / "config.yaml", {}, {})
