"""A box of a site: it keeps its lease, takes cameras that nobody reads, and hands over what it has too many of."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from edge_app.core.ulid import new_ulid
from edge_app.fleet.config import FleetConfig
from edge_app.fleet.etcd import Etcd, EtcdAwayError, EtcdError
from edge_app.fleet.etcd_status import EtcdState, EtcdStatus
from edge_app.fleet.reader import Reader
from edge_app.fleet.shares import shares
from edge_app.fleet.site import SiteKeys, SiteReader, SiteView

logger = logging.getLogger(__name__)

POLL_S = 0.4
LEAVE_S = 0.3  # for each member of etcd that does not answer
GATHER_S = 2.0  # at the start of a site, for boxes that start at the same time
FREE_S = 0.3  # a camera is free for so long before others than its last box take it
KNOWN_TTL_S = 7 * 24 * 3600
MOVE_TTL_S = 3  # between two cameras that move; etcd's least is 2


class Member:
    """This box; all methods but `leave` are for one thread.

    A camera's key in etcd has the lease of the box that reads it, so it goes with the box; its create revision is the
    epoch. While etcd does not answer, the box keeps what it has: two boxes that read a camera do no harm, as messages
    have the epoch, and a box that stopped would.

    Attributes:
        etcd: How etcd is doing; any thread may look.
    """

    def __init__(
        self,
        config: FleetConfig,
        reader: Reader,
        remembered: dict[str, int],
        *,
        etcd: Etcd | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Asks nothing yet.

        Args:
            config: Of the site and this box.
            reader: Reads the cameras.
            remembered: What this box read when it last ran, with the epochs: that is read if etcd is away at the start.
            etcd: Who is asked; by default as configured.
            clock: Seconds that only rise.
        """
        self.etcd = EtcdStatus("away", "not asked yet", time.time())
        self._config, self._reader, self._remembered = config, reader, remembered
        self._etcd, self._clock = etcd or Etcd(config), clock
        self._site, self._keys, self._instance = SiteReader(self._etcd, config.site), SiteKeys(config.site), new_ulid()
        self._lease: int | None = None
        self._renewed_mono = self._joined_mono = self._started_mono = self._warned_mono = clock()
        self._held: dict[str, int] = {}
        self._offered: str | None = None
        self._free_since: dict[str, float] = {}
        self._seen: frozenset[str] = frozenset()

    @property
    def held(self) -> dict[str, int]:
        """The epochs of the cameras that this box reads."""
        return dict(self._held)

    def step(self) -> None:
        """Does what is to be done now; to be called every `POLL_S`."""
        now = self._clock()
        try:
            if self._keep_lease(now):
                self._remembered = {}
                self._fit(self._site.now(), now)
            self._note("up", None)
        except EtcdError as error:
            self._note("away", str(error))
            self._site.forget()
            if not isinstance(error, EtcdAwayError):
                self._lease = None  # such as one that is unknown after etcd was set up anew
            self._go_on_alone(now)

    def leave(self) -> None:
        """Lets others have the cameras at once, once what reads them has ended; for any other thread than `step`'s."""
        if self._lease is None or self.etcd.state == "away":
            return
        etcd = Etcd(self._config, LEAVE_S)  # that thread may be waiting for an answer
        try:
            etcd.revoke(self._lease)
        except EtcdError as error:
            logger.info("etcd was not told that this box ends: %s", error)
        finally:
            etcd.close()

    def _keep_lease(self, now: float) -> bool:
        """Whether this box has its lease and is known to the site."""
        self._renew(now)
        if self._lease is not None:
            return True
        lease = self._etcd.grant(self._config.ttl_s)
        about = {"capacity": self._config.capacity, "instance": self._instance, "since": round(time.time(), 3)}
        if self._etcd.create(self._keys.box(self._config.box), about, lease) is None:
            self._etcd.revoke(lease)  # one of this name died a moment ago, or is another one
            if now - self._warned_mono > 3 * self._config.ttl_s:
                logger.warning(
                    "another box of the site is called %s too; give one of them another name", self._config.box
                )
                self._warned_mono = now
            return False
        self._lease, self._renewed_mono, self._joined_mono = lease, now, now
        return True

    def _renew(self, now: float) -> None:
        if self._lease is None or now - self._renewed_mono < self._config.ttl_s / 5:
            return
        if self._etcd.renew(self._lease):
            self._renewed_mono = now
        else:
            logger.warning("this box was away from etcd for longer than its lease")
            self._lease = None

    def _fit(self, site: SiteView, now: float) -> None:
        """From what this box reads to what it should read."""
        self._note_away(site)
        wanted = set(self._reader.names())
        self._keep(site, wanted)
        share = shares(site.capacities, len(wanted)).get(self._config.box, 0)
        free = self._free(site, wanted, now)
        if site.cameras or now - self._joined_mono >= GATHER_S:
            for camera in free[: max(0, share - len(self._held))]:
                self._take(camera)
        if not free and not site.moving and len(self._held) > share and self._somebody_has_room(site, len(wanted)):
            self._hand_over(site)

    def _note_away(self, site: SiteView) -> None:
        """Writes down when a box was last seen."""
        boxes = frozenset(site.boxes)
        for box in (self._seen or {self._config.box}) - boxes | ({self._config.box} - self._seen):
            lease = self._etcd.grant(KNOWN_TTL_S)
            self._etcd.put(self._keys.known(box), {"seen": round(time.time(), 3)}, lease)
        self._seen = boxes

    def _keep(self, site: SiteView, wanted: set[str]) -> None:
        """Of the cameras that this box reads, those that are its own, or that it may have again."""
        for camera in list(self._held):
            entry = site.cameras.get(camera)
            if camera not in wanted:
                self._let_go(camera)
            elif entry is None:
                if camera != self._offered or not site.moving:
                    self._take(camera)  # or somebody was faster
            elif entry.lease != self._lease:
                logger.info("%s is read by %s now", camera, entry.value.get("box"))
                self._let_go(camera)

    def _free(self, site: SiteView, wanted: set[str], now: float) -> list[str]:
        """Cameras that nobody has read for a moment, in an order that differs from box to box."""
        free = [camera for camera in sorted(wanted) if camera not in site.cameras and camera not in self._held]
        self._free_since = {camera: self._free_since.get(camera, now) for camera in free}
        boxes = sorted(site.boxes)
        turn = boxes.index(self._config.box) * len(free) // max(1, len(boxes)) if self._config.box in boxes else 0
        return [camera for camera in free[turn:] + free[:turn] if now - self._free_since[camera] >= FREE_S]

    def _take(self, camera: str) -> None:
        """Reads the camera, unless another box was faster."""
        self._renew(self._clock())  # where etcd is slow, many cameras take longer than a lease lasts
        if self._lease is None:
            return
        epoch = self._etcd.create(self._keys.camera(camera), {"box": self._config.box}, self._lease)
        if epoch is None:
            self._let_go(camera)
            return
        self._held[camera] = epoch
        self._reader.read(camera, epoch)

    def _let_go(self, camera: str) -> None:
        """Reads the camera no more, and says so if it was this box's."""
        if self._held.pop(camera, None) is None:
            return
        self._reader.let_go(camera)
        if self._lease is not None:
            self._etcd.delete(self._keys.camera(camera), self._lease)

    def _somebody_has_room(self, site: SiteView, cameras: int) -> bool:
        counts = site.counts
        return any(counts.get(box, 0) < share for box, share in shares(site.capacities, cameras).items())

    def _hand_over(self, site: SiteView) -> None:
        """One camera becomes free, if no other box is doing that: the one that came last.

        It is read here until another box has it. So it goes on if that one dies, or etcd, before it has taken it.
        """
        mine = [camera for camera in site.read_by(self._config.box) if camera in self._held]
        if not mine or self._lease is None:
            return
        lease = self._etcd.grant(MOVE_TTL_S)
        if self._etcd.create(self._keys.move, {"box": self._config.box}, lease) is None:
            self._etcd.revoke(lease)
        else:
            logger.info("%s is handed over to another box", mine[-1])
            self._offered = mine[-1]
            self._etcd.delete(self._keys.camera(mine[-1]), self._lease)

    def _go_on_alone(self, now: float) -> None:
        """Without etcd from the start: what this box read when it last ran."""
        if self._held or now - self._started_mono < 2 * self._config.ttl_s:
            return
        for camera, epoch in self._remembered.items():
            if camera in self._reader.names():
                self._held[camera] = epoch
                self._reader.read(camera, epoch)
        self._remembered = {}

    def _note(self, state: EtcdState, reason: str | None) -> None:
        """Says in the log once that etcd is away, and once that it is back."""
        if state != self.etcd.state:
            self.etcd = EtcdStatus(state, reason, time.time())
            if state == "away":
                logger.warning("etcd is away, this box keeps its cameras: %s", reason)
            else:
                logger.info("etcd answers; this box is %s of %s", self._config.box, self._config.site)
