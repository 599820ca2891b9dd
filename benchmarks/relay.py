"""Measures what it costs that libav reads an RTSP camera through our relay, and not by itself.

    python benchmarks/relay.py [--cameras 1] [--seconds 15] [--rounds 2]

The cameras send 25 pictures a second of 40 kB each, 8 Mbit/s, in packets of 1,200 bytes: once each picture at once, and
once its packets 0.8 ms apart, which wakes whoever reads for every one. Nothing is decoded. A line for each: the CPU of
this process for each camera, in percent of a core.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import av

sys.path.insert(0, str(Path(__file__).parents[1]))

from edge_app.capture.sources.address import Address
from edge_app.capture.sources.host import Host
from edge_app.capture.sources.rtsp_inquiry import RtspInquiry
from edge_app.capture.sources.rtsp_refusals import Refusals
from edge_app.capture.sources.rtsp_relay import relayed
from tests.rtsp.manners import Connection, Manner, unit
from tests.rtsp.odd_camera import OddCamera
from tests.rtsp.rtp import CLOCK, Rtp, interleaved

FPS, PICTURE, APART_S = 25, 40_000, 0.0008
FILL = b"\xaa" * PICTURE
OPTIONS = {"rtsp_transport": "tcp", "analyzeduration": "1", "probesize": "32"}


def video(connection: Connection, apart_s: float) -> Iterator[bytes]:
    """Pictures that nobody could decode, behind one that says their size."""
    track, began = Rtp(), time.monotonic()
    for index in itertools.count():
        time.sleep(max(0.0, began + index / FPS - time.monotonic()))
        nals = unit(0) if index == 0 else [b"\x41\x9a" + FILL]
        data = track.unit(nals, CLOCK // FPS * index)
        if not apart_s:
            yield data
            continue
        for at, packet in enumerate(packets(data)):
            time.sleep(max(0.0, began + index / FPS + at * apart_s - time.monotonic()))
            yield packet


def packets(data: bytes) -> Iterator[bytes]:
    """The interleaved packets of a picture."""
    while data:
        size = len(interleaved(0, b"")) + int.from_bytes(data[2:4], "big")
        yield data[:size]
        data = data[size:]


def serve(pipe: Pipe, apart_s: float) -> None:
    """A process of its own: tells the URL, and ends when it is told anything."""
    camera = OddCamera()
    camera.behave(Manner(video=lambda connection: video(connection, apart_s)))
    pipe.send(camera.url())
    pipe.recv()


@dataclass
class Readers:
    """Threads that read cameras; `pictures` is how many came."""

    url: str
    through_relay: bool
    stop: threading.Event = field(default_factory=threading.Event)
    pictures: int = 0

    @contextmanager
    def _place(self) -> Iterator[str]:
        if not self.through_relay:
            yield self.url
            return
        address = Address(self.url)
        refusals = Refusals(address, udp=False)
        with (
            RtspInquiry(Host(address.host), address, refusals).described() as camera,
            relayed(camera, refusals) as relay,
        ):
            yield relay.url

    def read(self) -> None:
        """One camera, until `stop` is set."""
        with self._place() as place, av.open(place, options=OPTIONS) as container:
            for _ in container.demux(video=0):
                self.pictures += 1
                if self.stop.is_set():
                    return


def measured(readers: Readers, cameras: int, seconds: float) -> str:
    """What so many cameras cost."""
    threads = [threading.Thread(target=readers.read) for _ in range(cameras)]
    for thread in threads:
        thread.start()
    time.sleep(2)
    pictures, cpu, began = readers.pictures, time.process_time(), time.monotonic()
    time.sleep(seconds)
    took, cpu, pictures = time.monotonic() - began, time.process_time() - cpu, readers.pictures - pictures
    readers.stop.set()
    for thread in threads:
        thread.join()
    return f"{100 * cpu / took / cameras:.2f} % of a core for each of {cameras}, {pictures / took / cameras:.1f} fps"


def main() -> None:
    """Prints a line for each measurement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cameras", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--rounds", type=int, default=2)
    args = parser.parse_args()
    for apart_s, _ in itertools.product((0.0, APART_S), range(args.rounds)):
        ours, theirs = multiprocessing.Pipe()
        server = multiprocessing.Process(target=serve, args=(theirs, apart_s))
        server.start()
        url = ours.recv()
        for through_relay in (False, True):
            found = measured(Readers(url, through_relay), args.cameras, args.seconds)
            packed = "packets apart" if apart_s else "whole pictures"
            print(f"{packed}, {'relay' if through_relay else 'libav'}: {found}", flush=True)
        ours.send("end")
        server.join()


if __name__ == "__main__":
    main()
