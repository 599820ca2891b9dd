"""The drop-in of one box."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_app.core.errors import UsageError
from edge_app.systemd.box import box_text
from edge_app.systemd.unit import shipped, unit_of

# A Jetson Orin with JetPack 6, as its CUDA and its decoder open them.
ORIN = ["nvmap", "host1x-fence", "nvhost-ctrl-gpu", "nvgpu/igpu0/ctrl", "nvgpu/igpu0/power", "v4l2-nvdec"]


def settings(text: str) -> list[str]:
    return [line for line in text.splitlines() if "=" in line and not line.startswith("#")]


def test_a_box_without_anything_of_its_own_has_no_drop_in(tmp_path):
    assert box_text("cameras: {}", tmp_path / "credentials", tmp_path) == ""


def test_only_the_credentials_that_the_configuration_names_are_loaded(tmp_path):
    for name in ("GATE_PASSWORD", "MQTT_PASSWORD", "OF_ANOTHER"):
        (tmp_path / name).touch()
    config = "password: ${GATE_PASSWORD}\nusername: ${GATE_USER}\n# ${MQTT_PASSWORD:-none} $${OF_ANOTHER}\n"
    assert settings(box_text(config, tmp_path, tmp_path / "dev")) == [
        f"LoadCredential=GATE_PASSWORD:{tmp_path}/GATE_PASSWORD",
        f"LoadCredential=MQTT_PASSWORD:{tmp_path}/MQTT_PASSWORD",
    ]


def test_the_nodes_of_a_jetson_are_named_one_by_one(tmp_path):
    for name in (*ORIN, "nvme0", "video0"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = settings(box_text("", tmp_path / "credentials", tmp_path))
    assert found == [f"DeviceAllow={tmp_path}/{name} rw" for name in ORIN]


@pytest.mark.parametrize(
    ("config", "name", "folder", "file"),
    [
        pytest.param("config.yaml", "edge-app.service", "edge-app", "edge-app.service", id="the one"),
        pytest.param("/etc/edge-app/config.yaml", "edge-app.service", "edge-app", "edge-app.service", id="in place"),
        pytest.param(
            "a/back-yard.yaml", "edge-app@back-yard.service", "edge-app@back-yard", "edge-app@.service", id="2"
        ),
    ],
)
def test_a_configuration_is_its_service_by_its_name(tmp_path, config, name, folder, file):
    unit = unit_of(tmp_path / config)
    assert (unit.name, unit.file.name) == (name, file)
    assert [str(unit.state), str(unit.cache)] == [f"/var/lib/{folder}", f"/var/cache/{folder}"]
    assert shipped(unit.file.name).read_text().startswith("#")


@pytest.mark.parametrize("name", ["config.yml", "gate 1.yaml", "-x.yaml", "tür.yaml", "config", "a@b.yaml", ".yaml"])
def test_a_name_that_systemd_would_have_to_escape_is_refused(name):
    with pytest.raises(UsageError, match="want a file NAME"):
        unit_of(Path("/etc/edge-app", name))
