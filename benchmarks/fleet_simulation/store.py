"""etcd as a box sees it, in a simulation: leases by a clock of its own, answers at once, and a count."""

from __future__ import annotations

import base64
import heapq
import itertools
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from edge_app.fleet.etcd import Entry, Etcd, EtcdAwayError

LOOKS_S = 0.5  # how often etcd looks for leases that are over
OVERHEAD, MARK = 120, 200  # bytes of an answer without keys, and of one without its value


class SimulatedClock:
    """Seconds that the simulation lets pass."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class SimulatedStore:
    """What all boxes see of one etcd.

    Attributes:
        asked: How often each call was made.
        sent: How many bytes it answered to each, as etcd's JSON has them.
        away: Whether it answers nobody.
    """

    def __init__(self, clock: SimulatedClock) -> None:
        self.clock, self.away = clock, False
        self.asked, self.sent = Counter[str](), Counter[str]()
        self._revision, self._leases_made = 1, itertools.count(1)
        self._sites: dict[str, dict[str, Entry]] = {}
        self._sizes: dict[str, dict[str, int]] = {}
        self._changed: dict[str, int] = {}
        self._ends: dict[int, float] = {}
        self._ttl: dict[int, int] = {}
        self._of_lease: dict[int, set[str]] = {}
        self._due: list[tuple[float, int]] = []
        self._looked = 0.0

    def answer(self, call: str, size: int = 0) -> None:
        """Counts a call; raises EtcdAwayError if it is away."""
        self.asked["unanswered" if self.away else call] += 1
        if self.away:
            raise EtcdAwayError("simulated")
        self.sent[call] += OVERHEAD + size
        self._look()

    def leave(self) -> None:
        """It answers nobody from now on."""
        self.away = True

    def come_back(self) -> None:
        """It does again; a new leader gives every lease its whole time."""
        self.away = False
        for lease in self._ends:
            self._extend(lease)

    def grant(self, ttl_s: int) -> int:
        lease = next(self._leases_made)
        self._ttl[lease], self._of_lease[lease] = ttl_s, set()
        self._extend(lease)
        return lease

    def renew(self, lease: int) -> bool:
        if lease not in self._ends:
            return False
        self._extend(lease)
        return True

    def revoke(self, lease: int) -> None:
        self._ends.pop(lease, None)
        for key in sorted(self._of_lease.pop(lease, ())):
            self._remove(key)

    def put(self, key: str, value: Mapping[str, Any], lease: int) -> None:
        self._revision += 1
        site, name = _parts(key)
        entry = Entry(value, lease, self._revision)
        self._sites.setdefault(site, {})[name] = entry
        self._changed[site] = self._revision
        self._sizes.setdefault(site, {})[name] = _size(key, entry)
        self._of_lease[lease].add(key)

    def entry(self, key: str) -> Entry | None:
        site, name = _parts(key)
        return self._sites.get(site, {}).get(name)

    def delete(self, key: str, lease: int) -> None:
        entry = self.entry(key)
        if entry is not None and entry.lease == lease:
            self._remove(key)

    def under(self, site: str) -> dict[str, Entry]:
        return dict(self._sites.get(site, {}))

    def bytes_under(self, site: str) -> int:
        """How large the answer to that is."""
        return sum(self._sizes.get(site, {}).values())

    def mark(self, site: str) -> tuple[int, int]:
        return self._changed.get(site, 0), len(self._sites.get(site, {}))

    def _extend(self, lease: int) -> None:
        end = self.clock() + self._ttl[lease]
        self._ends[lease] = end
        heapq.heappush(self._due, (end, lease))

    def _look(self) -> None:
        """Ends leases, as often as etcd does."""
        now = self.clock()
        if now - self._looked < LOOKS_S:
            return
        self._looked = now
        while self._due and self._due[0][0] <= now:
            end, lease = heapq.heappop(self._due)
            if self._ends.get(lease) == end:
                self.revoke(lease)

    def _remove(self, key: str) -> None:
        site, name = _parts(key)
        if self._sites.get(site, {}).pop(name, None) is not None:
            self._revision += 1
            self._changed[site] = self._revision
            del self._sizes[site][name]


class SimulatedEtcd(Etcd):
    """One box's connection to the store, with etcd's calls."""

    def __init__(self, store: SimulatedStore) -> None:
        self._store = store

    def grant(self, ttl_s: int) -> int:
        self._store.answer("grant")
        return self._store.grant(ttl_s)

    def renew(self, lease: int) -> bool:
        self._store.answer("renew")
        return self._store.renew(lease)

    def revoke(self, lease: int) -> None:
        self._store.answer("revoke")
        self._store.revoke(lease)

    def create(self, key: str, value: Mapping[str, Any], lease: int) -> int | None:
        self._store.answer("create")
        if self._store.entry(key) is not None:
            return None
        self._store.put(key, value, lease)
        return self._store.entry(key).create_revision  # type: ignore[union-attr]

    def put(self, key: str, value: Mapping[str, Any], lease: int) -> None:
        self._store.answer("put")
        self._store.put(key, value, lease)

    def delete(self, key: str, lease: int) -> None:
        self._store.answer("delete")
        self._store.delete(key, lease)

    def mark(self, prefix: str) -> tuple[int, int]:
        self._store.answer("mark", MARK)
        return self._store.mark(_site(prefix))

    def under(self, prefix: str) -> dict[str, Entry]:
        site = _site(prefix)
        self._store.answer("read", self._store.bytes_under(site))
        return self._store.under(site)

    def close(self) -> None:
        """There is nothing to hang up."""


def _site(prefix: str) -> str:
    return prefix.rstrip("/").rpartition("/")[2]


def _parts(key: str) -> tuple[str, str]:
    """The site of a key, and what is behind it."""
    _, _, site, name = key.split("/", 3)
    return site, name


def _size(key: str, entry: Entry) -> int:
    """Bytes of it in an answer of etcd."""
    pair = {
        "key": base64.b64encode(key.encode()).decode(),
        "create_revision": "1000000",
        "mod_revision": "1000000",
        "version": "1",
        "value": base64.b64encode(json.dumps(entry.value).encode()).decode(),
        "lease": "7587878787878787878",
    }
    return len(json.dumps(pair, separators=(",", ":"))) + 1
