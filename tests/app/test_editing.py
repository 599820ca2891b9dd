"""Zones, lines and areas are changed, and cameras added, over HTTP: in the file, and in what runs."""

from __future__ import annotations

import http.client
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge_app.analytics.counts import COUNTS_FILE
from tests.ports import free_port
from tests.program import Program, StartProgram
from tests.waiting import PATIENCE_S

TOKEN, READ = "write-0123456789abcdef", "read-0123456789abcdef"
HALL = {"polygon": [[0.0, 0.3], [1.0, 0.3], [1.0, 1.0], [0.0, 1.0]]}
FILE = """\
# The shop.   Ask Ada first.
model:   {{name: traffic}}
engine: {{threads: 1}}
state_dir: {state}
web: {{port: {port}, token: "${{WEB_TOKEN}}", read_token: {read}}}

cameras:
  # The street.
  street:
    url: synthetic://street?seed=3&fps=5   # rendered
    zones:
      # drawn by hand
      corner: {{ polygon: [[0.0,0.0], [0.05,0.0], [0.05, 0.05]],  labels: [ "${{WHO:-person}}" ], inertia: 3 }}   # tiny
  yard: {{url: "synthetic://street?seed=4&fps=2"}}   # the back door
publish: [{{type: stdout}}]   # for the accountant
# The end.
"""


