r"""Measures worker processes: what cameras at their own pace get from one process and from several.

    python benchmarks/workers.py [--cameras 8] [--fps 30] [--size 640x360] [--workers 1 2] [--seconds 20] [--rounds 3]
    python benchmarks/workers.py --devices 0,1 0 --cameras 64 128 --size 1920x1080 --decode nvdec \
        --engine '{"provider": "cuda"}'

Cameras are H.264 in MPEG-TS over HTTP, sent by a process of this script's at the pace of a camera. The program is
`edge-app run` with its messages in a file; figures are of what they say after all cameras are up and have settled. With
`--kill`, the first worker is killed in the middle, and the others' ages after that are told beside those before.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import signal
import socketserver
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from edge_app.synthetic import Settings, Street
from tests.ports import free_port
from tests.rtsp.clips import write_clip

HEAD = (
    *("workers", "cameras", "round", "frames/s", "age p50 ms", "p99 ms", "cores", "MB", "MiB of each GPU"),
    "p99 after a death",
)
A_SERVER = 12  # cameras that one process plays
CLIP_S, SETTLE_S, START_S = 5, 5.0, 300.0


def transport_stream(clip: Path, seconds: float) -> list[bytes]:
    """The clip over and over as MPEG-TS: the bytes of each picture, with times that go on."""
    out = io.BytesIO()
    chunks: list[bytes] = []
    with av.open(out, "w", "mpegts") as muxer, av.open(str(clip)) as source:
        stream = muxer.add_stream_from_template(source.streams.video[0])
        packets = [packet for packet in source.demux(video=0) if packet.size]
        base = packets[0].time_base
        length = round(Fraction(CLIP_S) / base)
        for turn in range(int(seconds / CLIP_S) + 1):
            for packet in packets:
                copy = av.Packet(bytes(packet))
                copy.pts, copy.dts = packet.pts + turn * length, packet.dts + turn * length
                copy.time_base, copy.stream, copy.is_keyframe = base, stream, packet.is_keyframe
                muxer.mux(copy)
                chunks.append(out.getvalue())
                out.seek(0)
                out.truncate()
    return chunks


def serve(port: int, clip: Path, fps: int, seconds: float) -> None:
    """Sends the clip to whoever asks, at its pace."""
    chunks = transport_stream(clip, seconds)

    class Camera(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "video/mp2t")
            self.end_headers()
            began = time.monotonic()
            with suppress(OSError):  # nobody looks any more
                for index, chunk in enumerate(chunks):
                    time.sleep(max(0.0, began + index / fps - time.monotonic()))
                    self.wfile.write(chunk)

        def log_message(self, *_: object) -> None:
            pass

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads, allow_reuse_address, request_queue_size = True, True, 1024

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Server(("127.0.0.1", port), Camera) as server:
        server.serve_forever()


@dataclass(frozen=True)
class Run:
    """What one run of the program did.

    Attributes:
        ages_ms: Of the messages while it was measured.
        rate: Messages a second.
        cpu: Cores that it used.
        mb: Memory of all its processes, each page once.
        gpu_mb: Memory of each GPU in use.
        after_ms: Ages at the other workers after the first one was killed.
    """

    ages_ms: Sequence[float]
    rate: float
    cpu: float
    mb: float
    gpu_mb: str
    after_ms: Sequence[float]


def measured(config: Path, messages: Path, cameras: int, seconds: float, kill: bool) -> Run:
    """Runs the program once."""
    program = psutil.Popen([sys.executable, "-m", "edge_app", "run", str(config)], stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + START_S
        while len({message["camera"] for message in read(messages)}) < cameras:
            if program.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the cameras are not up: {program.stderr.read().decode()[-6000:]}")
            time.sleep(0.5)
        time.sleep(SETTLE_S)
        family = [program, *program.children(recursive=True)]
        used, began, since = cpu_s(family), time.monotonic(), len(list(read(messages)))
        time.sleep(seconds)
        took = time.monotonic() - began
        found = list(read(messages))[since:]
        run = Run(
            ages_ms=[message["age_ms"] for message in found],
            rate=len(found) / took,
            cpu=(cpu_s(family) - used) / took,
            mb=sum(process.memory_full_info().pss for process in family) / 1e6,
            gpu_mb=gpu_memory(),
            after_ms=after_a_death(program, messages, found, seconds) if kill else (),
        )
    finally:
        if program.poll() is None:
            program.send_signal(signal.SIGTERM)
            program.wait(30)
    return run


def after_a_death(program: psutil.Popen, messages: Path, before: Sequence[Any], seconds: float) -> list[float]:
    """Ages at the workers that live on, once the first one was killed."""
    sessions = {message["camera"]: message["session"] for message in before}
    workers = [each for each in program.children() if "edge_app.cli.worker" in each.cmdline()]
    if not workers:
        return []
    workers[0].kill()
    since = len(list(read(messages)))
    time.sleep(seconds)
    found = list(read(messages))[since:]
    struck = {message["camera"] for message in found if message["session"] != sessions[message["camera"]]}
    return [message["age_ms"] for message in found if message["camera"] not in struck]


def read(path: Path) -> Iterator[Any]:
    """The whole lines of the file so far."""
    if path.exists():
        yield from map(json.loads, path.read_bytes().rpartition(b"\n")[0].splitlines())


def cpu_s(family: Sequence[psutil.Process]) -> float:
    """CPU time of processes so far [s]."""
    return sum(sum(process.cpu_times()[:2]) for process in family)


def gpu_memory() -> str:
    """What is used of each GPU [MiB], as its driver says."""
    command = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    try:
        return " + ".join(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    except (OSError, subprocess.CalledProcessError):
        return "–"


def workers_section(given: str, devices: bool) -> dict[str, Any]:
    """The section `workers`: numbers of GPUs, or how many processes."""
    return {"devices": [int(number) for number in given.split(",")]} if devices else {"processes": int(given)}


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, nargs="+", default=[8])
    parser.add_argument("--fps", type=int, default=30)
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--workers", nargs="+", default=["1", "2"])
    parser.add_argument("--devices", nargs="+", help="instead of --workers: lists of GPUs, such as 0,1")
    parser.add_argument("--decode", default="auto")
    parser.add_argument("--engine", type=json.loads, default={})
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kill", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        clip = write_clip(Path(name) / "street.mp4", clip_pictures(given.size, given.fps), fps=given.fps)
        ports = [free_port() for _ in range(-(-max(given.cameras) // A_SERVER))]
        length_s = START_S + SETTLE_S + 3 * given.seconds
        for port in ports:
            multiprocessing.Process(target=serve, args=(port, clip, given.fps, length_s), daemon=True).start()
        print(*HEAD, sep=" | ")
        for cameras in given.cameras:
            for turn in range(given.rounds):
                for workers in given.devices or given.workers:
                    section = workers_section(workers, bool(given.devices))
                    run = one_run(Path(name), ports, cameras, section, given)
                    p50, p99 = np.percentile(run.ages_ms, (50, 99))
                    after = f"{np.percentile(run.after_ms, 99):.0f}" if run.after_ms else "–"
                    figures = [workers, cameras, turn, f"{run.rate:.0f}", f"{p50:.0f}", f"{p99:.0f}", f"{run.cpu:.2f}"]
                    print(*figures, f"{run.mb:.0f}", run.gpu_mb, after, sep=" | ", flush=True)


def one_run(
    folder: Path, ports: Sequence[int], cameras: int, workers: dict[str, Any], given: argparse.Namespace
) -> Run:
    """Runs the program with this section `workers`."""
    messages = folder / f"messages-{time.monotonic_ns()}.ndjson"
    config = folder / "config.yaml"
    sections = {
        "model": {"name": "traffic"},
        "engine": given.engine,
        "workers": workers,
        "cameras": {
            f"c{n}": {"url": f"http://127.0.0.1:{ports[n // A_SERVER]}/", "decode": given.decode}
            for n in range(cameras)
        },
        "publish": [{"type": "file", "path": str(messages), "rotate_mb": 100_000}],  # all of them are read again
        "state_dir": str(folder / "state"),
    }
    config.write_text(yaml.safe_dump(sections))
    return measured(config, messages, cameras, given.seconds, given.kill)


def clip_pictures(size: str, fps: int) -> Iterator[np.ndarray]:
    """The rendered street in that size."""
    width, height = map(int, size.split("x"))
    street = Street(Settings(seed=7, fps=fps, width=width, height=height))
    return (street.render(index)[0] for index in range(CLIP_S * fps))


if __name__ == "__main__":
    main()
