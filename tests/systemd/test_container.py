"""The program where no systemd is: PID 1 of a container, nobody in particular, without a home, on a read-only disk."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from tests.systemd.namespaces import PROGRAM, Namespace, program_for_all
from tests.waiting import PROGRAM_S, until

CONFIG = """\
model: {name: traffic}
engine: {precision: int8, threads: 1}
cameras:
  gate: {url: "synthetic://street?fps=5&size=320x180"}
publish: [{type: stdout}]
state_dir: /tmp/state
"""
# /opt takes writes until the program is there; then nothing but /tmp does.
READ_ONLY = """
mount -t tmpfs tmpfs "$LAYERS"
mkdir "$LAYERS/upper" "$LAYERS/work" "$LAYERS/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$LAYERS/upper,workdir=$LAYERS/work" "$LAYERS/root"
cd "$LAYERS/root"
rm -rf opt home root
cat >etc/config.yaml <<'END'
{config}END
{program}
mount --rbind /dev dev
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -o remount,ro,bind .
"""
NOBODY = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", "--bounding-set=-all", "--no-new-privs"]


def test_it_runs_as_pid_1_of_nobody_and_ends_when_told_to(tmp_path: Path) -> None:
    place = Namespace(tmp_path, READ_ONLY.format(config=CONFIG, program=program_for_all("$PWD")))
    out = tmp_path / "out"
    enter = ["unshare", "--fork", "--pid", "--mount", "--kill-child", f"--root={tmp_path / 'layers' / 'root'}"]
    command = [*enter, "--mount-proc", *NOBODY, "env", "-i", "PATH=/usr/bin:/bin", PROGRAM, "run", "/etc/config.yaml"]
    try:
        with out.open("wb") as file:
            unshare = place.start(*command, out=file)
        until(lambda: out.read_text().count('"schema"') > 2 or unshare.poll() is not None, PROGRAM_S)
        assert unshare.poll() is None, out.read_text()
        children = Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children").read_text()
        (pid,) = map(int, children.split())
        (seen,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("NSpid:")]
        assert seen.split()[-1] == "1"
        os.kill(pid, signal.SIGTERM)
        assert unshare.wait(PROGRAM_S) == 0
    finally:
        place.close()
    lines = out.read_text().splitlines()
    assert [json.loads(line)["seq"] for line in lines if line.startswith("{")][:3] == [0, 1, 2]
    assert "Traceback" not in out.read_text()
    assert [line for line in lines if "warn" in line.lower() or "error" in line.lower()] == []
