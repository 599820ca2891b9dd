"""What people look like: their build, clothes and bags."""

from __future__ import annotations

from dataclasses import dataclass

from edge_app.synthetic.palette import CLOTH, HAIR, SKIN, TROUSERS, Colour, varied
from edge_app.synthetic.rng import KeyedRng


@dataclass(frozen=True, slots=True)
class Appearance:
    """What one person looks like; colours are BGR.

    Attributes:
        height: Of the person [m].
        build: Width of the body, relative to the average.
        skin, hair, top, legs, shoes: Colours.
        accessory: Colour of the bag, hat, helmet or umbrella.
        skirt: Wears a skirt or a dress instead of trousers.
        coat: Length of the coat below the hip, as a fraction of the height; 0 is a jacket.
        bag: "none", "rucksack", "shoulder" or "suitcase".
        head: "short", "long", "cap", "bald" or "hood".
        umbrella: Holds up an umbrella.
    """

    height: float
    build: float
    skin: Colour
    hair: Colour
    top: Colour
    legs: Colour
    shoes: Colour
    accessory: Colour
    skirt: bool
    coat: float
    bag: str
    head: str
    umbrella: bool

    @classmethod
    def from_seed(cls, seed: int, *, rain: bool) -> Appearance:
        """The appearance of the person with this seed."""
        rng = KeyedRng(seed, 11)
        height = rng.uniform(1.15, 1.45) if rng.chance(0.08) else rng.uniform(1.56, 1.92)
        return cls(
            height=height,
            build=rng.uniform(0.88, 1.22),
            skin=rng.choice(SKIN),
            hair=rng.choice(HAIR),
            top=varied(rng.choice(CLOTH), rng),
            legs=varied(rng.choice(TROUSERS), rng),
            shoes=rng.choice(((35, 35, 38), (60, 75, 100), (210, 210, 210))),
            accessory=varied(rng.choice(CLOTH), rng),
            skirt=rng.chance(0.18),
            coat=rng.uniform(0.05, 0.16) if rng.chance(0.3) else 0.0,
            bag=rng.choice(("none", "none", "rucksack", "shoulder", "suitcase")),
            head=rng.choice(("short", "short", "long", "long", "cap", "bald", "hood")),
            umbrella=rain and rng.chance(0.45),
        )
