"""How people look: their build, their clothes and what they carry."""

from __future__ import annotations

from dataclasses import dataclass

from edge_app.synthetic.dice import Dice
from edge_app.synthetic.palette import CLOTH, HAIR, SKIN, TROUSERS, Colour, varied


@dataclass(frozen=True, slots=True)
class Look:
    """How one person looks.

    Attributes:
        height: [m].
        build: Width over the usual.
        skirt: Wears a skirt or a dress instead of trousers.
        coat: Length of the coat below the hip [of the height]; 0 is a jacket.
        bag: "none", "rucksack", "shoulder" or "suitcase".
        head: "short", "long", "cap", "bald" or "hood".
        umbrella: Holds one up.
    """

    height: float
    build: float
    skin: Colour
    hair: Colour
    top: Colour
    legs: Colour
    shoes: Colour
    extra: Colour
    skirt: bool
    coat: float
    bag: str
    head: str
    umbrella: bool

    @classmethod
    def of(cls, seed: int, *, rain: bool) -> Look:
        """The look of the person with this seed."""
        dice = Dice(seed, 11)
        height = dice.between(1.15, 1.45) if dice.happens(0.08) else dice.between(1.56, 1.92)
        return cls(
            height=height,
            build=dice.between(0.88, 1.22),
            skin=dice.pick(SKIN),
            hair=dice.pick(HAIR),
            top=varied(dice.pick(CLOTH), dice),
            legs=varied(dice.pick(TROUSERS), dice),
            shoes=dice.pick(((35, 35, 38), (60, 75, 100), (210, 210, 210))),
            extra=varied(dice.pick(CLOTH), dice),
            skirt=dice.happens(0.18),
            coat=dice.between(0.05, 0.16) if dice.happens(0.3) else 0.0,
            bag=dice.pick(("none", "none", "rucksack", "shoulder", "suitcase")),
            head=dice.pick(("short", "short", "long", "long", "cap", "bald", "hood")),
            umbrella=rain and dice.happens(0.45),
        )
