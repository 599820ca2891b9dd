"""The service under a real systemd as PID 1: installed by the verb, watched, killed, stopped and removed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.systemd.machine import Machine
from tests.waiting import PROGRAM_S, until

MAIN, YARD = "edge-app.service", "edge-app@yard.service"
# The name of the file of messages is a credential; its folder is the service's own.
CONFIG = """\
model: {{name: traffic}}
engine: {{precision: int8, threads: 1}}
cameras:
  gate: {{url: "synthetic://street?fps=5&size=320x180"}}
publish:
  - {{type: file, path: "{state}/${{FILE_NAME}}.ndjson"}}
"""
WATCHDOG = "[Service]\nWatchdogSec=10\nRestartSec=1\n"  # a test need not wait as long as a box may
# No driver has these numbers: what may be opened is `No such device`. A Jetson has the first.
DEVICES = {"nvmap": "10 55", "another": "10 56"}


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    yield machine
    machine.close()


def write(machine: Machine, path: str, text: str) -> None:
    machine.sh(f"mkdir -p $(dirname {path})\ncat >{path} <<'END'\n{text}END\n")


def messages(machine: Machine, state: str) -> list[str]:
    return machine.run("cat", f"{state}/found.ndjson").stdout.splitlines()


def until_it_publishes(machine: Machine, state: str = "/var/lib/edge-app") -> None:
    before = len(messages(machine, state))
    until(lambda: len(messages(machine, state)) > before, PROGRAM_S)


@pytest.mark.timeout(1800)  # a dozen starts of the program; a minute on a quiet machine
def test_the_service_lives_and_dies_under_a_real_systemd(machine: Machine) -> None:
    for check in (
        installed_twice_it_is_ready,
        it_sees_what_it_needs_and_no_more,
        a_mistake_leaves_it_alone,
        it_takes_over_what_has_changed,
        a_second_one_runs_beside_it,
        systemd_kills_what_hangs,
        it_stops_in_order,
        what_nobody_can_start_stays_stopped,
        it_goes_without_a_trace,
    ):
        check(machine)


def installed_twice_it_is_ready(machine: Machine) -> None:
    write(machine, "/etc/edge-app/config.yaml", CONFIG.format(state="/var/lib/edge-app"))
    write(machine, "/etc/edge-app/credentials/FILE_NAME", "found\n")
    write(machine, f"/etc/systemd/system/{MAIN}.d/override.conf", WATCHDOG)
    for name, numbers in DEVICES.items():
        machine.sh(f"mknod -m 666 /dev/{name} c {numbers}")

    code, said, wrong = machine.service("install", "/etc/edge-app/config.yaml")
    assert (code, wrong) == (0, []), machine.journal(MAIN)
    assert any(line.startswith(f"{MAIN}: active (running) since ") for line in said)
    pid = machine.show("MainPID", MAIN)
    code, said, wrong = machine.service("install", "/etc/edge-app/config.yaml")
    assert (code, wrong) == (0, [])
    assert "unchanged: start of edge-app.service" in said
    assert not any(line.startswith("done:") for line in said)
    assert machine.show("MainPID", MAIN) == pid
    until(lambda: "1 of 1" in machine.show("StatusText", MAIN), PROGRAM_S)
    assert machine.service("status", "/etc/edge-app/config.yaml")[0] == 0
    assert "onnxruntime" in "".join(machine.service("logs", "/etc/edge-app/config.yaml")[1])


def it_sees_what_it_needs_and_no_more(machine: Machine) -> None:
    until_it_publishes(machine)
    journal = machine.journal(MAIN)
    for trouble in ("cpuinfo", "Permission denied", "Operation not permitted", "Couldn't stat device"):
        assert trouble not in journal
    assert machine.show("User", MAIN) == "edge-app"
    pid = machine.show("MainPID", MAIN)
    assert (
        machine.sh("stat -c '%U %a' /run/edge-app /var/lib/edge-app /var/cache/edge-app").split("\n")[:3]
        == ["edge-app 750"] * 3
    )
    environment = machine.sh(f"tr '\\0' '\\n' </proc/{pid}/environ")
    assert "found" not in environment  # a credential is not in the environment
    status = dict(line.split(":", 1) for line in machine.sh(f"cat /proc/{pid}/status").splitlines())
    assert int(status["CapEff"], 16) == 0
    assert status["NoNewPrivs"].strip() == "1"

    answers = {name: opened_in_the_service(machine, f"/dev/{name}") for name in DEVICES}
    assert "No such device" in answers["nvmap"]  # named in box.conf
    assert "Operation not permitted" in answers["another"]


def opened_in_the_service(machine: Machine, device: str) -> str:
    """What becomes of opening the device where the rules of the service hold, which are those of its cgroup."""
    move = "echo $$ >/sys/fs/cgroup$(systemctl show --value --property=ControlGroup edge-app.service)/cgroup.procs"
    return machine.run("sh", "-c", f"{move} && exec 3<>{device}").stderr


def a_mistake_leaves_it_alone(machine: Machine) -> None:
    pid = machine.show("MainPID", MAIN)
    machine.sh("cp -p /etc/edge-app/config.yaml /root/right.yaml; echo 'camras: {}' >>/etc/edge-app/config.yaml")
    machine.sh("chmod 600 /etc/edge-app/config.yaml")  # something to be done
    code, _, wrong = machine.service("install", "/etc/edge-app/config.yaml")
    assert code == 78
    assert len(wrong) == 1
    assert "/etc/edge-app/config.yaml:7:1: camras: " in wrong[0]
    assert machine.show("MainPID", MAIN) == pid
    machine.sh("cp -p /root/right.yaml /etc/edge-app/config.yaml")


def it_takes_over_what_has_changed(machine: Machine) -> None:
    pid = machine.show("MainPID", MAIN)
    machine.sh("sed -i 's/^  gate: \\(.*\\)/&\\n  yard: \\1/' /etc/edge-app/config.yaml")
    machine.sh(f"systemctl reload {MAIN}")
    until(lambda: "2 of 2" in machine.show("StatusText", MAIN), PROGRAM_S)
    machine.sh("echo 'camras: {}' >>/etc/edge-app/config.yaml")
    assert machine.run("systemctl", "reload", MAIN).returncode != 0
    assert "/etc/edge-app/config.yaml:8:1: camras: " in machine.journal(MAIN)
    assert [machine.show(name, MAIN) for name in ("MainPID", "ActiveState")] == [pid, "active"]
    machine.sh("cp -p /root/right.yaml /etc/edge-app/config.yaml")
    machine.sh(f"systemctl reload {MAIN}")
    until(lambda: "1 of 1" in machine.show("StatusText", MAIN), PROGRAM_S)
    assert machine.show("MainPID", MAIN) == pid


def a_second_one_runs_beside_it(machine: Machine) -> None:
    write(machine, "/root/yard.yaml", CONFIG.format(state="/var/lib/edge-app@yard"))
    code, _, wrong = machine.service("install", "/root/yard.yaml")
    assert (code, wrong) == (0, []), machine.journal(YARD)
    until_it_publishes(machine, "/var/lib/edge-app@yard")
    assert machine.show("ActiveState", MAIN) == "active"
    assert machine.service("uninstall", "/root/yard.yaml")[0] == 0
    assert machine.show("LoadState", YARD) == "not-found"
    assert machine.show("ActiveState", MAIN) == "active"


def systemd_kills_what_hangs(machine: Machine) -> None:
    pid = machine.show("MainPID", MAIN)
    machine.sh(f"kill -STOP {pid}")
    until(lambda: machine.show("MainPID", MAIN) not in (pid, "0"), PROGRAM_S)
    until(lambda: machine.show("ActiveState", MAIN) == "active", PROGRAM_S)
    assert "Watchdog timeout" in machine.journal(MAIN)
    until_it_publishes(machine)


def it_stops_in_order(machine: Machine) -> None:
    machine.sh(f"systemctl stop {MAIN}")
    # `timeout` if it had to be killed after TimeoutStopSec=
    assert [machine.show(name, MAIN) for name in ("ActiveState", "Result")] == ["inactive", "success"]
    lines = [json.loads(line) for line in messages(machine, "/var/lib/edge-app")]
    assert {line["camera"] for line in lines} == {"gate", "yard"}
    assert machine.service("status", "/etc/edge-app/config.yaml")[0] == 69


def what_nobody_can_start_stays_stopped(machine: Machine) -> None:
    machine.sh("echo 'camras: {}' >>/etc/edge-app/config.yaml")
    assert machine.run("systemctl", "start", MAIN).returncode != 0
    code, _, (told,) = machine.service("status", "/etc/edge-app/config.yaml")
    assert code == 69
    assert told.startswith(f"{MAIN}: failed (failed), exit code 78: /etc/edge-app/config.yaml:7:1: camras: ")
    assert machine.show("NRestarts", MAIN) == "0"


def it_goes_without_a_trace(machine: Machine) -> None:
    code, said, wrong = machine.service("uninstall", "/etc/edge-app/config.yaml")
    assert (code, wrong) == (0, [])
    assert said[-1].startswith("kept: /etc/edge-app/config.yaml, ")
    assert machine.service("uninstall", "/etc/edge-app/config.yaml", "--purge")[::2] == (0, [])
    left = machine.sh("ls -d /etc/edge-app /var/*/edge-app* /etc/systemd/system/edge-app* /run/edge-app* 2>&1 || true")
    assert "yard" in left  # whose state was not asked for
    assert machine.service("uninstall", "/root/yard.yaml", "--purge")[::2] == (0, [])
    assert machine.sh("ls -d /etc/edge-app /var/*/edge-app* /etc/systemd/system/edge-app* 2>/dev/null || true") == ""
    assert machine.run("id", "edge-app").returncode != 0
