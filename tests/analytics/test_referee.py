"""Zones and lines against what their words say, read slowly: each track by itself, from its whole way, in fractions."""

from __future__ import annotations

import re
import tempfile
from collections import Counter as Multiset
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timezone
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_app.analytics.counts import CountStore
from edge_app.analytics.place_events import PlaceEvents
from edge_app.analytics.place_tally import PlaceTally
from edge_app.analytics.scene import SceneConfig
from edge_app.core.events import SceneEvent
from edge_app.core.metrics import Metrics
from tests.analytics.tracked import LABELS, tracked

GRID = 8  # points lie on it, so that many are exactly on edges, corners and lines
Point = tuple[Fraction, Fraction]


class Seen(NamedTuple):
    """One track in one frame."""

    frame: int
    at: Point


class Scenario(NamedTuple):
    """What a camera saw: frames, each the places of its tracks, and tracks that had ended before it.

    `times` are those of the frames [s]; `awake` is whether places are.
    """

    frames: Sequence[Mapping[int, tuple[int, int]]]
    ended: Sequence[Sequence[int]]
    times: Sequence[float]
    awake: Sequence[bool]

    def stretches(self) -> Iterator[tuple[int, list[Seen]]]:
        """Each track's way, cut where places fell asleep."""
        for track in sorted({track for frame in self.frames for track in frame}):
            way: list[Seen] = []
            for n, frame in enumerate(self.frames):
                if not self.awake[n]:
                    yield track, way
                    way = []
                elif track in frame:
                    way.append(Seen(n, tuple(Fraction(c, GRID) for c in frame[track])))  # type: ignore[arg-type]
            yield track, way


def cross(a: Point, b: Point, c: Point) -> Fraction:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def on(a: Point, b: Point, p: Point) -> bool:
    return cross(a, b, p) == 0 and all(min(a[i], b[i]) <= p[i] <= max(a[i], b[i]) for i in (0, 1))


def meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether two segments have a point in common."""
    if on(a, b, c) or on(a, b, d) or on(c, d, a) or on(c, d, b):
        return True
    return (cross(a, b, c) > 0) != (cross(a, b, d) > 0) and (cross(c, d, a) > 0) != (cross(c, d, b) > 0)


def inside(polygon: Sequence[Point], p: Point) -> bool:
    """On an edge, or so that a line rightwards meets an odd number of edges, of which the lower end does not count."""
    edges = list(zip(polygon, (*polygon[1:], polygon[0]), strict=True))
    if any(on(a, b, p) for a, b in edges):
        return True
    met = 0
    for a, b in edges:
        if min(a[1], b[1]) <= p[1] < max(a[1], b[1]):
            met += a[0] + (b[0] - a[0]) * (p[1] - a[1]) / (b[1] - a[1]) > p[0]
    return met % 2 == 1


class Stay(NamedTuple):
    """Frames: the first and the last of a stay, when it was decided, when dwelling was told."""

    track: int
    enter: int
    leave: int
    decided: int
    left: int
    dwell: int | None


def stays(scenario: Scenario, polygon: Sequence[Point], inertia: int, dwell_s: float) -> Iterator[Stay]:
    times = scenario.times
    for track, way in scenario.stretches():
        letters = "".join("i" if inside(polygon, seen.at) else "o" for seen in way)
        at = 0
        while entered := re.compile("i" * inertia).search(letters, at):
            left = re.compile("o" * inertia).search(letters, entered.end())
            until = left.end() - 1 if left else len(way)
            began = way[entered.start()].frame
            dwelt = (
                way[n].frame
                for n in range(entered.end() - 1, until)
                if letters[n] == "i" and times[way[n].frame] - times[began] >= dwell_s
            )
            yield Stay(
                track=track,
                enter=began,
                leave=way[left.start()].frame if left else way[-1].frame,
                decided=way[entered.end() - 1].frame,
                left=way[left.end() - 1].frame if left else _over(scenario, track, way[-1].frame),
                dwell=next(dwelt, None),
            )
            if not left:
                break
            at = left.end()


def _over(scenario: Scenario, track: int, after: int) -> int:
    """The frame before which the track ended, or places fell asleep."""
    later = range(after + 1, len(scenario.frames))
    return next((n for n in later if track in scenario.ended[n] or not scenario.awake[n]), len(scenario.frames))


def crowds(scenario: Scenario, found: Sequence[Stay], count: int, for_s: float) -> list[tuple[str, int, int]]:
    told: list[tuple[str, int, int]] = []
    crowded, since, last = False, None, 0
    for n, now in enumerate(scenario.times):
        if not scenario.awake[n]:
            if crowded:
                told.append(("calm", last, 0))
            crowded, since = False, None
            continue
        last = n
        here = sum(stay.decided <= n < stay.left for stay in found)
        if (here >= count) == crowded:
            since = None
            continue
        since = now if since is None else since
        if now - since >= for_s:
            crowded, since = not crowded, None
            told.append(("crowd" if crowded else "calm", n, here))
    return [*told, ("calm", last, 0)] if crowded else told


def crossings(scenario: Scenario, begin: Point, end: Point, inertia: int) -> Iterator[tuple[int, str, int]]:
    for track, way in scenario.stretches():
        sides = [cross(begin, end, seen.at) for seen in way]
        letters = "".join("r" if side > 0 else "l" if side < 0 else "0" for side in sides)
        first = re.search("[lr]", letters)
        at, side = (first.end(), first[0]) if first else (len(way), "")
        while found := re.compile({"l": "r", "r": "l"}.get(side, "x") * inertia).search(letters, at):
            n = found.start()
            if meet(begin, end, way[n - 1].at, way[n].at):
                yield track, "in" if side == "l" else "out", way[n].frame
            at, side = found.end(), found[0][0]


points = st.tuples(st.integers(0, GRID), st.integers(0, GRID))


@st.composite
def scenarios(draw: Any) -> Scenario:
    """Up to three tracks that wander or leap, are not seen now and then, and end; places that sleep for a while."""
    n = draw(st.integers(1, 40))
    frames: list[dict[int, tuple[int, int]]] = [{} for _ in range(n)]
    ended: list[list[int]] = [[] for _ in range(n)]
    for track in range(1, draw(st.integers(1, 3)) + 1):
        begin, end = sorted(draw(st.tuples(st.integers(0, n), st.integers(0, n))))
        wanders, at = draw(st.booleans()), draw(points)
        for frame in range(begin, end):
            if not draw(st.integers(0, 5)):
                continue
            if wanders:
                step = draw(st.tuples(st.integers(-1, 1), st.integers(-1, 1)))
                at = tuple(min(max(c + d, 0), GRID) for c, d in zip(at, step, strict=True))
            elif draw(st.booleans()):
                at = draw(points)
            frames[frame][track] = at
        if end < n:
            ended[end].append(track)
    gaps = draw(st.lists(st.sampled_from([0.0, 0.1, 0.2, 5.0]), min_size=n, max_size=n))
    awake = [True] * n
    if draw(st.booleans()):
        a, b = sorted(draw(st.tuples(st.integers(0, n), st.integers(0, n))))
        awake[a:b] = [False] * (b - a)
    return Scenario(frames, ended, [round(sum(gaps[: i + 1]), 1) for i in range(n)], awake)


NOON = 1795608000.0  # 2026-11-25 12:00 UTC; three hours later is in the hours


@contextmanager
def told(scene: dict[str, Any], scenario: Scenario) -> Iterator[tuple[list[SceneEvent], CountStore]]:
    """What the program tells; by its clock it is night where places are awake, on a timeline of its own."""
    with tempfile.TemporaryDirectory() as folder:
        store = CountStore(Path(folder) / "counts.db")
        tally = PlaceTally(store, Metrics(), "gate", LABELS, timezone.utc)
        machine, events = PlaceEvents(SceneConfig.model_validate(scene), LABELS, timezone.utc, tally), []
        for n, feet in enumerate(scenario.frames):
            events += machine.end(scenario.ended[n])
            wall = (NOON + 3 * 3600 * scenario.awake[n]) + scenario.times[n]
            shares = {track: (x / GRID, y / GRID) for track, (x, y) in feet.items()}
            events += machine.update(tracked(n, shares, time=wall, mono=scenario.times[n], source_wh=(640, 640)))
        yield [*events, *machine.close()], store
        store.close()


polygons = st.lists(points, min_size=3, max_size=6)


@given(
    scenarios(),
    polygons,
    st.integers(1, 4),
    st.sampled_from([0.1, 0.3, 4.0]),
    st.integers(1, 2),
    st.sampled_from([0, 0.1, 1.0]),
)
def test_zones_do_what_their_words_say(scenario, corners, inertia, dwell_s, count, for_s):
    zone = {
        "polygon": [[x / GRID, y / GRID] for x, y in corners],
        "inertia": inertia,
        "dwell_s": dwell_s,
        "crowd": {"count": count, "for_s": for_s},
        "active": ["14:00-16:00"],
    }
    try:
        SceneConfig.model_validate({"zones": {"z": zone}})
    except ValueError:
        return  # edges that cross
    exact = [(Fraction(x, GRID), Fraction(y, GRID)) for x, y in corners]
    want = list(stays(scenario, exact, inertia, dwell_s))
    with told({"zones": {"z": zone}}, scenario) as (events, store):
        got = [(e.type, e.seen.track_id, e.meta.index) for e in events if e.seen]
        expected = [("enter", s.track, s.enter) for s in want] + [("leave", s.track, s.leave) for s in want]
        expected += [("dwell", s.track, s.dwell) for s in want if s.dwell is not None]
        assert Multiset(got) == Multiset(expected)
        lasted = {(s.track, s.leave): scenario.times[s.leave] - scenario.times[s.enter] for s in want}
        left = {(e.seen.track_id, e.meta.index): e.dwell_s for e in events if e.type == "leave"}
        assert left == pytest.approx(lasted)
        crowded = [(e.type, e.meta.index, e.count) for e in events if not e.seen]
        assert crowded == crowds(scenario, want, count, for_s)
        for identity in {e.id for e in events}:
            kinds = [e.type for e in events if e.id == identity]
            assert kinds in (["enter", "leave"], ["enter", "dwell", "leave"], ["crowd", "calm"])
        totals = {c.counted: value for c, value in store.since(0).items()}
        assert totals.get("entered", 0) == len(want)
        assert totals.get("dwell_s", 0) == pytest.approx(sum(lasted.values()))
        assert sum(store.inside().values()) == 0


@given(scenarios(), points, points, st.integers(1, 4))
def test_lines_do_what_their_words_say(scenario, begin, end, inertia):
    if begin == end:
        return
    ends = {"from": [c / GRID for c in begin], "to": [c / GRID for c in end]}
    exact = [(Fraction(x, GRID), Fraction(y, GRID)) for x, y in (begin, end)]
    want = Multiset(crossings(scenario, *exact, inertia))
    line = {**ends, "inertia": inertia, "active": ["14:00-16:00"]}
    with told({"lines": {"l": line}}, scenario) as (events, store):
        assert Multiset((e.seen.track_id, e.direction, e.meta.index) for e in events) == want
        totals = {c.counted: value for c, value in store.since(0).items()}
        for way in ("in", "out"):
            assert totals.get(way, 0) == sum(n for (_, direction, _), n in want.items() if direction == way)
            assert [e.count for e in events if e.direction == way] == list(range(1, int(totals.get(way, 0)) + 1))
