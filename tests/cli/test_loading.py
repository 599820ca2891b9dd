"""Where the variables of a configuration come from."""

from __future__ import annotations

import pytest

from edge_app.cli.loading import load_config
from edge_app.core.errors import EdgeAppError

CONFIG = """\
model: {name: traffic}
cameras:
  gate:
    url: rtsp://192.0.2.1/a
    username: ${GATE_USER}
    password: ${GATE_PASSWORD}
publish: [{type: stdout}]
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    path.with_suffix(".env").write_text('GATE_USER="viewer"\nGATE_PASSWORD="of the file"\n')
    return path


def password(path, environ):
    return load_config(path, environ).cameras["gate"].password.get_secret_value()


def test_the_file_beside_the_configuration_sets_what_the_environment_does_not(config):
    assert password(config, {}) == "of the file"
    assert password(config, {"GATE_PASSWORD": "of the shell"}) == "of the shell"


def test_a_password_that_was_corrected_there_is_taken_at_the_next_load(config):
    assert password(config, {}) == "of the file"
    config.with_suffix(".env").write_text('GATE_USER="viewer"\nGATE_PASSWORD="corrected"\n')
    assert password(config, {}) == "corrected"


def test_a_file_that_cannot_be_read_sets_nothing(config):
    config.with_suffix(".env").unlink()
    config.with_suffix(".env").mkdir()
    with pytest.raises(EdgeAppError, match="the variable GATE_USER is not set"):
        load_config(config, {})
