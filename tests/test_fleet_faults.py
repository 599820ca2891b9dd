"""Boxes and etcd are killed and frozen at random, briefly; and how the long run of it on networks of its own judges."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.fleet_faults.journal import Journal
from benchmarks.fleet_faults.network import Loopback
from benchmarks.fleet_faults.outcome import Around, judge
from benchmarks.fleet_faults.report import Run
from benchmarks.fleet_faults.schedule import LEADER, Fault, schedule
from benchmarks.fleet_faults.site import Site
from tests.etcd.fixtures import SERVER

TTL_S, FASTER = 2, 2.0
SEED = 61  # two boxes, one that is killed and one that freezes; another box; etcd's leader; two members, and so etcd
FROZEN = (Fault("box1", "frozen"),)


@pytest.fixture
def journals(tmp_path):
    """Of boxes whose notes are these: lines of when, and what they read."""

    def write(**boxes):
        found = {}
        for name, lines in boxes.items():
            (tmp_path / name).write_text("".join(f"{at} up {at} {cameras}\n" for at, cameras in lines))
            found[name] = Journal(tmp_path / name)
            found[name].follow()
        return found

    return write


def ticks(begin, end, cameras):
    """A note every tenth of a second."""
    return [(number / 10, cameras) for number in range(round(begin * 10), round(end * 10) + 1)]


def test_a_camera_is_unread_from_when_its_box_froze_until_another_reads_it(journals):
    found = journals(box1=ticks(0, 2, "gate=1") + ticks(9, 12, ""), box2=ticks(0, 6, "yard=2") + ticks(7, 12, "gate=3"))
    outcome = judge(found, Around(["gate"], (1, 12), {}, []), FROZEN, 7.0, 1.0)
    assert outcome.unread_s == pytest.approx(5)
    assert (outcome.moves, outcome.twice_s, outcome.apart_s) == (1, 0, 0)


def test_who_is_cut_off_does_not_read_for_anybody_but_twice(journals):
    found = journals(box1=ticks(0, 10, "gate=1") + ticks(10.1, 12, ""), box2=ticks(0, 4, "") + ticks(4.1, 12, "gate=3"))
    outcome = judge(found, Around(["gate"], (1, 12), {"box1": [(2, 9)]}, []), FROZEN, 7.0, 1.0)
    assert outcome.unread_s == pytest.approx(2.1)
    assert outcome.twice_s == pytest.approx(1.1)
    assert outcome.apart_s == pytest.approx(4.9)
    away = judge(found, Around(["gate"], (1, 12), {}, [(2, 9)]), FROZEN, 7.0, 1.0)
    assert (away.unread_s, away.twice_s, away.apart_s) == pytest.approx((0, 1.1, 4.9))


def test_what_was_promised_is_said_to_be_broken(journals):
    found = journals(box1=ticks(0, 30, "gate=1"), box2=ticks(0, 12, "gate=2") + ticks(12.1, 30, "yard=3"))
    run = Run("command", "machine", ttl_s=5)
    run.add(judge(found, Around(["gate", "yard"], (0, 30), {}, []), FROZEN, 7.0, 1.0))
    assert [line.partition(" ")[2] for line in run.broken()] == [
        "a camera was unread for 12.1 s",
        "a camera was read twice for 12.1 s",
    ]
    assert "**Broken**" in run.page()


def test_a_process_that_was_started_again_did_not_read_in_between(journals, tmp_path):
    found = journals(box1=ticks(0, 2, "gate=1"))["box1"]
    with (tmp_path / "box1").open("a") as file:
        file.write("2.3 begins 0 \n2.4 up 2.35 gate=2\n2.5 up 2.35 gate=2\n2.6 up 2.35 ga")
    found.follow()
    assert found.reading["gate"] == [(0, 2), (2.4, 2.5)]
    assert found.epochs == {("gate", 1): 0, ("gate", 2): 2.4}
    (tmp_path / "box1").write_text((tmp_path / "box1").read_text() + "te=2 yard=3\n")
    found.follow()
    assert found.reading["yard"] == [(2.6, 2.6)], "taken, and no more"


def test_what_happens_is_the_same_for_the_same_seed_and_of_every_kind():
    trials = schedule(["box1", "box2"], ["etcd1", "etcd2", "etcd3"], ["cut", "split"], 1, 100)
    assert trials == schedule(["box1", "box2"], ["etcd1", "etcd2", "etcd3"], ["cut", "split"], 1, 100)
    assert trials != schedule(["box1", "box2"], ["etcd1", "etcd2", "etcd3"], ["cut", "split"], 2, 100)
    kinds = {(fault.host[:3], fault.kind) for trial in trials for fault in trial.faults}
    assert kinds >= {(who, kind) for who in ("box", "etc", LEADER[:3]) for kind in ("killed", "frozen", "cut")}
    assert ("box", "split") not in kinds
    assert {len(trial.faults) for trial in trials} == {1, 2}
    without = schedule(["box1", "box2"], ["etcd1", "etcd2", "etcd3"], [], 1, 100)
    assert {fault.kind for trial in without for fault in trial.faults} == {"killed", "frozen"}


@pytest.mark.skipif(SERVER is None, reason="etcd is not installed: apt-get install etcd-server")
def test_whatever_dies_or_freezes_each_camera_is_read_by_one_box_again_and_no_epoch_by_two(tmp_path):
    network = Loopback()
    with Site(network, tmp_path, boxes=3, cameras=6, ttl_s=TTL_S) as site:
        for trial in schedule(list(site.boxes), list(site.etcd), network.faults, SEED, 4):
            outcome = site.endure(replace(trial, pause_s=trial.pause_s / FASTER, held_s=trial.held_s / FASTER))
            assert [fault.kind for fault in outcome.faults] == [fault.kind for fault in trial.faults]
        assert not site.shared_epochs()
        assert len({camera for box in site.boxes.values() for camera, _ in box.journal.epochs}) == 6
