"""The mesh of each class of actor, at each phase of its movement."""

from __future__ import annotations

from edge_app.synthetic.appearance import Appearance
from edge_app.synthetic.bicycles import DEVELOPMENT, bicycle
from edge_app.synthetic.cars import car
from edge_app.synthetic.people import STRIDE, person
from edge_app.synthetic.routes import BICYCLE, CAR, PERSON
from edge_app.synthetic.shapes import Mesh
from edge_app.synthetic.traffic import Actor
from edge_app.synthetic.trucks import truck

WALK_PHASES = 12  # meshes of one walk cycle
PEDAL_PHASES = 8  # meshes of one turn of the pedals
STANDING = -1


def animation_phase(actor: Actor) -> int:
    """The phase of an actor's movement, from 0; `STANDING` if it does not move."""
    if actor.travelled is None:
        return STANDING
    if actor.class_id not in (PERSON, BICYCLE):
        return 0
    if actor.class_id == BICYCLE:
        return int(actor.travelled / DEVELOPMENT * PEDAL_PHASES) % PEDAL_PHASES
    return int(actor.travelled / STRIDE * WALK_PHASES) % WALK_PHASES


def actor_mesh(class_id: int, appearance_seed: int, phase: int, *, rain: bool, lamps: bool) -> Mesh:
    """The mesh of an actor of this class and appearance."""
    standing = phase == STANDING
    if class_id == PERSON:
        appearance, cycle = Appearance.from_seed(appearance_seed, rain=rain), 0.0 if standing else phase / WALK_PHASES
        return Mesh.from_shapes(person(appearance, cycle, standing=standing))
    if class_id == BICYCLE:
        return Mesh.from_shapes(bicycle(appearance_seed, phase / PEDAL_PHASES, rain=rain, lamps=lamps))
    lamps = lamps and not standing
    vehicle = car if class_id == CAR else truck
    return Mesh.from_shapes(vehicle(appearance_seed, lamps=lamps))
