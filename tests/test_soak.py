"""How the soak judges: the schedule of its faults, its ledger, its trends."""

from __future__ import annotations

import json
import random

import pytest

from benchmarks.soak.ledger import gaps, lines_of, verdict
from benchmarks.soak.schedule import REST_S, ROUND_S, scheduled
from benchmarks.soak.trend import trend

KINDS = {"gate": ("killed", "slow"), "broker": ("killed",)}
LINE = ("S", "gate", "d")


def documents(*numbers: int) -> list[str]:
    return [json.dumps({"session": "S", "camera": "gate", "schema": "d", "seq": number}) for number in numbers]


def test_faults_are_the_same_for_the_same_seed_one_at_a_time_and_none_while_all_rest():
    faults = scheduled(KINDS, 1, 4)
    assert faults == scheduled(KINDS, 1, 4) != scheduled(KINDS, 2, 4)
    assert {(fault.site, fault.kind) for fault in faults} == {
        ("gate", "killed"),
        ("gate", "slow"),
        ("broker", "killed"),
    }
    for site in KINDS:
        times = [at for fault in faults if fault.site == site for at in (fault.begins_s, fault.ends_s)]
        assert times == sorted(times)
    assert all(fault.ends_s % ROUND_S <= ROUND_S - REST_S for fault in faults)
    assert {fault.begins_s // ROUND_S for fault in faults} == {0, 1, 2, 3}


def test_what_is_missing_twice_or_late_is_found():
    made = lines_of(documents(0, 1, 2, 3, 4))
    assert gaps(made) == 0
    assert gaps(lines_of(documents(0, 2))) == 1
    assert verdict(made, lines_of(documents(0, 1, 2, 3, 4, 5))).lost == 0
    found = verdict(made, lines_of(documents(0, 1, 1, 3, 2)))
    assert (found.wanted, found.missing, found.twice, found.late) == (5, {LINE: [4]}, 1, 1)
    assert verdict(made, {}).lost == 5


@pytest.mark.parametrize(
    ("per_hour", "noise", "says"),
    [
        pytest.param(0.0, 0.1, "holds", id="flat"),
        pytest.param(10.0, 0.1, "fails", id="grows"),
        pytest.param(0.0, 30.0, "cannot be told", id="too noisy"),
    ],
)
def test_a_trend_says_whether_it_can_be_told(per_hour: float, noise: float, says: str):
    chance = random.Random(1)
    at_s = [300.0 * number for number in range(20)]
    found = trend(at_s, [100 + per_hour * at / 3600 + chance.gauss(0, noise) for at in at_s])
    assert found.against(1.0) == says
    assert abs(found.per_hour - per_hour) <= found.within


def test_a_trend_of_less_than_three_levels_cannot_be_told():
    assert trend([0.0, 70.0], [1.0, 1.0]).against(1.0) == "cannot be told"
