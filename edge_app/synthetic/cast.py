"""The model of each class of object, at each moment of its movement."""

from __future__ import annotations

from edge_app.synthetic.bicycles import DEVELOPMENT, bicycle
from edge_app.synthetic.cars import car
from edge_app.synthetic.looks import Look
from edge_app.synthetic.people import STRIDE, person
from edge_app.synthetic.shapes import Model
from edge_app.synthetic.traffic import Actor
from edge_app.synthetic.trucks import truck
from edge_app.synthetic.ways import BICYCLE, CAR, PERSON

STEPS = 12  # pictures of one walk cycle
STROKES = 8  # pictures of one turn of the pedals
STANDING = -1


def phase(actor: Actor) -> int:
    """Which picture of its movement an actor shows; `STANDING` while there is none."""
    if actor.gone is None:
        return STANDING
    if actor.class_id not in (PERSON, BICYCLE):
        return 0
    if actor.class_id == BICYCLE:
        return int(actor.gone / DEVELOPMENT * STROKES) % STROKES
    return int(actor.gone / STRIDE * STEPS) % STEPS


def model(class_id: int, look: int, moment: int, *, rain: bool, lamps: bool) -> Model:
    """The model of an object of this class and look."""
    if class_id == PERSON:
        standing = moment == STANDING
        return Model.of(person(Look.of(look, rain=rain), 0.0 if standing else moment / STEPS, standing=standing))
    if class_id == BICYCLE:
        return Model.of(bicycle(look, moment / STROKES, rain=rain, lamps=lamps))
    lamps = lamps and moment != STANDING
    return Model.of(car(look, lamps=lamps) if class_id == CAR else truck(look, lamps=lamps))