class Box:
    """A program that runs, its file, and whoever asks it."""

    def __init__(self, program: Program, path: Path, port: int) -> None:
        self.program, self.path, self._port = program, path, port

    def ask(
        self, method: str, path: str, body: Any = None, token: str | None = TOKEN, **headers: str
    ) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_S)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
            connection.request(method, path, body=content, headers=headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def put(self, body: Any, camera: str = "street", query: str = "", **more: Any) -> tuple[int, Any]:
        return self.ask("PUT", f"/api/v1/cameras/{camera}/zones{query}", body, **more)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def text(self) -> str:
        return self.path.read_text()

    def has_started(self) -> bool:
        try:
            return self.ask("GET", "/startup")[0] == 200
        except OSError:
            return False

    def zones(self, camera: str = "street") -> dict[str, Any]:
        zones = self.ask("GET", "/api/v1/config")[1]["cameras"][camera]["zones"]
        assert isinstance(zones, dict)
        return zones


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder, port = tmp_path_factory.mktemp("box"), free_port()
    path = folder / "config.yaml"
    path.write_text(FILE.format(state=folder / "state", port=port, read=READ))
    path.chmod(0o640)
    program = Program(folder, "run", path, env={"WEB_TOKEN": TOKEN})
    box = Box(program, path, port)

    try:
        program.until(box.has_started)
        yield box
    finally:
        program.process.kill()
        program.process.wait()


@pytest.fixture(autouse=True)
def as_before(box: Box) -> Any:
    """Each test finds the file as it was at first."""
    before = box.path.read_bytes()
    yield
    box.path.write_bytes(before)
    assert box.ask("POST", "/api/v1/reload")[0] == 200


def test_a_zone_is_drawn_into_the_file_and_works_at_once(box: Box) -> None:
    before, scene = box.text, box.ask("GET", "/api/v1/cameras/street/zones")[1]
    assert scene["zones"] == {"corner": {"polygon": [[0, 0], [0.05, 0], [0.05, 0.05]], "labels": ["person"]}}
    assert "person" in scene["labels"]
    wanted = {"zones": {**scene["zones"], "hall": HALL}, "lines": {}}
    code, planned = box.put(wanted, query="?dry_run=1")
    assert (code, planned["applied"], planned["version"]) == (200, False, scene["version"])
    assert "\n+      hall: {polygon: [[0, 0.3], [1, 0.3], [1, 1], [0, 1]]}\n" in planned["diff"]
    assert {"op": "~", "part": "camera street", "keys": ["zones"]} in planned["changes"]
    assert box.text == before
    code, done = box.put(wanted, **{"If-Match": f'"{planned["version"]}"'})
    assert (code, done["applied"], done["diff"]) == (200, True, planned["diff"])
    lines = [line for line in box.text.splitlines() if line not in before.splitlines()]
    assert lines == ["      hall: {polygon: [[0, 0.3], [1, 0.3], [1, 1], [0, 1]]}"]
    assert box.text.replace(lines[0] + "\n", "") == before
    assert stat.S_IMODE(box.path.stat().st_mode) == 0o640
    box.program.until(lambda: any(m.get("zone") == "hall" for m in box.program.messages("street")))
    assert len({m["session"] for m in box.program.messages("street")}) == 1


def test_what_is_the_same_is_not_written(box: Box) -> None:
    before = box.path.stat()
    scene = box.ask("GET", "/api/v1/cameras/street/zones")[1]
    everything = box.ask("GET", "/api/v1/config")[1]["cameras"]["street"]["zones"]
    assert everything["corner"]["anchor"] == "bottom_center"  # defaults, too
    for zones in (scene["zones"], everything):
        code, answer = box.put({"zones": zones})
        assert (code, answer["diff"]) == (200, "")
    assert box.path.stat().st_mtime_ns == before.st_mtime_ns


def test_a_camera_in_one_line_stays_in_one(box: Box) -> None:
    before = box.text
    areas = [[[0, 0], [0.2, 0], [0.2, 0.1]]]
    body = {"lines": {"in": {"from": [0.1, 0.5], "to": [0.9, 0.5]}}, "ignore": areas, "privacy": areas}
    assert box.put(body, "yard")[0] == 200
    changed = [line for line in box.text.splitlines() if line not in before.splitlines()]
    assert len(changed) == 1
    assert changed[0].endswith("}   # the back door")
    yard = yaml.safe_load(box.text)["cameras"]["yard"]
    assert {key: yard[key] for key in body} == body
    assert box.put({"lines": {}, "ignore": [], "privacy": []}, "yard")[0] == 200
    assert box.text == before


@pytest.mark.parametrize(
    ("body", "key", "words"),
    [
        (
            {"zones": {"hall": {"polygon": [[0.1, 0.1], [0.2, 0.2]]}}},
            "zones.hall.polygon",
            "want 3 to 100 points, got 2",
        ),
        ({"zones": {"hall": {**HALL, "dwell_s": -1}}}, "zones.hall.dwell_s", "want more than 0"),
        ({"zones": {"hall": {**HALL, "lables": []}}}, "zones.hall.lables", "unknown key, did you mean labels?"),
        ({"zones": {"hall": {**HALL, "labels": ["persn"]}}}, "zones.hall.labels[0]", "the model has no persn"),
        ({"zones": {"hall": {**HALL, "active": ["mn"]}}}, "zones.hall.active[0]", "no day 'mn'"),
        ({"zones": {"The Hall": HALL}}, "zones.The Hall", "want only a-z, 0-9 and _"),
        ({"zones": {"a": HALL}, "lines": {"a": {"from": [0, 0], "to": [1, 1]}}}, "lines.a", "a zone has this name"),
        ({"ignore": [[[0, 0], [2, 0], [1, 1]]]}, "ignore[0][1][0]", "want 0 to 1"),
        ({"zones": []}, "zones", "want names"),
        ({"lines": []}, "lines", "want names"),
        ({"zones": {"hall": None}}, "zones.hall", "want names"),
        ({"privacy": {}}, "privacy", "want a list"),
        ({"url": "rtsp://evil"}, "url", "want one of zones"),
    ],
)
def test_a_mistake_is_told_in_the_loaders_words_with_its_key(box: Box, body: Any, key: str, words: str) -> None:
    before = box.text
    for query in ("?dry_run=1", ""):
        code, answer = box.put(body, query=query)
        first = answer["error"]["issues"][0]
        assert (code, answer["error"]["key"]) == (422, f"cameras.street.{key}")
        assert first["key"] == answer["error"]["key"]
        assert words in first["message"]
        assert words in answer["error"]["message"]
    assert box.text == before


def test_who_may_not_changes_nothing(box: Box) -> None:
    before, body = box.text, {"zones": {}}
    assert box.put(body, token=READ)[0] == 403
    assert box.put(body, token=None)[0] == 401
    assert box.put(body, Origin="http://evil.example")[0] == 403
    assert box.put(body, "nobody")[0] == 404
    assert box.ask("GET", "/api/v1/cameras/nobody/zones")[0] == 404
    assert box.ask("PUT", "/api/v1/cameras/porch", {"url": "synthetic://street"}, token=READ)[0] == 403
    assert box.ask("POST", "/api/v1/probe", {"url": "rtsp://127.0.0.1:9/"}, token=READ)[0] == 403
    assert box.text == before


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"zones": NaN}',
        b"[" * 60_000,
        b'{"a":' * 9000 + b"1" + b"}" * 9000,
        b"\xff",
        b'{"zones": {"\\ud800": {}}}',
    ],
)
def test_what_is_no_object_is_refused(box: Box, body: bytes) -> None:
    code, answer = box.put(body)
    assert (code, answer) == (400, {"error": {"message": "want a JSON object"}})


