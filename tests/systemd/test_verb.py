"""`edge-app service` on this system, whose folders take the writes into memory; of systemd only the edge is played."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.systemd.namespaces import PROGRAM, WRITABLE, Namespace, program_for_all

FAKES = ("systemctl", "journalctl", "systemd-run")
CONFIG = """\
model: {name: traffic}
cameras:
  gate: {url: "synthetic://street?fps=5&size=320x180"}
publish:
  - {type: file, path: /var/lib/edge-app/detections.ndjson}
"""
MAIN, YARD = "/etc/edge-app/config.yaml", "/etc/edge-app/yard.yaml"
# What an installation has put there: each file with its permissions, its group and its size.
INVENTORY = (
    "find /etc/edge-app /etc/sysusers.d/edge-app.conf /etc/systemd/system/edge-app* /var/lib/edge-app* "
    "-printf '%p %M %g %s\\n' 2>/dev/null | sort; getent passwd edge-app || true; id -Gn edge-app 2>/dev/null || true"
)


class Box(Namespace):
    """A system on which the program is installed, and no service."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        super().__init__(folder, WRITABLE + program_for_all())
        (self.fake / "bin").mkdir()
        for name in FAKES:
            (self.fake / "bin" / name).symlink_to(Path(__file__).with_name("fake_systemctl"))

    def service(self, *arguments: object, prefix: tuple[str, ...] = (), **env: str) -> tuple[int, list[str], list[str]]:
        """Exit code and lines of `edge-app service …`."""
        done = self.run(PROGRAM, "service", *arguments, prefix=prefix, **env)
        return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()

    def sh(self, script: str, **env: str) -> str:
        done = self.run("sh", "-euc", script, **env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def write(self, path: str, text: str) -> None:
        self.sh('mkdir -p "$(dirname "$FILE")"; printf %s "$TEXT" >"$FILE"', FILE=path, TEXT=text)

    def calls(self) -> list[str]:
        """What systemd was told since it was asked last, without what it was only asked."""
        path = self.fake / "calls"
        told = path.read_text().splitlines() if path.exists() else []
        path.write_text("")
        return [re.sub(" -p .*", " …", call) for call in told]


@pytest.fixture
def new_box(tmp_path):
    boxes = []

    def make() -> Box:
        boxes.append(Box(tmp_path / f"box{len(boxes)}"))
        return boxes[-1]

    yield make
    for each in boxes:
        each.close()


@pytest.fixture
def box(new_box):
    return new_box()


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    return path


def test_a_configuration_becomes_a_service_and_a_second_time_nothing_is_done(box, config):
    config.with_suffix(".env").write_text('GATE_PASSWORD="secret"\n')

    code, said, wrong = box.service("install", config)

    assert (code, wrong) == (0, [])
    assert box.calls() == [
        "systemctl daemon-reload",
        "systemd-run --quiet --pipe --wait --collect …",
        "systemctl enable --quiet edge-app.service",
        "systemctl restart edge-app.service",
    ]
    there = box.sh(INVENTORY)
    for line in (
        "/etc/edge-app drwxr-x--- edge-app ",
        "/etc/edge-app/config.env -rw------- root ",
        "/etc/edge-app/config.yaml -rw-r----- edge-app ",
        "/etc/edge-app/credentials drwx------ root ",
        "/etc/systemd/system/edge-app.service -rw-r--r-- root ",
    ):
        assert re.search(f"^{line}", there, re.MULTILINE), there
    assert there.splitlines()[-1] == "edge-app video render"
    assert said[-3].startswith("edge-app.service: active (running) since Mon 2026-11-30")
    assert said[-2].strip() == "1 of 1 cameras up"

    code, again, wrong = box.service("install", config)

    assert (code, wrong, box.calls()) == (0, [], [])
    steps = [line.partition(": ") for line in said[:-3]]
    assert [f"unchanged: {what}" for _, _, what in steps] == again[:-3]
    assert {word for word, *_ in steps} == {"done"}
    assert box.sh(INVENTORY) == there


def test_the_commands_of_a_dry_run_do_what_the_verb_does(new_box, config, tmp_path):
    by_verb, by_hand = new_box(), new_box()
    for each in (by_verb, by_hand):
        each.sh("install -d /etc/edge-app/credentials; echo secret >/etc/edge-app/credentials/GATE_PASSWORD")
    config.write_text(CONFIG + "# ${GATE_PASSWORD}\n")
    before = by_hand.sh(INVENTORY)

    code, plan, wrong = by_hand.service("install", config, "--dry-run")

    assert (code, wrong, by_hand.calls()) == (0, [], [])
    assert by_hand.sh(INVENTORY) == before
    by_hand.sh("\n".join(plan))
    assert by_verb.service("install", config)[0] == 0
    assert by_hand.sh(INVENTORY) == by_verb.sh(INVENTORY)
    assert by_hand.calls() == by_verb.calls()
    code, plan, _ = by_verb.service("install", config, "--dry-run")
    assert code == 0
    assert {line.partition(":")[0] for line in plan} == {"# unchanged"}


def test_without_root_there_is_a_plan_and_nothing_else(box, config):
    nobody = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
    if box.run("true", prefix=nobody).returncode:
        pytest.skip("no user namespaces here")

    code, plan, wrong = box.service("install", config, "--dry-run", prefix=nobody)
    assert (code, wrong) == (0, [])
    assert "systemctl restart edge-app.service" in plan
    code, said, wrong = box.service("install", config, prefix=nobody)
    assert (code, said) == (77, [])
    assert wrong == ["a service is installed and removed by root; --dry-run shows the steps to anybody"]


def test_a_mistake_is_told_before_a_service_that_runs_is_touched(box):
    box.write(MAIN, CONFIG)
    assert box.service("install", MAIN)[0] == 0
    box.calls()
    box.write(MAIN, CONFIG.replace("publish", "publsh"))
    box.sh(f"chmod 600 {MAIN}")

    code, said, wrong = box.service("install", MAIN)

    assert code == 78
    (line,) = wrong
    assert line.startswith(f"check of {MAIN}: {MAIN}:4:1: publsh: ")
    assert line.endswith(
        "left to do: check of /etc/edge-app/config.yaml, start of edge-app.service at boot, start of edge-app.service"
    )
    assert f"done: permissions of {MAIN}" in said
    assert box.calls() == ["systemctl daemon-reload", "systemd-run --quiet --pipe --wait --collect …"]


@pytest.mark.parametrize(("code", "told"), [("75", 75), ("78", 78), ("1", 69)])
def test_a_service_that_does_not_start_ends_the_verb_with_its_own_exit_code(box, config, code, told):
    (box.fake / "exit-code").write_text(code)

    ended, _, wrong = box.service("install", config)

    words = "Job for edge-app.service failed." if told == 69 else f"exit code {code}: the last words"
    assert ended == told
    assert wrong == [f"start of edge-app.service: {words}; left to do: start of edge-app.service"]
    assert box.service("status", config)[::2] == (
        69,
        [f"edge-app.service: failed (failed), exit code {code}: the last words"],
    )


def test_another_configuration_is_replaced_only_when_told_to(box, config):
    assert box.service("install", config)[0] == 0
    config.write_text(CONFIG.replace("fps=5", "fps=6"))
    box.calls()

    code, said, wrong = box.service("install", config)

    assert (code, said, box.calls()) == (64, [], [])
    assert wrong == [f"{MAIN}: is there already, and not the same as {config}; --force replaces it"]
    assert box.service("install", config, "--force")[0] == 0
    assert "fps=6" in box.sh(f"cat {MAIN}")
    assert "systemctl restart edge-app.service" in box.calls()


def test_a_password_that_comes_or_goes_changes_the_drop_in(box):
    drop_in = "/etc/systemd/system/edge-app.service.d/box.conf"
    box.write(MAIN, CONFIG + "# ${GATE_PASSWORD}\n")
    assert box.service("install", MAIN)[0] == 0
    box.sh(f"! test -e {drop_in}; echo secret >/etc/edge-app/credentials/GATE_PASSWORD")

    assert f"done: {drop_in}" in box.service("install", MAIN)[1]

    assert "LoadCredential=GATE_PASSWORD:/etc/edge-app/credentials/GATE_PASSWORD\n" in box.sh(f"cat {drop_in}")
    assert box.calls()[-1] == "systemctl restart edge-app.service"
    box.write(MAIN, CONFIG)
    assert box.service("install", MAIN)[0] == 0
    box.sh(f"! test -e {drop_in}")


def test_uninstall_keeps_what_is_the_users_and_purge_does_not(box):
    for path in (MAIN, YARD):
        box.write(path, CONFIG)
        assert box.service("install", path)[0] == 0
    box.sh("mkdir -p /var/lib/edge-app /var/lib/edge-app@yard/models; echo A=b >/etc/edge-app/environment")
    box.calls()

    code, said, wrong = box.service("uninstall", YARD)

    assert (code, wrong) == (0, [])
    assert box.calls() == ["systemctl disable --quiet --now edge-app@yard.service", "systemctl daemon-reload"]
    assert said[-1] == f"kept: {YARD}, /var/lib/edge-app@yard; --purge removes them"
    assert box.service("uninstall", YARD)[::2] == (0, [])
    assert box.service("status", YARD)[0] == 66
    assert box.service("status", MAIN)[0] == 0
    assert box.service("uninstall", YARD, "--purge")[0] == 0
    box.sh(f"! test -e {YARD}; ! test -e /var/lib/edge-app@yard; test -e {MAIN}; test -e /etc/edge-app/environment")

    assert box.service("uninstall", MAIN, "--purge")[::2] == (0, [])
    assert box.sh(INVENTORY) == ""
    assert box.service("uninstall", MAIN, "--purge")[::2] == (0, [])


def test_the_unit_of_instances_goes_with_the_last_of_them(box):
    template = "/etc/systemd/system/edge-app@.service"
    box.write("/etc/edge-app/attic.yaml", CONFIG)
    box.write(YARD, CONFIG)
    assert [box.service("install", path)[0] for path in ("/etc/edge-app/attic.yaml", YARD)] == [0, 0]
    assert box.service("uninstall", YARD)[0] == 0
    box.sh(f"test -e {template}")
    assert box.service("uninstall", "/etc/edge-app/attic.yaml")[0] == 0
    box.sh(f"! test -e {template}")


def test_logs_are_the_journals(box, config):
    assert box.service("logs", config, "-f", "-n", "5") == (0, ["a log"], [])
    assert box.calls() == ["journalctl --unit=edge-app.service --lines=5 --follow"]


@pytest.mark.parametrize(
    ("prepare", "arguments", "code", "told"),
    [
        pytest.param("", ["install", "/no/config.yaml"], 66, "/no/config.yaml: no such file", id="no file"),
        pytest.param("", ["install", "/etc/config.yml"], 64, "want a file NAME.yaml", id="no name"),
        pytest.param("rmdir /run/systemd/system", ["install", MAIN], 69, "systemd does not run", id="no systemd"),
        pytest.param("", ["status", MAIN], 66, "edge-app.service: not installed", id="not installed"),
    ],
)
def test_what_is_missing_is_one_line(box, prepare, arguments, code, told):
    box.write(MAIN, CONFIG)
    box.sh(prepare)
    ended, said, wrong = box.service(*arguments)
    assert (ended, said, len(wrong)) == (code, [], 1)
    assert told in wrong[0]
