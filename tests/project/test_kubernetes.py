"""The manifests for Kubernetes fit its schemas, each other, the image of docs/install.md and the program."""

from __future__ import annotations

import copy
import http.client
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge_app.app.config import load_config
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
MANIFESTS = sorted((ROOT / "packaging/kubernetes").glob("*.yaml"))
RESOURCES = [resource for path in MANIFESTS for resource in yaml.safe_load_all(path.read_text())]
NODE = "node-7.example.org"


def resource(kind: str, name: str = "edge-app") -> dict[str, Any]:
    """The one of that kind and name."""
    (found,) = [each for each in RESOURCES if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return copy.deepcopy(found)


def container() -> dict[str, Any]:
    """The program's."""
    (found,) = resource("DaemonSet")["spec"]["template"]["spec"]["containers"]
    return found


@pytest.fixture
def environ(tmp_path):
    """What the program sees there: the name of its node, and the Secret as files."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name, value in resource("Secret")["stringData"].items():
        (secrets / name).write_text(value)
    return {"BOX": NODE, "CREDENTIALS_DIRECTORY": str(secrets)}


@pytest.mark.parametrize("each", RESOURCES, ids=lambda each: f"{each['kind']} {each['metadata']['name']}")
def test_every_manifest_fits_the_schemas_of_kubernetes(each):
    validator = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
    versions = validator.utils.all_versions()
    for version in (versions[0], versions[-1]):
        validator.validate(each, version, strict=True)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param("livenesProbe", {"httpGet": {"path": "/live", "port": "http"}}, id="misspelt"),
        pytest.param("args", "run", id="of another type"),
    ],
)
def test_what_does_not_fit_is_found(key, value):
    validator = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
    wrong = resource("DaemonSet")
    wrong["spec"]["template"]["spec"]["containers"][0][key] = value
    with pytest.raises(validator.ValidationError):
        validator.validate(wrong, validator.utils.all_versions()[-1], strict=True)


def test_the_configuration_is_one_that_the_program_takes_with_the_secrets_beside_it(tmp_path, environ):
    path = tmp_path / "config.yaml"
    path.write_text(resource("ConfigMap")["data"]["config.yaml"])
    config = load_config(path, environ)
    assert config.fleet is not None
    assert config.fleet.box == NODE
    etcd = resource("StatefulSet", "edge-app-etcd")
    members = [f"edge-app-etcd-{number}" for number in range(etcd["spec"]["replicas"])]
    service = etcd["spec"]["serviceName"]
    assert config.fleet.etcd == tuple(f"http://{member}.{service}:2379" for member in members)
    (cluster,) = [word for word in etcd["spec"]["template"]["spec"]["containers"][0]["command"] if "-cluster=" in word]
    assert cluster == "--initial-cluster=" + ",".join(f"{each}=http://{each}.{service}:2380" for each in members)
    assert resource("Service", service)["spec"]["clusterIP"] == "None"


def test_the_configuration_for_triton_is_one_that_the_program_takes(tmp_path, environ):
    text = (ROOT / "packaging/kubernetes/triton.yaml").read_text()
    engine = yaml.safe_load(re.search(r"`engine: (.+?)`", text)[1])
    path = tmp_path / "config.yaml"
    config = yaml.safe_load(resource("ConfigMap")["data"]["config.yaml"])
    path.write_text(yaml.safe_dump({**config, "engine": engine}))
    url = load_config(path, environ).engine.url
    port = resource("Service", "edge-app-triton")["spec"]["ports"][0]["port"]
    assert url == f"grpc://edge-app-triton:{port}"


def test_folders_and_user_are_those_of_the_image():
    image = (ROOT / "docs/install.md").read_text().partition("```dockerfile")[2].partition("```")[0]
    mounts = {mount["mountPath"] for mount in container()["volumeMounts"]}
    for name in ("STATE_DIRECTORY", "CACHE_DIRECTORY", "CREDENTIALS_DIRECTORY"):
        assert re.search(rf"{name}=(\S+)", image)[1] in mounts
    pod = resource("DaemonSet")["spec"]["template"]["spec"]
    user = pod["securityContext"]
    assert f"USER {user['runAsUser']}:{user['runAsGroup']}\n" in image
    assert re.search(r"CMD \[(.+)\]", image)[1] == ", ".join(f'"{word}"' for word in container()["args"])
    assert pod["terminationGracePeriodSeconds"] > 5


def test_the_program_answers_the_probes(edge_app, configured, environ, start_etcd, tmp_path):
    etcd, port = start_etcd(), free_port()
    config = yaml.safe_load(resource("ConfigMap")["data"]["config.yaml"])
    config["web"] |= {"host": "127.0.0.1", "port": port}
    config["fleet"] |= {"etcd": [etcd.url]}
    cameras = {name: {"url": "synthetic://street?fps=5&size=320x180"} for name in config["cameras"]}
    own = {"cameras": cameras, "publish": [{"type": "stdout"}], "state_dir": str(tmp_path / "state")}
    program = edge_app(container()["args"][0], configured(**config | own), env=environ)
    paths = [container()[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")]
    assert len(set(paths)) == 3
    for path in paths:
        program.until(lambda path=path: answered(port, path) == 200)
    program.until(lambda: {message["camera"] for message in program.messages()} == {*cameras})
    assert program.messages()[0]["box"] == NODE


def answered(port: int, path: str) -> int | None:
    """The status; None while nobody listens. As kubelet asks: with an address in `Host`, without a token."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()
