"""Colours in daylight (BGR, 0 to 255), and the light of day, dusk, night and rain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_app.synthetic.rng import KeyedRng

Colour = tuple[float, float, float]

SKIN: tuple[Colour, ...] = (
    (178, 205, 240),
    (150, 185, 225),
    (120, 155, 205),
    (85, 120, 175),
    (60, 85, 130),
    (45, 62, 95),
)
HAIR: tuple[Colour, ...] = (
    (28, 30, 34),
    (35, 48, 70),
    (45, 75, 120),
    (90, 140, 185),
    (165, 170, 175),
    (40, 60, 120),
)
CLOTH: tuple[Colour, ...] = (
    (50, 45, 42), (95, 70, 50), (150, 90, 45), (60, 60, 165), (60, 120, 190), (205, 205, 205), (80, 110, 70),
    (120, 120, 125), (70, 160, 215), (130, 80, 130), (170, 150, 90), (40, 40, 110), (225, 225, 230),
)  # fmt: skip
TROUSERS: tuple[Colour, ...] = (
    (75, 55, 42),
    (45, 42, 42),
    (105, 80, 62),
    (70, 90, 110),
    (120, 135, 150),
    (60, 65, 70),
)
PAINT: tuple[Colour, ...] = (
    (225, 225, 225), (195, 195, 192), (120, 120, 120), (48, 46, 46), (40, 38, 150), (140, 80, 40),
    (75, 40, 30), (60, 100, 60), (90, 150, 190), (60, 70, 110), (30, 130, 215), (170, 150, 110),
)  # fmt: skip
WALLS: tuple[Colour, ...] = (
    (150, 175, 195), (120, 140, 165), (105, 120, 160), (165, 170, 175), (185, 200, 210), (130, 150, 140),
    (150, 150, 170), (110, 110, 115), (175, 185, 180),
)  # fmt: skip
LEAVES: tuple[Colour, ...] = ((55, 110, 70), (50, 95, 60), (60, 125, 95), (45, 105, 85))

WARM: Colour = (0.52, 0.78, 0.98)  # the light of a street lamp, relative to white


def shaded(colour: Colour, factor: float) -> Colour:
    """The colour, brighter or darker by this factor."""
    b, g, r = colour
    return (min(255.0, b * factor), min(255.0, g * factor), min(255.0, r * factor))


def varied(colour: Colour, rng: KeyedRng, spread: float = 0.12) -> Colour:
    """A random variation of the colour."""
    brightness = rng.uniform(1 - spread, 1 + spread)
    b, g, r = (channel * brightness * rng.uniform(1 - spread / 3, 1 + spread / 3) for channel in colour)
    return (min(255.0, b), min(255.0, g), min(255.0, r))


@dataclass(frozen=True, slots=True)
class Light:
    """The light in the street.

    Attributes:
        ambient: Factor on every colour, per channel (BGR), without lamps.
        zenith: Colour of the sky above.
        low_sky: Colour of the sky at the horizon, and of the haze.
        haze: Fraction of haze in the colour of what is 100 m away.
        contrast: How much brighter a face towards the sun is than one away from it, 0 to 1.
        shadow_darkness: Opacity of shadows, 0 to 1.
        shadow_length: Length of a shadow, relative to the height of what casts it.
        lamp: Strength of street lamps, 0 to 1.
        headlights: Strength of vehicles' lamps, 0 to 1.
        lit_windows: Fraction of windows that are lit.
    """

    ambient: Colour
    zenith: Colour
    low_sky: Colour
    haze: float
    contrast: float
    shadow_darkness: float
    shadow_length: float
    lamp: float
    headlights: float
    lit_windows: float

    def unlit(self, colour: Colour) -> NDArray[np.float32]:
        """The daylight colour that this light turns into `colour`; float32 (3,)."""
        return np.divide(colour, self.ambient).astype(np.float32)


def light_for(light: str, weather: str) -> Light:
    """The light at this time of day in this weather."""
    rain = weather == "rain"
    if light == "day":
        if rain:
            return Light((0.80, 0.76, 0.72), (150, 143, 138), (178, 174, 170), 0.5, 0.12, 0.30, 0.12, 0.0, 0.35, 0.1)
        return Light((1.0, 1.0, 1.0), (205, 150, 95), (232, 218, 200), 0.3, 0.42, 0.5, 1.0, 0.0, 0.0, 0.0)
    if light == "dusk":
        if rain:
            return Light((0.48, 0.43, 0.41), (100, 82, 78), (120, 112, 118), 0.5, 0.1, 0.25, 0.12, 0.7, 0.8, 0.4)
        return Light((0.47, 0.42, 0.48), (120, 78, 70), (110, 150, 232), 0.35, 0.3, 0.3, 2.0, 0.6, 0.6, 0.35)
    low = (38, 30, 28) if not rain else (46, 42, 44)
    return Light((0.29, 0.245, 0.22), (24, 14, 10), low, 0.35, 0.1, 0.3, 0.12, 1.0, 1.0, 0.4)
