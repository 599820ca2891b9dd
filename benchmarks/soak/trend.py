"""Whether something grows: a line through its levels, and how sure the slope of that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

LEAST = 3  # levels


@dataclass(frozen=True)
class Trend:
    """What a straight line through levels says.

    Attributes:
        per_hour: Its slope [units/h].
        within: Half of the interval in which the slope lies with 95 % [units/h].
        levels: How many it goes through.
    """

    per_hour: float
    within: float
    levels: int

    def against(self, most: float) -> str:
        """Whether it is below so many units an hour: `holds`, `fails`, or `cannot be told` where both are possible."""
        if self.per_hour + self.within < most:
            return "holds"
        return "fails" if self.per_hour - self.within > most else "cannot be told"


def trend(at_s: Sequence[float], levels: Sequence[float]) -> Trend:
    """The trend of levels by their times [s], which must be so far apart that they err independently."""
    if len(levels) < LEAST:
        return Trend(math.nan, math.inf, len(levels))
    line = stats.linregress(np.asarray(at_s) / 3600, levels)
    return Trend(float(line.slope), float(stats.t.ppf(0.975, len(levels) - 2) * line.stderr), len(levels))
