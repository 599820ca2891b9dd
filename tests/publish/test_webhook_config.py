"""The section of a webhook: each mistake is one line without a secret, and what is unwise is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_app.app.config import load_config
from edge_app.cli import execute
from edge_app.core.errors import AccessError, ConfigError
from edge_app.core.redaction import Redactor
from edge_app.publish.sinks.webhook import WebhookSinkConfig
from tests.config.files import SOUND
from tests.config.test_mistakes import said, sink

SECRET = "planted-S3cret"
URL = "want a URL such as https://host/path"


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        pytest.param("", "publish[0].url: missing", id="no url"),
        pytest.param(f"url: 'ftp://u:{SECRET}@h/x'", f"publish[0].url: {URL}", id="scheme"),
        pytest.param(f"url: 'h.example.com/{SECRET}'", f"publish[0].url: {URL}", id="no scheme"),
        pytest.param(f"url: 'https://h:99999/{SECRET}'", f"publish[0].url: {URL}", id="port"),
        pytest.param(f"url: 'https:///{SECRET}'", f"publish[0].url: {URL}", id="no host"),
        pytest.param(f"url: 'https://{'x' * 70}.example.com/'", f"publish[0].url: {URL}", id="a host too long"),
        pytest.param(
            f"url: 'https://h/x?t=a#{SECRET}'",
            "publish[0].url: want a URL without #, after which nothing is sent; write %23 for the character itself",
            id="fragment",
        ),
        pytest.param(
            f'url: "https://h/{SECRET}\\n"',
            "publish[0].url: holds a line break or another control character",
            id="line break",
        ),
        pytest.param(
            f"url: 'https://h/', headers: {{'X Y': {SECRET}}}",
            "publish[0].headers.X Y: want the name of an HTTP header, such as Authorization",
            id="name of a header",
        ),
        pytest.param(
            f'url: "https://h/", headers: {{X: "a\\r\\n{SECRET}"}}',
            "publish[0].headers.X: holds a line break or another control character",
            id="two headers in one",
        ),
        pytest.param(
            "url: 'https://h/', headers: {X: 'pässword'}", "publish[0].headers.X: want ASCII characters", id="not ASCII"
        ),
        pytest.param(
            "url: 'https://h/', headers: {Content-length: '1'}",
            "publish[0].headers.Content-length: is set by the program",
            id="a header of ours",
        ),
        pytest.param(
            f"url: 'https://u:{SECRET}@h/', headers: {{authorization: x}}",
            "publish[0].url: want a login either here or in headers",
            id="two logins",
        ),
        pytest.param(
            "url: 'http://h/', tls: true", "publish[0].tls: needs a url that begins with https://", id="tls over http"
        ),
        pytest.param("url: 'https://h/', batch: 0", "publish[0].batch: want at least 1, got '0'", id="batch"),
        pytest.param(
            "url: 'https://h/', format: cloud", "want json or cloudevents, got 'cloud', did you mean", id="format"
        ),
        pytest.param("url: 'https://h/', probe: get", "publish[0].probe: want head or event, got 'get'", id="probe"),
        pytest.param("url: 'https://h/', secrt: x", "publish[0].secrt: unknown key, did you mean secret?", id="key"),
    ],
)
def test_a_mistake_is_one_line_that_shows_no_secret(tmp_path: Path, keys: str, line: str) -> None:
    told = said(tmp_path, sink(f"type: webhook, {keys}".removesuffix(", ")))
    assert line in told
    assert SECRET not in told


def test_a_certificate_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        WebhookSinkConfig(url="https://h/", tls={"ca": tmp_path / "none.pem"}).open()
    locked = tmp_path / "folder"
    locked.mkdir()
    with pytest.raises((ConfigError, AccessError), match="holds no certificate"):
        WebhookSinkConfig(url="https://h/", tls={"ca": locked}).open()


def test_a_proxy_that_is_none_is_one_line_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", f"socks5://u:{SECRET}@10.0.0.1:1080")
    with pytest.raises(ConfigError) as error:
        WebhookSinkConfig(url="https://h.example.com/").open()
    assert str(error.value) == "HTTPS_PROXY: want an HTTP proxy, such as http://host:3128"


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("url: 'http://10.0.0.5/x', headers: {X: '${T}'}", True),
        ("url: 'http://10.0.0.5/x?token=${T}'", True),
        ("url: 'http://u:${T}@10.0.0.5/x'", True),
        ("url: 'http://10.0.0.5/x', secret: '${T}'", False),  # which is not sent
        ("url: 'http://10.0.0.5/x'", False),
        ("url: 'http://127.0.0.1/x', headers: {X: '${T}'}", False),
        ("url: 'https://10.0.0.5/x', headers: {X: '${T}'}", False),
    ],
)
def test_a_login_that_leaves_the_machine_unencrypted_is_told(tmp_path: Path, keys: str, told: bool) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(SOUND + f"publish: [{{type: webhook, {keys}}}]\n")
    path.chmod(0o600)
    lines = list(load_config(path, {"T": SECRET}).cautions(path))
    wanted = "publish[0]: what logs in at 10.0.0.5 goes there unencrypted; https:// encrypts, if the server can"
    assert lines == ([wanted] if told else [])


def test_everybody_may_read_a_url_that_holds_nothing_secret_only(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    for url, told in (("https://h/hook", 0), ("https://h/hook?token=abcdefgh", 1), ("https://h/T0KEN00000000", 1)):
        path.write_text(SOUND + f"publish: [{{type: webhook, url: '{url}'}}]\n")
        path.chmod(0o644)
        assert len(list(load_config(path, {}).cautions(path))) == told, url


@pytest.mark.parametrize(
    "keys",
    [
        f"url: 'https://h/x?token={SECRET}'",
        f"url: 'https://h/services/{SECRET}/x'",
        f"url: 'https://u:{SECRET}@h/x'",
        f"url: 'https://h/x', headers: {{Authorization: 'Bearer {SECRET}'}}",
        f"url: 'https://h/x', secret: '{SECRET}'",
    ],
)
def test_what_is_secret_in_a_webhook_is_hidden_wherever_it_is_shown(tmp_path: Path, keys: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(SOUND + f"publish: [{{type: webhook, {keys}}}]\n")
    hide = Redactor(load_config(path, {}).secrets).hide
    shown = f"Bearer {SECRET}" if "Bearer" in keys else SECRET
    assert SECRET not in hide(f"requests.exceptions.ConnectionError: x {shown} y token={shown}")


def test_check_says_that_there_is_nobody(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(SOUND + f"publish: [{{type: webhook, url: 'http://127.0.0.1:1/x?token={SECRET}'}}]\n")
    path.chmod(0o600)
    assert execute(["check", str(path), "--probe"]) in (69, 70)
    told = capfd.readouterr()
    assert "FAIL sink webhook: 127.0.0.1:1: Connection refused" in told.out
    assert SECRET not in told.out + told.err
