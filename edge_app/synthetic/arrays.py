"""The kinds of arrays that the street is drawn with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ByteImage = NDArray[np.uint8]
FloatImage = NDArray[np.float32]
Floats = NDArray[np.float64]