def test_a_file_that_was_changed_meanwhile_is_left_alone(box: Box) -> None:
    version = box.ask("GET", "/api/v1/cameras/street/zones")[1]["version"]
    box.path.write_text(box.text + "# a new last line\n")
    code, answer = box.put({"zones": {}}, **{"If-Match": version})
    assert code == 409
    assert "somebody has changed it meanwhile" in answer["error"]["message"]
    assert "corner" in box.text


def test_a_file_with_a_mistake_is_left_alone(box: Box) -> None:
    box.path.write_text(box.text.replace("publish:", "publsh:"))
    code, answer = box.put({"zones": {}})
    assert (code, answer["error"]["key"]) == (422, "publsh")
    box.path.write_text(box.text.replace("publsh:", "publish:"))


def test_an_anchor_that_would_carry_the_change_elsewhere_is_refused_in_words(box: Box) -> None:
    box.path.write_text(box.text.replace("    zones:\n", "    zones: &z\n").replace('fps=2"', 'fps=2", zones: *z'))
    code, answer = box.put({"zones": {"hall": HALL}})
    assert code == 409
    assert "an anchor (&) or a merge (<<)" in answer["error"]["message"]
    code, answer = box.put({"zones": {"hall": HALL}}, "yard")
    assert code == 200
    assert box.zones("street").keys() == {"corner"}
    assert box.zones("yard").keys() == {"hall"}


def test_no_text_is_taken_for_a_variable(box: Box) -> None:
    code, answer = box.put({"zones": {"hall": {**HALL, "labels": ["${WEB_TOKEN}"]}}})
    assert code == 422
    assert "the model has no ${WEB_TOKEN}" in answer["error"]["issues"][0]["message"]
    assert TOKEN not in json.dumps(answer)


def test_a_diff_shows_no_secret(box: Box) -> None:
    box.path.write_text(
        box.text.replace('fps=2"', 'fps=2", max_fps: 2').replace(
            "  yard:", '  old: {url: "rtsp://10.0.0.5/a", username: u, password: s3cret-word, enabled: false}\n  yard:'
        )
    )
    code, answer = box.put({"zones": {"hall": HALL}}, query="?dry_run=1")
    assert code == 200
    assert "password: ***" in answer["diff"]
    assert "s3cret-word" not in json.dumps(answer)


def test_a_change_that_cannot_be_made_puts_the_file_back(edge_app: StartProgram, tmp_path: Path) -> None:
    """Only the change itself finds out that there can be no file of counts."""
    path, port = tmp_path / "config.yaml", free_port()
    text = FILE.format(state=tmp_path, port=port, read=READ)
    begin, end = text.index("    zones:"), text.index("  yard:")
    path.write_text(text[:begin] + text[end:])
    (tmp_path / COUNTS_FILE).mkdir()
    box = Box(edge_app("run", path, env={"WEB_TOKEN": TOKEN}), path, port)
    box.program.until(box.has_started)
    before = box.path.read_bytes()
    for camera in ("street", "yard"):
        code, answer = box.put({"zones": {"hall": HALL}}, camera)
        assert code == 403, answer
        assert COUNTS_FILE in answer["error"]["message"]
        assert box.path.read_bytes() == before
        assert box.zones(camera) == {}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_file_that_may_not_be_written_is_refused_in_words(box: Box) -> None:
    box.path.chmod(0o440)
    try:
        code, answer = box.put({"zones": {}})
        assert code == 403
        assert "this program may not write it" in answer["error"]["message"]
    finally:
        box.path.chmod(0o640)


