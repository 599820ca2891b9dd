"""The settings of a street, and the classes of the objects in it."""

from __future__ import annotations

from dataclasses import dataclass

CLASSES: tuple[str, ...] = ("person", "car", "truck", "bicycle")
LIGHTS: tuple[str, ...] = ("day", "dusk", "night")
WEATHERS: tuple[str, ...] = ("clear", "rain", "noise")

SMALLEST_SIDE = 64  # px
LARGEST_SIDE = 8192  # px; a typing error should not ask for all the memory
LARGEST_SHAKE = 0.02  # fraction of the picture's width


@dataclass(frozen=True, slots=True)
class Settings:
    """One street in one light and weather; equal settings give equal pixels.

    Attributes:
        seed: Determines the street: camera, plan, buildings, traffic. Zero or more.
        width: Of the picture [px].
        height: Of the picture [px].
        fps: Frames per second; frame `index` shows the street at `index / fps` [s].
        light: One of `LIGHTS`.
        weather: One of `WEATHERS`.
        shake: Largest camera displacement [fraction of the picture's width].

    Raises:
        ValueError: A value is out of range; the message names the field and the choices.
    """

    seed: int = 0
    width: int = 640
    height: int = 360
    fps: float = 25.0
    light: str = "day"
    weather: str = "clear"
    shake: float = 0.0

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ValueError(f"seed must be 0 or more, got {self.seed}")
        for name, side in (("width", self.width), ("height", self.height)):
            if not SMALLEST_SIDE <= side <= LARGEST_SIDE:
                raise ValueError(f"{name} must be {SMALLEST_SIDE} to {LARGEST_SIDE} px, got {side}")
        if not 0 < self.fps <= 1000:
            raise ValueError(f"fps must be above 0 and at most 1000, got {self.fps}")
        for name, value, choices in (("light", self.light, LIGHTS), ("weather", self.weather, WEATHERS)):
            if value not in choices:
                raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}")
        if not 0 <= self.shake <= LARGEST_SHAKE:
            raise ValueError(f"shake must be 0 to {LARGEST_SHAKE}, got {self.shake}")
