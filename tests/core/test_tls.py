"""Which certificates are trusted."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from edge_app.core.errors import ConfigError
from edge_app.core.tls import client_context


@pytest.fixture
def folder(certificates: Path, tmp_path: Path) -> Path:
    """Two authorities, with the names that OpenSSL looks for."""
    for name in ("ca.pem", "other.pem"):
        (tmp_path / name).write_bytes((certificates / name).read_bytes())
    subprocess.run(["openssl", "rehash", tmp_path], check=True)
    return tmp_path


def test_a_folder_in_which_openssl_would_find_nothing_is_a_mistake(folder: Path) -> None:
    client_context(folder, verify=True)
    for name in folder.glob("*.0"):
        name.unlink()
    with pytest.raises(ConfigError, match=r"holds no certificate under the name of its hash; openssl rehash"):
        client_context(folder, verify=True)