class TestACamera:
    def test_is_looked_at_added_and_runs(self, box: Box, rtsp_server: Any) -> None:
        server = rtsp_server(user="viewer", password="pa ss$word")
        said = {"url": server.url, "username": "viewer", "password": "pa ss$word"}
        code, seen = box.ask("POST", "/api/v1/probe", said)
        assert (code, seen["codec"], seen["width"], seen["height"]) == (200, "h264", 320, 240)
        assert seen["picture"].startswith("data:image/jpeg;base64,/9j/")
        before = box.text
        code, planned = box.ask("PUT", "/api/v1/cameras/porch?dry_run=1", {**said, "fps": seen["fps"]})
        assert code == 200, planned
        assert box.text == before
        assert "+    password: ${PORCH_PASSWORD}\n" in planned["diff"]
        code, done = box.ask(
            "PUT", "/api/v1/cameras/porch", {**said, "fps": seen["fps"]}, **{"If-Match": planned["version"]}
        )
        assert (code, done["applied"]) == (200, True), done
        secrets = box.path.with_suffix(".env")
        assert done["secrets"] == str(secrets)
        assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
        assert 'PORCH_PASSWORD="pa ss\\$word"' in secrets.read_text()
        assert "pa ss" not in box.text + json.dumps(done) + box.program.log
        assert box.text.replace(added(before, box.text), "") == before
        box.program.until(lambda: box.program.messages("porch"))
        assert box.ask("PUT", "/api/v1/cameras/porch", said)[0] == 409
        secrets.write_text(secrets.read_text().replace("pa ss", "corrected"))
        code, answer = box.ask("POST", "/api/v1/reload")
        assert {"op": "~", "part": "camera porch", "keys": ["password"]} in answer["changes"]
        box.path.write_text(before)
        assert box.ask("POST", "/api/v1/reload")[0] == 200
        code, answer = box.ask("PUT", "/api/v1/cameras/porch", said)
        assert code == 409
        assert "the variable PORCH_USER is in use" in answer["error"]["message"]
        secrets.unlink()

    @pytest.mark.parametrize(
        ("url", "words"),
        [
            ("", "want a URL"),
            ("/etc/passwd", "want a URL"),
            ("file:///etc/passwd", "want a URL"),
            ("synthetic://street", "want a URL"),
            ("/dev/video0", "want a URL"),
            ("rtsp://", "want a host"),
            ("rtsp://u:a/b@host/", "there is an @"),
        ],
    )
    def test_whose_url_is_none_of_a_camera_is_refused(self, box: Box, url: str, words: str) -> None:
        for method, path in (("POST", "/api/v1/probe"), ("PUT", "/api/v1/cameras/porch")):
            code, answer = box.ask(method, path, {"url": url})
            assert (code, answer["error"]["key"]) == (422, "url")
            assert words in answer["error"]["message"]

    def test_that_does_not_answer_says_why(self, box: Box) -> None:
        code, answer = box.ask("POST", "/api/v1/probe", {"url": f"rtsp://127.0.0.1:{free_port()}/s3cret"})
        assert (code, answer["error"]["reason"]) == (502, "refused")

    def test_whose_name_is_none_is_refused(self, box: Box) -> None:
        code, answer = box.ask("PUT", "/api/v1/cameras/The%20Porch", {"url": "rtsp://10.0.0.5/"})
        assert (code, answer["error"]["key"]) == (422, "name")


def added(before: str, after: str) -> str:
    """What was put into a text at one place."""
    begin = next(n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b)
    return after[begin : begin + len(after) - len(before)]
