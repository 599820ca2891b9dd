"""The simulation of a thousand boxes: its etcd answers as a real one does, and few boxes do as they do elsewhere."""

from __future__ import annotations

import pytest

from benchmarks.fleet_simulation.arithmetic import gpu_processes, plan
from benchmarks.fleet_simulation.fleet import Simulation
from benchmarks.fleet_simulation.store import SimulatedClock, SimulatedEtcd, SimulatedStore
from edge_app.fleet import Etcd, FleetConfig

PREFIX = "/edge_app/s/"


def answers(etcd: Etcd) -> list[object]:
    """What it answers to each call that a member makes, without what differs from store to store."""
    lease, other = etcd.grant(60), etcd.grant(60)
    found: list[object] = [etcd.under(PREFIX), etcd.mark(PREFIX)[1]]
    first = etcd.create(f"{PREFIX}cameras/a", {"box": "x"}, lease)
    second = etcd.create(f"{PREFIX}cameras/b", {"box": "y"}, other)
    found += [second > first, etcd.create(f"{PREFIX}cameras/a", {"box": "z"}, other)]
    etcd.delete(f"{PREFIX}cameras/a", other)
    before = etcd.mark(PREFIX)
    found += [before[1], etcd.mark(PREFIX) == before, sorted(etcd.under(PREFIX))]
    etcd.put(f"{PREFIX}known/x", {"seen": 1.5}, lease)
    found += [etcd.mark(PREFIX) == before, etcd.under(PREFIX)["known/x"].value, etcd.renew(lease)]
    entry = etcd.under(PREFIX)["cameras/a"]
    found += [entry.value, entry.lease == lease, entry.create_revision == first]
    etcd.revoke(lease)
    found += [sorted(etcd.under(PREFIX)), etcd.renew(lease), etcd.mark(PREFIX)[1]]
    etcd.delete(f"{PREFIX}cameras/b", other)
    return [*found, etcd.under(PREFIX), etcd.create(f"{PREFIX}cameras/b", {"box": "x"}, other) > second]


def test_the_simulated_etcd_answers_as_a_real_one(start_etcd):
    real = Etcd(FleetConfig(etcd=[start_etcd().url], site="s"), timeout_s=10)
    assert answers(SimulatedEtcd(SimulatedStore(SimulatedClock()))) == answers(real)


def test_a_simulated_lease_ends_unless_it_is_renewed():
    clock = SimulatedClock()
    etcd = SimulatedEtcd(SimulatedStore(clock))
    kept, lost = etcd.grant(5), etcd.grant(5)
    etcd.put(f"{PREFIX}boxes/kept", {}, kept)
    etcd.put(f"{PREFIX}boxes/lost", {}, lost)
    for clock.now in (4.0, 8.0):
        assert etcd.renew(kept)
    assert [*etcd.under(PREFIX)] == ["boxes/kept"]
    assert not etcd.renew(lost)


@pytest.fixture
def simulation():
    simulation = Simulation(sites=2, boxes=4, cameras=12, capacity=6, seed=1)
    simulation.run(simulation.starts_s)
    assert simulation.run_until_even(300) < 300
    simulation.run(5)
    simulation.begin_chapter()
    return simulation


def test_a_box_that_dies_is_replaced_after_its_lease_and_gets_its_share_back(simulation):
    simulation.die([0])
    simulation.run(20)
    site, untouched = simulation.sites
    assert not site.unread
    assert 4 < site.longest_unread < 7
    assert (site.begun, untouched.begun) == (3, 0)
    simulation.start(0)
    assert simulation.run_until_even(60) < 30
    assert site.longest_unread < 7, "nobody notices the way back"


def test_cameras_without_room_are_counted(simulation):
    simulation.die([0, 1, 2])
    simulation.run(20)
    site = simulation.sites[0]
    assert len(site.unread) == site.without_room == 6


def test_without_etcd_nothing_moves(simulation):
    simulation.store.leave()
    simulation.run(60)
    assert {call for second in simulation.asked for call in second} == {"unanswered"}
    simulation.store.come_back()
    simulation.run(10)
    assert [(site.begun, len(site.unread)) for site in simulation.sites] == [(0, 0), (0, 0)]


def test_a_box_that_rests_asks_for_marks_and_renews_its_lease(simulation):
    simulation.run(10)
    asked = sum(simulation.asked[3:], start=type(simulation.asked[0])())
    assert set(asked) == {"mark", "renew"}


def test_the_arithmetic_of_ten_thousand_cameras():
    found = plan(fps=10, parse_us=25.0)
    assert (found.messages, found.megabytes, found.partitions) == (100_000, 70.0, 4)
    assert found.cores == pytest.approx(914, abs=1)
    assert gpu_processes() == 157
