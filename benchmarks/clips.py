"""Measures how well clips fit their events, and what keeping a camera's packets costs.

    python benchmarks/clips.py [--events 50] [--before 5] [--after 5]

For H.264 and H.265 with a key frame every second and every four, from a real RTSP server: so many events at random
times; each clip is decoded and its packets are compared with the camera's. A line for each: the least and the most that
clips show before and after their event, how many have something wrong, and what the ring takes. Then what a packet of
40 kB costs on its way through the ring, and what it costs where nobody asks for clips.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from edge_app.capture.packet_feed import PacketFeed
from edge_app.core.packets import PacketTap, Turn
from edge_app.evidence.clip_orders import ClipOutcome
from edge_app.evidence.clips.packet_ring import PacketRing
from edge_app.evidence.config import ClipsConfig
from tests.evidence.filming import Filming, decoded, shots
from tests.rtsp.clips import stripes, write_clip
from tests.rtsp.fixtures import Server

FRAMES, FPS, PACKETS = 300, 25, 5000
PICTURE = 40_000  # bytes


@dataclass(frozen=True)
class Fit:
    """How a clip fits its event.

    Attributes:
        before, after: What it shows [s].
        wrong: What is wrong with it; empty if nothing is.
    """

    before: float
    after: float
    wrong: str


def pictures() -> Iterator[np.ndarray]:
    """No two of which are coded alike."""
    for index, picture in enumerate(stripes((320, 240), FRAMES)):
        picture[:32, :32] = np.random.default_rng(index).integers(0, 255, (32, 32, 3), np.uint8)
        yield picture


def fit(outcome: ClipOutcome, film: Path) -> Fit:
    """Looks at a clip."""
    if outcome.draft is None or outcome.start_time is None or outcome.end_time is None:
        return Fit(0, 0, outcome.why or "no clip")
    at, source, found = outcome.order.meta.time.wall, shots(film), shots(outcome.draft)
    places = {shot.slices: index for index, shot in enumerate(source)}
    where = [places.get(shot.slices, -1) for shot in found]
    checks = {
        outcome.why: not outcome.why,
        "no key frame first": found[0].is_key,
        "packets that are not the camera's": min(where) >= 0,
        "packets are missing": all((b - a) % len(source) == 1 for a, b in pairwise(where)),
        "times do not rise": all(a.decoded < b.decoded for a, b in pairwise(found)),
        "not every picture decodes": len(decoded(outcome.draft)) == len(found),
    }
    wrong = ", ".join(text for text, is_right in checks.items() if not is_right)
    return Fit(at - outcome.start_time, outcome.end_time - at, wrong)


def film_events(film: Path, codec: str, events: int, config: ClipsConfig, folder: Path) -> str:
    """What became of so many events."""
    folder.mkdir()
    server, filming = Server([film], codec=codec), Filming(folder, config)
    server.start()
    try:
        filming.add(server.url)
        filming.see(config.before_s + 5)
        orders = []
        for _ in range(events):
            filming.see(random.uniform(0.1, 1.2))
            orders.append(filming.order())
        fits = [fit(filming.outcome(order), film) for order in orders]
        size = filming.metrics.gauge_value("clip_ring_bytes", camera="gate", ring="camera") or 0
    finally:
        filming.end()
        server.kill()
    wrong = [each.wrong for each in fits if each.wrong]
    spans = " ".join(
        f"{name} {min(values):.2f} to {max(values):.2f} s"
        for name, values in (("before", [e.before for e in fits]), ("after", [e.after for e in fits]))
    )
    return (
        f"{len(fits)} clips: {spans}; wrong: {len(wrong)} {sorted(set(wrong)) or ''}; the ring has {size / 1e6:.2f} MB"
    )


def costs() -> str:
    """What a packet costs in the thread that reads the camera [µs of CPU]."""
    content = io.BytesIO(b"".join(_unit(index) for index in range(PACKETS)))
    with av.open(content, format="h264", options={"framerate": str(FPS)}) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    tap, ring = PacketTap(), PacketRing(10)
    feed = PacketFeed(tap, "h264", None, Turn())
    found = []
    for subscribed in (False, True):
        if subscribed:
            tap.subscribe(ring)
        began = time.thread_time()
        for index, packet in enumerate(packets):
            feed.put(packet, wall=index / FPS, timeline_s=index / FPS)
        found.append((time.thread_time() - began) / len(packets) * 1e6)
    return f"{found[1]:.1f} µs a packet, {found[0]:.2f} µs where nobody wants any; it has {ring.size / 1e6:.1f} MB"


def _unit(index: int) -> bytes:
    """A picture that nobody could decode, behind the parameter sets of a key frame once a second."""
    sets = bytes.fromhex(
        "00000001 67640014acd94141fb0110000003001000000303 20f1429960 00000001 68ebe3cb22c0 00000001 65b8"
    )
    head = sets if index % FPS == 0 else bytes.fromhex("00000001 419a")
    return head + b"\xaa" * PICTURE


def main() -> None:
    """Prints a line for each measurement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=50)
    parser.add_argument("--before", type=float, default=5)
    parser.add_argument("--after", type=float, default=5)
    args = parser.parse_args()
    random.seed(1)
    print(f"the ring: {costs()}", flush=True)
    config = ClipsConfig(before_s=args.before, after_s=args.after)
    with tempfile.TemporaryDirectory() as folder:
        for codec in ("h264", "h265"):
            for gop_s in (1, 4):
                film = write_clip(Path(folder) / f"{codec}{gop_s}.mp4", pictures(), codec=codec, gop_s=gop_s)
                found = film_events(film, codec, args.events, config, Path(folder) / f"{codec}{gop_s}")
                print(f"{codec}, a key frame every {gop_s} s: {found}", flush=True)


if __name__ == "__main__":
    main()
