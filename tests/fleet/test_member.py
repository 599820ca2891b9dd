"""Boxes of a site at a real etcd: who reads what, when one dies, sleeps or returns, and when etcd does."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import pytest

from edge_app.core.errors import ConfigError
from edge_app.fleet import Etcd, FleetConfig, Member, read_site
from edge_app.fleet.etcd import EtcdAwayError, EtcdError
from edge_app.fleet.member import GATHER_S, POLL_S
from tests.waiting import until
from tests.wire import Wire

SITE = "shop7"
PATIENT_S = 3.0  # what answers does so in less on a busy machine, too
CAMERAS = ("c1", "c2", "c3", "c4")


@dataclass
class Box:
    """A box whose program is this."""

    member: Member = field(init=False)
    cameras: list[str] = field(default_factory=lambda: [*CAMERAS])
    reading: dict[str, int] = field(default_factory=dict)
    begun: int = 0

    def names(self):
        return self.cameras

    def read(self, camera, epoch):
        self.begun += camera not in self.reading
        self.reading[camera] = epoch

    def let_go(self, camera):
        del self.reading[camera]


class CountedWire(Wire):
    """Counts connections."""

    connections = 0

    def _serve(self, client):
        self.connections += 1
        super()._serve(client)


@pytest.fixture
def etcd(start_etcd):
    return start_etcd()


@pytest.fixture
def joined(etcd):
    """Makes boxes of the site."""
    boxes = []

    def join(name, remembered=None, **keys):
        box = Box()
        config = FleetConfig(etcd=[etcd.url], site=SITE, box=name, **{"ttl_s": 2, **keys})
        box.member = Member(config, box, remembered or {})
        boxes.append(box)
        return box

    yield join
    for box in boxes:
        box.member.leave()


def settle(*boxes, condition):
    """Lets each box do its steps until the condition is true."""

    def done():
        for box in boxes:
            box.member.step()
        return condition()

    until(done)


def shared(*boxes, cameras=CAMERAS):
    """Whether each camera is read by one box, and none has two more than another."""
    counts = [len(box.reading) for box in boxes]
    return (
        sorted(camera for box in boxes for camera in box.reading) == sorted(cameras) and max(counts) - min(counts) < 2
    )


def test_one_box_reads_every_camera_and_its_epochs_are_those_of_the_keys(joined, etcd):
    box = joined("a")
    settle(box, condition=lambda: shared(box))
    site = read_site(Etcd(FleetConfig(etcd=[etcd.url], site=SITE)), SITE)
    assert {camera: entry.create_revision for camera, entry in site.cameras.items()} == box.reading == box.member.held


def test_a_box_that_comes_gets_its_share_one_camera_after_the_other(joined):
    first, second = joined("a"), joined("b")
    settle(first, condition=lambda: shared(first))
    epochs = dict(first.reading)
    steps = []

    def even():
        if not steps or steps[-1] != len(first.reading):
            steps.append(len(first.reading))
        return shared(first, second)

    settle(first, second, condition=even)
    assert steps == [4, 3, 2]
    assert {camera: epochs[camera] for camera in first.reading} == first.reading, "who stays is not disturbed"
    assert all(epoch > epochs[camera] for camera, epoch in second.reading.items())
    assert first.begun == 4
    for _ in range(10):
        settle(first, second, condition=lambda: shared(first, second))
    assert (first.begun, second.begun) == (4, 2), "and then nothing moves"


def test_a_camera_that_is_handed_over_is_read_until_another_box_has_it(joined):
    first, second = joined("a"), joined("b")
    settle(first, condition=lambda: shared(first))
    epochs, read = dict(first.reading), []

    def even():
        read.append({*first.reading, *second.reading})
        return shared(first, second)

    settle(first, second, condition=even)
    assert all(each == {*CAMERAS} for each in read)
    assert all(second.reading[camera] > epochs[camera] for camera in second.reading)


def test_a_camera_that_was_being_handed_over_goes_on_if_etcd_or_the_other_box_is_gone(joined, etcd):
    first, second = joined("a"), joined("b", ttl_s=600)
    settle(first, condition=lambda: shared(first))
    second.member.step()  # and no more: it has room, and takes nothing
    store = Etcd(FleetConfig(etcd=[etcd.url], site=SITE))
    settle(first, condition=lambda: len(read_site(store, SITE).cameras) == 3)
    etcd.kill()
    settle(first, condition=lambda: first.member.etcd.state == "away")
    assert {*first.reading} == {*CAMERAS}
    etcd.start()
    second.member.leave()
    settle(first, condition=lambda: len(read_site(store, SITE).cameras) == 4)
    assert {*first.reading} == {*CAMERAS}
    assert first.begun == 4


def test_cameras_are_shared_out_by_capacity(joined):
    small, large = joined("a", capacity=1), joined("b", capacity=3)
    settle(small, large, condition=lambda: (len(small.reading), len(large.reading)) == (1, 3))


def test_nobody_reads_more_than_it_can(joined):
    box = joined("a", capacity=3)
    settle(box, condition=lambda: len(box.reading) == 3)
    for _ in range(5):
        box.member.step()
    assert len(box.reading) == 3


def test_the_cameras_of_a_box_that_dies_are_read_by_the_other_in_higher_epochs(joined):
    dies, lives = joined("a"), joined("b")
    settle(dies, lives, condition=lambda: shared(dies, lives))
    epochs = dict(dies.reading)
    settle(lives, condition=lambda: shared(lives))
    assert all(lives.reading[camera] > epoch for camera, epoch in epochs.items())


def test_a_box_that_has_slept_for_longer_than_its_lease_lets_go(joined):
    sleeper, other = joined("a"), joined("b")
    settle(sleeper, other, condition=lambda: shared(sleeper, other))
    settle(other, condition=lambda: shared(other))
    assert len(sleeper.reading) == 2
    settle(sleeper, condition=lambda: not sleeper.reading)
    settle(sleeper, other, condition=lambda: shared(sleeper, other))


def test_a_box_that_comes_to_others_takes_what_nobody_reads_without_waiting(joined, etcd):
    first = joined("a", capacity=2)
    settle(first, condition=lambda: len(first.reading) == 2)
    second, now = Box(), 0.0
    config = FleetConfig(etcd=[etcd.url], site=SITE, box="b", ttl_s=2)
    second.member = Member(config, second, {}, clock=lambda: now)
    for _ in range(3):
        second.member.step()
        now += POLL_S
    assert len(second.reading) == 2
    assert now < GATHER_S
    second.member.leave()


def test_a_box_that_leaves_is_replaced_at_once(joined):
    leaves, stays = joined("a", ttl_s=600), joined("b", ttl_s=600)
    settle(leaves, stays, condition=lambda: shared(leaves, stays))
    leaves.member.leave()
    settle(stays, condition=lambda: shared(stays))


def test_without_etcd_a_box_keeps_its_cameras_and_their_epochs(joined, etcd):
    box, other = joined("a", ttl_s=4), joined("b", ttl_s=4)
    settle(box, other, condition=lambda: shared(box, other))
    epochs = dict(box.reading)
    etcd.kill()
    for _ in range(5):
        box.member.step()
        other.member.step()
    assert box.member.etcd.state == "away"
    assert "refused" in box.member.etcd.reason
    assert box.reading == epochs
    etcd.start()
    settle(box, other, condition=lambda: box.member.etcd.state == "up")
    settle(box, other, condition=lambda: shared(box, other))
    assert box.begun == 2, "no camera was begun again"


def test_a_box_that_starts_without_etcd_reads_what_it_had_before(joined, etcd):
    etcd.kill()
    box = joined("a", {"c2": 17, "gone": 18})
    settle(box, condition=lambda: box.reading == {"c2": 17})
    etcd.start()
    settle(box, condition=lambda: shared(box))
    assert box.reading["c2"] != 17
    assert box.begun == 4


def test_a_box_whose_cameras_are_others_by_now_does_not_read_what_it_had_before(joined):
    other = joined("b")
    settle(other, condition=lambda: shared(other))
    box = joined("a", dict.fromkeys(CAMERAS, 1))
    box.member.step()
    assert not box.reading
    settle(box, other, condition=lambda: shared(box, other))


class CountingEtcd(Etcd):
    """Counts how often a whole site is read."""

    reads = 0

    def under(self, prefix):
        self.reads += 1
        return super().under(prefix)


def test_a_site_is_read_again_only_after_something_has_changed(joined, etcd):
    box, config = Box(), FleetConfig(etcd=[etcd.url], site=SITE, box="a", ttl_s=2)
    store = CountingEtcd(config)
    box.member = Member(config, box, {}, etcd=store)
    settle(box, condition=lambda: shared(box))
    box.member.step()
    before = store.reads
    for _ in range(5):
        box.member.step()
    assert store.reads == before
    other = joined("b")
    settle(box, other, condition=lambda: shared(box, other))
    assert store.reads > before
    box.member.leave()


def test_a_mark_changes_with_every_change_below_and_with_no_other(etcd):
    store = Etcd(FleetConfig(etcd=[etcd.url], site=SITE))
    lease, marks = store.grant(600), [store.mark("/a/")]
    for change in (
        lambda: store.put("/a/1", {"x": 1}, lease),
        lambda: store.put("/a/2", {"x": 1}, lease),
        lambda: store.put("/a/1", {"x": 2}, lease),
        lambda: store.delete("/a/2", lease),
        lambda: store.delete("/a/1", lease),
        lambda: store.put("/a/1", {"x": 2}, lease),
        lambda: (store.delete("/a/1", lease), store.put("/a/1", {"x": 2}, lease)),
        lambda: store.revoke(lease),
    ):
        change()
        marks.append(store.mark("/a/"))
        assert marks[-1] != marks[-2]
    other = store.grant(600)
    store.put("/b/1", {"x": 1}, other)
    store.put("/a", {"x": 1}, other)
    assert store.mark("/a/") == marks[-1] == (0, 0)


def test_boxes_do_not_all_ask_the_same_member_first(etcd):
    wires = [CountedWire(int(etcd.url.rpartition(":")[2])) for _ in range(3)]
    for number in range(30):
        config = FleetConfig(etcd=[f"http://127.0.0.1:{wire.port}" for wire in wires], site=SITE, box=f"box{number}")
        store = Etcd(config, PATIENT_S)
        store.mark("/a/")
        store.close()
    assert all(wire.connections >= 5 for wire in wires)
    for wire in wires:
        wire.close()


def test_cameras_of_a_new_configuration_come_and_go(joined):
    box = joined("a")
    settle(box, condition=lambda: shared(box))
    box.cameras = ["c1", "new"]
    settle(box, condition=lambda: shared(box, cameras=("c1", "new")))


def test_a_second_box_of_the_same_name_reads_nothing(joined, caplog):
    first, second = joined("a"), joined("a")
    settle(first, condition=lambda: shared(first))
    settle(first, second, condition=lambda: "another box of the site is called a too" in caplog.text)
    assert not second.reading
    assert shared(first)


def test_boxes_that_are_away_are_remembered(joined, etcd):
    dies, lives = joined("a"), joined("b")
    settle(dies, lives, condition=lambda: shared(dies, lives))
    settle(lives, condition=lambda: shared(lives))
    site = read_site(Etcd(FleetConfig(etcd=[etcd.url], site=SITE)), SITE)
    unseen = site.unseen_s(time.time())
    assert unseen["b"] == 0
    assert 0 < unseen["a"] < 120


def test_etcd_wants_the_right_login(etcd, joined):
    etcd.log_ins("edge", "s3cret/%")
    box = joined("a", username="edge", password="s3cret/%")
    settle(box, condition=lambda: shared(box))
    wrong = Etcd(FleetConfig(etcd=[etcd.url], site=SITE, username="edge", password="guessed"))
    with pytest.raises(EtcdError, match="etcd refuses the login of edge") as caught:
        wrong.grant(5)
    assert "guessed" not in str(caught.value)


def test_etcd_is_known_by_its_certificate(start_etcd, certificates):
    etcd = start_etcd(certificates)
    keys = {"etcd": [etcd.url], "site": SITE}
    assert Etcd(FleetConfig(**keys, tls={"ca": certificates / "ca.pem"})).grant(5) > 0
    with pytest.raises(EtcdError, match="certificate"):
        Etcd(FleetConfig(**keys, tls={"ca": certificates / "other.pem"})).grant(5)
    with pytest.raises(ConfigError, match="no such file"):
        Etcd(FleetConfig(**keys, tls={"ca": certificates / "missing.pem"}))


def test_the_next_member_is_asked_if_one_does_not_answer(etcd):
    there = FleetConfig(etcd=["http://127.0.0.1:1", etcd.url], site=SITE)
    assert Etcd(there).grant(5) > 0


def test_a_member_that_is_silent_is_not_asked_again_over_another_connection(etcd):
    wire = CountedWire(int(etcd.url.rpartition(":")[2]))
    store = Etcd(FleetConfig(etcd=[f"http://127.0.0.1:{wire.port}"], site=SITE), PATIENT_S)
    assert store.grant(5) > 0
    etcd.freeze()
    with pytest.raises(EtcdAwayError, match="timed out"):
        store.grant(5)
    assert wire.connections == 1
    etcd.thaw()
    assert store.grant(5) > 0
    wire.close()


def test_a_connection_that_was_closed_meanwhile_is_opened_again(etcd):
    wire = CountedWire(int(etcd.url.rpartition(":")[2]))
    store = Etcd(FleetConfig(etcd=[f"http://127.0.0.1:{wire.port}"], site=SITE), PATIENT_S)
    assert store.grant(5) > 0
    wire.cut()
    assert store.grant(5) > 0
    assert wire.connections == 2
    wire.close()
