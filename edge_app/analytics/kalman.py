"""Constant-velocity Kalman filters of all boxes at once, over real time intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Rows = NDArray[np.intp]

PLACE, SPEED, PLACE_VAR, COVARIANCE, SPEED_VAR = range(5)  # what a filter's state holds of each coordinate
REPLAY_STEPS = 4  # more make no difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """How boxes move and how exactly they are seen, as shares of a box's size, the root of its area.

    Attributes:
        measured: Standard deviation of a detected box's centre and sides.
        speed: Standard deviation of a new track's speed [1/s].
        centre: Standard deviation by which the centre's speed changes in a second [1/s].
        sides: The same of width and height, which swing more than they go on.
    """

    measured: float = 0.05
    speed: float = 3.0
    centre: float = 0.1
    sides: float = 0.05


class BoxFilters:
    """One filter a track; a box is its centre x, centre y, width and height [px], and a filter knows their speeds.

    The state is SORT's (Bewley et al., "Simple online and realtime tracking", 2016) with width and height for area and
    ratio. The four coordinates are independent of each other, so a covariance is 2 x 2 for each, of which three numbers
    are kept, and one step of all tracks is a dozen operations on arrays (n, 4). Noise is white acceleration (Bar-Shalom
    et al., "Estimation with applications to tracking and navigation", 2001, 6.2.2), whose effect grows with the
    interval as it must: a step of a second is as good as ten of a tenth.
    """

    def __init__(self, noise: Noise = Noise()) -> None:
        self._noise = noise
        self._acceleration = np.square([noise.centre, noise.centre, noise.sides, noise.sides])
        self._state: Reals = np.empty((5, 0, 4))
        self._when_seen: Reals = np.empty((5, 0, 4))  # the same when it was corrected last

    def __len__(self) -> int:
        return len(self._state[PLACE])

    @property
    def boxes(self) -> Reals:
        """Where the boxes are expected, (n, 4)."""
        boxes: Reals = self._state[PLACE]
        return boxes

    def predict(self, elapsed_s: float) -> None:
        """Moves all on by an interval."""
        self._state = self._predicted(self._state, elapsed_s)

    def update(self, rows: Rows, seen: Reals) -> None:
        """Corrects some by the boxes that were seen of them, (k, 4)."""
        self._state[:, rows] = self._when_seen[:, rows] = self._corrected(self._state[:, rows], seen)

    def replay(self, rows: Rows, away_s: Reals, seen: Reals) -> None:
        """Corrects some that were not seen for a time (k,), as if they had gone straight to where they are seen now.

        It is the observation-centric re-update of Cao et al., "Observation-centric SORT", 2023: what was assumed of
        their speed while they were away is forgotten.
        """
        state = self._when_seen[:, rows]
        left = state[PLACE].copy()
        for part in range(1, REPLAY_STEPS + 1):
            state = self._predicted(state, away_s[:, None] / REPLAY_STEPS)
            state = self._corrected(state, left + (seen - left) * (part / REPLAY_STEPS))
        self._state[:, rows] = self._when_seen[:, rows] = state

    def add(self, seen: Reals) -> None:
        """New filters that stand where they were seen, (k, 4)."""
        none, variance = np.zeros_like(seen), np.broadcast_to(_area(seen), seen.shape)
        noise = self._noise
        new = np.stack([seen, none, noise.measured**2 * variance, none, noise.speed**2 * variance])
        self._state = np.concatenate([self._state, new], axis=1)
        self._when_seen = np.concatenate([self._when_seen, new], axis=1)

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Forgets the others."""
        self._state, self._when_seen = self._state[:, rows], self._when_seen[:, rows]

    def distances(self, seen: Reals, wander: Reals) -> Reals:
        """Squared Mahalanobis distances of the expected centres to those of boxes (k, 4), (n, k).

        Each may be off by what its filter does not know and, as a share of its size, by `wander` (n,).
        """
        spread = self._state[PLACE_VAR, :, :2] + (self._noise.measured**2 + wander[:, None] ** 2) * _area(self.boxes)
        away = self.boxes[:, None, :2] - seen[:, :2]
        squared: Reals = (away * away / spread[:, None]).sum(axis=2)
        return squared

    def _predicted(self, state: Reals, t: Reals | float) -> Reals:
        place, speed, place_var, covariance, speed_var = state
        noise = self._acceleration * _area(place)
        moved = np.empty_like(state)
        moved[PLACE] = place + t * speed
        moved[SPEED] = speed
        moved[PLACE_VAR] = place_var + t * (2 * covariance + t * speed_var) + noise * (t**3 / 3)
        moved[COVARIANCE] = covariance + t * speed_var + noise * (t**2 / 2)
        moved[SPEED_VAR] = speed_var + noise * t
        np.maximum(moved[PLACE, :, 2:], 1.0, out=moved[PLACE, :, 2:])
        return moved

    def _corrected(self, state: Reals, seen: Reals) -> Reals:
        place, speed, place_var, covariance, speed_var = state
        total = place_var + self._noise.measured**2 * _area(seen)
        gain_place, gain_speed, off = place_var / total, covariance / total, seen - place
        corrected = np.empty_like(state)
        corrected[PLACE] = place + gain_place * off
        corrected[SPEED] = speed + gain_speed * off
        corrected[PLACE_VAR] = place_var - gain_place * place_var
        corrected[COVARIANCE] = covariance - gain_place * covariance
        corrected[SPEED_VAR] = speed_var - gain_speed * covariance
        return corrected


def _area(boxes: Reals) -> Reals:
    """Of boxes as centre and sides, (n, 1); of at least one pixel."""
    return np.maximum(boxes[:, 2:3] * boxes[:, 3:4], 1.0)
