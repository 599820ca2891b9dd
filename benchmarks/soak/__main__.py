"""Runs the program on four RTSP cameras while everything around it fails at random; prints a report.

python -m benchmarks.soak [--minutes 30] [--seed 1] [--fps 5] [--folder FOLDER]

Cameras are GStreamer servers that are killed, frozen, silent, slow, lossy, damaged or back in another size; the broker
and a web server, to which all messages go by way of spools that write before they send, are killed, frozen, torn off
and busy; the disk of the spools is full now and then (as root); the configuration is read again, also when it is
broken. After every minute all rests for half a minute: then memory is looked at. In the end every camera has to be up,
every message to have arrived, and nothing to have grown: exit code 1 if something is otherwise.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

import yaml

from benchmarks.soak.ledger import Verdict, gaps, lines_of, verdict
from benchmarks.soak.report import Soak
from benchmarks.soak.schedule import REST_S, ROUND_S, Fault, scheduled
from benchmarks.soak.sites import BrokerSite, CameraSite, DiskSite, HookSite, ReloadSite, Site
from benchmarks.soak.watch import Watch
from tests.broker.fixtures import Subscriber
from tests.program import Program
from tests.rtsp.clips import stripes, write_clip

CAMERAS = ("gate", "yard", "hall", "ramp")
SIZES = ((320, 240), (480, 272), (640, 360))
RECONNECT = {"initial_s": 0.5, "max_s": 5.0}
ALWAYS = {"detections": "always", "events": "always"}
ARRIVES_S = 60.0  # within which the last messages do

Documents = Callable[[], Iterable[bytes]]


def configuration(cameras: Mapping[str, CameraSite], broker: BrokerSite, hook: HookSite, disk: DiskSite) -> str:
    """YAML with every message to a broker and a webhook, each written before it is sent, and to stdout."""
    zones = {"left": {"polygon": [[0, 0], [0.5, 0], [0.5, 1], [0, 1]], "inertia": 1}}
    settings = {"stall_timeout_s": 5, "reconnect": RECONNECT, "zones": zones}
    kinds = ["detections", "events"]
    mqtt = {"type": "mqtt", "host": "127.0.0.1", "port": broker.port, "client_id": "soak", "spool": ALWAYS}
    webhook = {"type": "webhook", "url": hook.server.url, "messages": kinds, "batch": 20, "spool": ALWAYS}
    sections = {
        "model": {"name": "traffic"},
        "engine": {"threads": 1},
        "events": {},
        "cameras": {name: {"url": camera.url, **settings} for name, camera in cameras.items()},
        "publish": [{"type": "stdout"}, mqtt, webhook],
        "state_dir": str(disk.folder),
    }
    return yaml.safe_dump(sections)


def endure(program: Program, sites: Mapping[str, Site], faults: list[Fault], seconds: float) -> Watch:
    """Lets everything fail when it is due, and looks at the program every second."""
    watch = Watch(program.process.pid)
    due = sorted([(fault.begins_s, 0, fault) for fault in faults] + [(fault.ends_s, 1, fault) for fault in faults])
    while (now := time.monotonic() - watch.began) < seconds:
        if code := program.process.poll():
            raise SystemExit(f"the program ended with {code} after {now:.0f} s:\n{program.log[-2000:]}")
        while due and due[0][0] <= now:
            _, over, fault = due.pop(0)
            site = sites[fault.site]
            (site.end if over else site.begin)(fault.kind)
        watch.look()
        time.sleep(1.0)
    return watch


def states(program: Program) -> dict[str, str]:
    """How each camera is in the end, as the log has it."""
    return dict(re.findall(r"camera (\w+) is (up|down \(\w+\))", program.log))


def arrived(program: Program, sinks: Mapping[str, Documents]) -> dict[str, Verdict]:
    """What each sink has got of what stdout shows, once it has all, or after `ARRIVES_S`."""
    made, deadline = lines_of(whole_lines(program)), time.monotonic() + ARRIVES_S
    while True:
        found = {name: verdict(made, lines_of(documents())) for name, documents in sinks.items()}
        if not any(each.lost for each in found.values()) or time.monotonic() > deadline:
            return found
        time.sleep(2.0)


def whole_lines(program: Program) -> list[bytes]:
    """What it has written to stdout."""
    return program.stdout.read_bytes().split(b"\n")[:-1]


def messages_of(seen: Subscriber) -> list[bytes]:
    """Detections and events that the broker has passed on."""
    return [each.payload for each in list(seen.received) if each.topic.endswith(("/detections", "/events"))]


def soak(folder: Path, minutes: float, seed: int, fps: int, command: str) -> Soak:
    """Sets everything up in the folder, lets it fail, and looks at what became of it."""
    rounds = max(1, round(60 * minutes / ROUND_S))
    with ExitStack() as stack:
        clips = [write_clip(folder / f"{size[0]}.mp4", stripes(size, 50), fps=fps) for size in SIZES]
        cameras = {name: CameraSite(clips[index % 2 :], fps) for index, name in enumerate(CAMERAS)}
        broker, hook, disk = BrokerSite(folder / "broker"), HookSite(), DiskSite(folder / "state")
        for site in (*cameras.values(), broker, hook, disk):
            stack.callback(site.close)
        reload = ReloadSite(folder / "config.yaml", configuration(cameras, broker, hook, disk))
        seen = Subscriber(broker.broker)
        stack.callback(seen.close)
        program = Program(folder, "run", folder / "config.yaml")
        stack.callback(program.process.kill)
        program.until(lambda: {message["camera"] for message in program.messages()} >= {*CAMERAS})
        reload.pid = program.process.pid
        sites: dict[str, Site] = {**cameras, "broker": broker, "webhook": hook, "disk": disk, "reload": reload}
        kinds = {name: site.kinds for name, site in sites.items() if site.kinds}
        faults = scheduled(kinds, seed, rounds)
        watch = endure(program, sites, faults, rounds * ROUND_S)
        before = {name: len(program.messages(name)) for name in CAMERAS}
        program.until(lambda: all(len(program.messages(name)) > before[name] for name in CAMERAS), REST_S)
        in_the_end, share = states(program), watch.cpu_share()
        exit_code, stopping_s = program.terminate()
        made = lines_of(whole_lines(program))
        return Soak(
            command=command,
            faults=faults,
            watch=watch,
            cameras=in_the_end,
            made=sum(map(len, made.values())),
            gaps=gaps(made),
            sinks=arrived(program, {"mqtt": lambda: messages_of(seen), "webhook": hook.documents}),
            cpu_share=share,
            exit_code=exit_code,
            stopping_s=stopping_s,
            log=program.log,
        )


def main() -> None:
    """Prints the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fps", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where log and messages are left; must be empty")
    given = parser.parse_args()
    command = f"python -m benchmarks.soak --minutes {given.minutes:g} --seed {given.seed} --fps {given.fps}"
    with tempfile.TemporaryDirectory() as name:
        seen = soak(given.folder or Path(name), given.minutes, given.seed, given.fps, command)
    print(seen.page())
    sys.exit(bool(seen.failures()))


if __name__ == "__main__":
    main()
