"""The HTTP side encrypts, with a certificate that is replaced while it runs."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from edge_app.core.errors import ConfigError
from edge_app.core.tls import server_context
from edge_app.web import server
from tests.waiting import until
from tests.web.served import Serve, Served, rest

HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"  # of TLS, and what it begins


@pytest.fixture
def files(certificates: Path, tmp_path: Path) -> dict[str, Path]:
    """A certificate of this host and its key, to be replaced."""
    for name in ("broker.pem", "broker.key"):
        shutil.copy(certificates / name, tmp_path / name)
    return {"cert": tmp_path / "broker.pem", "key": tmp_path / "broker.key"}


@pytest.fixture
def encrypted(serve: Serve, files: dict[str, Path], certificates: Path) -> Served:
    served = serve(tls=files)
    served.trust = ssl.create_default_context(cafile=certificates / "ca.pem")
    return served


def test_it_encrypts(encrypted: Served) -> None:
    assert encrypted.ask("/live").document == {"live": True}
    here = f"https://127.0.0.1:{encrypted.config.port}"
    assert encrypted.ask("/api/v1/reload", "POST", Origin=here).status == 200


def test_who_does_not_encrypt_gets_no_answer(encrypted: Served) -> None:
    assert b"HTTP" not in encrypted.say(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert encrypted.ask("/live").status == 200


def test_who_does_not_finish_a_handshake_is_hung_up_on(
    serve: Serve, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HANDSHAKE_S", 0.3)
    served = serve(tls=files)
    with served.connect() as silent, served.connect() as halfway:
        halfway.sendall(HELLO)
        assert rest(silent) == rest(halfway) == b""
    until(lambda: not served.server._connections._of)


def test_a_certificate_that_was_replaced_is_used_without_a_restart(
    serve: Serve, files: dict[str, Path], certificates: Path, caplog: pytest.LogCaptureFixture
) -> None:
    served, anybody = serve(tls=files), ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE

    def shown() -> bytes | None:
        with served.connect() as plain, anybody.wrap_socket(plain) as client:
            return client.getpeercert(binary_form=True)

    before, content = shown(), files["key"].read_bytes()
    files["key"].write_bytes(b"half a key")
    for _ in range(2):
        assert shown() == before
        assert caplog.text.count("the certificate from before is used") == 1
    files["key"].write_bytes(content)
    assert shown() == before
    shutil.copy(certificates / "other.pem", files["cert"].with_suffix(".new")).replace(files["cert"])
    files["key"].write_bytes((certificates / "other.key").read_bytes())
    assert shown() not in (None, before)


@pytest.mark.parametrize("lost", ["cert", "key"])
def test_files_that_cannot_be_used_are_a_mistake(files: dict[str, Path], lost: str, tmp_path: Path) -> None:
    server_context(**files)
    for broken in (tmp_path / "none.pem", tmp_path):
        with pytest.raises(ConfigError, match=str(broken)):
            server_context(**{**files, lost: broken})
    files[lost].write_text("-----BEGIN NONSENSE-----")
    with pytest.raises(ConfigError, match="no certificate and its key"):
        server_context(**files)


def test_a_key_with_a_password_is_a_mistake_and_no_question(files: dict[str, Path], tmp_path: Path) -> None:
    locked = tmp_path / "locked.key"
    command = ["openssl", "pkey", "-aes128", "-passout", "pass:secret", "-in", files["key"], "-out", locked]
    subprocess.run(command, check=True, capture_output=True)
    with pytest.raises(ConfigError, match="unencrypted"):
        server_context(files["cert"], locked)
