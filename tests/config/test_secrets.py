"""What a configuration says in confidence is shown nowhere: not in the log, not in an error, not by a library."""

from __future__ import annotations

import logging

import pytest

from edge_app.app.config import load_config
from edge_app.cli import execute, logs
from edge_app.cli.loading import load_config as load_for_a_verb
from edge_app.core.redaction import HIDDEN, Redactor

SECRETS = ['hunter2!"x', "pässwort", "a+b c&d", "camera-secret"]  # of all of which a log's JSON makes something else


@pytest.fixture
def config(tmp_path, monkeypatch):
    """A configuration with a secret of each kind."""
    monkeypatch.setenv("BROKER_PASSWORD", SECRETS[0])
    monkeypatch.setenv("SITE", SECRETS[1])
    path = tmp_path / "config.yaml"
    path.write_text(
        "model: {name: traffic}\n"
        "cameras:\n"
        f"  a: {{url: 'rtsp://127.0.0.1:1/cgi/admin/{SECRETS[3]}', username: u, password: '{SECRETS[2]}'}}\n"
        "publish:\n"
        "  - {type: mqtt, host: 127.0.0.1, prefix: '${SITE}', username: edge, password: '${BROKER_PASSWORD}'}\n"
    )
    path.chmod(0o600)
    return path


def test_the_secrets_of_a_configuration_are_known(config):
    secrets = load_config(config, {"BROKER_PASSWORD": SECRETS[0], "SITE": SECRETS[1]}).secrets
    hide = Redactor(secrets).hide
    for secret in SECRETS[:3]:
        assert hide(f"it said {secret}!") == "it said ***!"
    for place in (f"rtsp://127.0.0.1:1/cgi/admin/{SECRETS[3]}", f"GET /cgi/admin/{SECRETS[3]} HTTP/1.0"):
        assert SECRETS[3] not in hide(place)


def test_no_line_of_the_log_shows_a_secret_whoever_writes_it(config, capsys):
    logs.set_up("DEBUG")
    load_for_a_verb(config)
    library = logging.getLogger("some.library")
    library.warning("connecting to rtsp://127.0.0.1:1/cgi/admin/%s", SECRETS[3])
    library.debug("Authorization: %s as a%%2Bb%%20c%%26d", SECRETS[2])
    try:
        raise ValueError(f"cannot log in with {SECRETS[0]}, nor {SECRETS[1]}", SECRETS[0])
    except ValueError:
        library.exception("topic %s/gate", SECRETS[1])
    log = capsys.readouterr().err
    assert log.count(HIDDEN) >= 5
    assert [part for part in ("hunter2", "sswort", "a+b", "a%2Bb", "camera-secret") if part in log] == []


def test_what_is_allowed_and_unwise_is_told_once_each(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("BROKER_PASSWORD", SECRETS[0])
    path = tmp_path / "config.yaml"
    cases = {
        "password: hunter2-x": ["everybody here may read it"],
        "password: '${BROKER_PASSWORD}'": [],
        "password: '${BROKER_PASSWORD}', host: 10.0.0.5": ["publish[0]: user and password go to 10.0.0.5 unencrypted"],
        "password: '${BROKER_PASSWORD}', host: 10.0.0.5, tls: true": [],
        "password: '${BROKER_PASSWORD}', host: localhost": [],
        "password: '${BROKER_PASSWORD}', type: redis, host: 10.0.0.5": [
            "publish[0]: user and password go to 10.0.0.5 "
        ],
        "password: '${BROKER_PASSWORD}', type: kafka, brokers: ['10.0.0.5:1']": [],
        "password: '${BROKER_PASSWORD}', type: kafka, brokers: ['10.0.0.5:1', '[::1]:2'], mechanism: PLAIN": [
            "publish[0]: user and password go to 10.0.0.5 unencrypted"
        ],
    }
    for keys, told in cases.items():
        host = "" if "host" in keys or "brokers" in keys else ", host: 127.0.0.1"
        kind = "" if "type" in keys else "type: mqtt, "
        path.write_text(f"model: {{name: traffic}}\ncameras: {{a: {{url: 'synthetic://street'}}}}\npublish:\n"
                        f"  - {{{kind}username: u, {keys}{host}}}\n")  # fmt: skip
        path.chmod(0o644)
        load_for_a_verb(path)
        lines = capsys.readouterr().err.splitlines()
        assert [line.startswith(f"{path}: {words}") for line, words in zip(lines, told, strict=True)] == [True] * len(
            told
        )
        path.chmod(0o640)
        load_for_a_verb(path)
        assert "may read it" not in capsys.readouterr().err


def test_no_error_shows_a_secret_whoever_raises_it(config, capsys, monkeypatch):
    def raises(*_):
        raise RuntimeError(f"a bug that quotes {SECRETS[0]}")

    monkeypatch.setattr("edge_app.cli.check.make_parts", raises)
    assert execute(["check", str(config)]) == 70
    log = capsys.readouterr().err
    assert "a bug that quotes ***" in log
    assert SECRETS[0] not in log


def test_a_warning_of_a_verb_without_a_log_of_its_own_is_a_plain_line(config, capsys):
    load_for_a_verb(config)
    logging.getLogger("edge_app").warning("the topic is %s", SECRETS[1])
    assert capsys.readouterr().err == "the topic is ***\n"


@pytest.mark.parametrize("place", ["cameras: {0}", "cameras: {{gate: {0}}}", "publish: [{0}]", "engine: {0}"])
def test_a_secret_in_the_wrong_place_is_not_shown(tmp_path, capsys, place):
    path = tmp_path / "config.yaml"
    path.write_text(f"model: {{name: traffic}}\n{place.format('rtsp://10.0.0.5/x?password=hunter2')}\n")
    assert execute(["check", str(path)]) == 78
    assert "hunter2" not in capsys.readouterr().err
