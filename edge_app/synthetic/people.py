"""People: a skeleton that walks, and what it wears."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge_app.synthetic.looks import Look
from edge_app.synthetic.palette import shaded
from edge_app.synthetic.shapes import Point, Shape

STRIDE = 1.42  # m of ground covered by two steps


@dataclass(frozen=True, slots=True)
class Limb:
    """The joints of a leg or an arm: hip, knee, ankle and toe, or shoulder, elbow, hand."""

    joints: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Pose:
    """The skeleton of one moment; limbs are left, right.

    Attributes:
        hip: Height above the ground [m].
        legs: Hip, knee, ankle, toe [m].
        arms: Shoulder, elbow, hand [m].
    """

    hip: float
    legs: tuple[Limb, Limb]
    arms: tuple[Limb, Limb]


def pose(look: Look, cycle: float, *, standing: bool) -> Pose:
    """The skeleton at this part of the walk cycle, 0 to 1."""
    swing = 0.0 if standing else 1.0
    sides = ((-1, math.tau * cycle), (1, math.tau * (cycle + 0.5)))
    left, right = (_leg(look, side, angle, swing) for side, angle in sides)
    # One foot is always on the ground.
    hip = 0.03 * look.height - min(left[2][1], right[2][1])
    arms = [_arm(look, side, angle, swing) for side, angle in sides]
    left_leg, right_leg, left_arm, right_arm = (
        Limb(tuple((x, y + hip, z) for x, y, z in limb)) for limb in (left, right, *arms)
    )
    return Pose(hip, (left_leg, right_leg), (left_arm, right_arm))


def _leg(look: Look, side: int, angle: float, swing: float) -> tuple[Point, ...]:
    """Hip, knee, ankle and toe, from the height of the hip; `angle` is the leg's part of the cycle [rad]."""
    tall, x = look.height, side * 0.05 * look.height * look.build
    thigh = swing * 0.46 * math.sin(angle) + 0.04
    shin = thigh - 0.06 - swing * 0.85 * max(0.0, math.cos(angle)) ** 1.5
    knee = (x, -0.245 * tall * math.cos(thigh), 0.245 * tall * math.sin(thigh))
    ankle = (x, knee[1] - 0.235 * tall * math.cos(shin), knee[2] + 0.235 * tall * math.sin(shin))
    tip = max(-0.6, min(0.35, 0.8 * shin))
    down, ahead = 0.1 * tall * math.sin(tip) - 0.012 * tall, 0.1 * tall * math.cos(tip)
    return (x, 0.0, 0.0), knee, ankle, (x + side * 0.015, ankle[1] + down, ankle[2] + ahead)


def _arm(look: Look, side: int, angle: float, swing: float) -> tuple[Point, ...]:
    """Shoulder, elbow and hand, from the height of the hip; it swings against the leg."""
    tall, x = look.height, side * 0.115 * look.height * look.build
    shoulder = (x, 0.295 * tall, 0.0)
    if look.umbrella and side > 0:
        return shoulder, (x + 0.02, 0.175 * tall, 0.1 * tall), (0.6 * x, 0.275 * tall, 0.17 * tall)
    upper = -swing * 0.5 * math.sin(angle) + 0.03
    fore = upper + 0.25 + swing * 0.25 * max(0.0, -math.sin(angle))
    out = x + side * 0.03
    elbow = (out, 0.295 * tall - 0.17 * tall * math.cos(upper), 0.17 * tall * math.sin(upper))
    hand = (out, elbow[1] - 0.15 * tall * math.cos(fore), elbow[2] + 0.15 * tall * math.sin(fore))
    return shoulder, elbow, hand


def person(look: Look, cycle: float, *, standing: bool = False) -> list[Shape]:
    """The person at this part of the walk cycle, facing ahead."""
    joints = pose(look, cycle, standing=standing)
    body = [*_legs(look, joints), *_arms(look, joints), *_trunk(look, joints), *_head(look, joints.hip)]
    return [*body, *_bag(look, joints), *_umbrella(look, joints)]


def _legs(look: Look, joints: Pose) -> list[Shape]:
    tall, wide = look.height, look.build
    shapes = []
    for limb, light in zip(joints.legs, (0.85, 1.0), strict=True):
        hip, knee, ankle, toe = limb.joints
        tone = shaded(look.legs, light)
        calf = shaded(look.skin, 0.95) if look.skirt else tone
        shapes.append(Shape((hip, knee), tone, (0.056 * tall * wide, 0.041 * tall * wide)))
        shapes.append(Shape((knee, ankle), calf, (0.04 * tall * wide, 0.026 * tall * wide)))
        shapes.append(Shape((ankle, toe), look.shoes, (0.026 * tall, 0.02 * tall)))
    if look.skirt:
        hem, half = 0.29 * tall, 0.085 * tall * wide
        corners = ((-half, hem, 0.0), (half, hem, 0.0), (0.0, joints.hip, 0.0))
        shapes.append(Shape(corners, look.legs, (0.05 * tall, 0.05 * tall, 0.075 * tall * wide), layer=1))
    return shapes


def _arms(look: Look, joints: Pose) -> list[Shape]:
    tall, wide = look.height, look.build
    shapes = []
    for limb, light in zip(joints.arms, (0.85, 0.97), strict=True):
        shoulder, elbow, hand = limb.joints
        sleeve = shaded(look.top, light)
        shapes.append(Shape((shoulder, elbow), sleeve, (0.036 * tall * wide, 0.029 * tall * wide), layer=1))
        shapes.append(Shape((elbow, hand), sleeve, (0.028 * tall * wide, 0.021 * tall), layer=1))
        shapes.append(Shape((hand,), look.skin, (0.024 * tall,), layer=1))
    return shapes


def _trunk(look: Look, joints: Pose) -> list[Shape]:
    tall, wide = look.height, look.build
    chest, hip = joints.hip + 0.27 * tall, joints.hip + 0.01 * tall
    half = 0.072 * tall * wide
    corners = ((-half, chest, 0.0), (half, chest, 0.0), (-0.6 * half, hip, 0.0), (0.6 * half, hip, 0.0))
    deep = 0.058 * tall * wide
    shapes = [Shape(corners, look.top, (deep, deep, 0.92 * deep, 0.92 * deep), layer=1)]
    if look.coat:
        low = joints.hip - look.coat * tall
        skirt = (
            (-0.8 * half, low, 0.0),
            (0.8 * half, low, 0.0),
            (-0.6 * half, hip, 0.0),
            (0.6 * half, hip, 0.0),
        )
        shapes.append(Shape(skirt, look.top, (deep, deep, deep, deep), layer=1))
    return shapes


def _head(look: Look, hip: float) -> list[Shape]:
    tall, size = look.height, 0.052 * look.height + 0.012
    up = hip + 0.405 * tall
    throat = ((0.0, hip + 0.3 * tall, 0.0), (0.0, up - 0.03 * tall, 0.0))
    face = ((0.0, up - 0.3 * size, 0.012), (0.0, up + 0.25 * size, 0.01))
    return [
        Shape(throat, shaded(look.skin, 0.85), (0.032 * tall,) * 2, layer=1),
        Shape(face, look.skin, (0.82 * size, size), layer=2),
        *_hair(look, up, size),
    ]


def _hair(look: Look, up: float, size: float) -> list[Shape]:
    """Hair or a hat on a head whose middle is at `up` and whose radius is `size` [m]."""
    crown, brow, peak = (
        (0.0, up + high * size, ahead * size) for high, ahead in ((0.5, -0.25), (0.6, 0.1), (0.55, 1.3))
    )
    nape, shoulders = (0.0, up - 0.05 * size, -0.5 * size), (0.0, up - 1.9 * size, -0.75 * size)
    if look.head == "bald":
        return []
    if look.head == "cap":
        cap = Shape((crown, brow), look.extra, (0.92 * size, 0.92 * size), layer=2)
        return [cap, Shape((crown, peak), shaded(look.extra, 0.8), (0.5 * size, 0.28 * size), layer=2)]
    colour = look.top if look.head == "hood" else look.hair
    hair = [Shape((crown, nape), colour, (1.02 * size, 0.9 * size), layer=2)]
    if look.head == "long":
        hair.append(Shape((nape, shoulders), colour, (0.85 * size, 0.6 * size), layer=2))
    return hair


def _bag(look: Look, joints: Pose) -> list[Shape]:
    tall, hip = look.height, joints.hip
    if look.bag == "rucksack":
        pack = ((0.0, hip + 0.25 * tall, -0.1 * tall), (0.0, hip + 0.1 * tall, -0.105 * tall))
        return [Shape(pack, look.extra, (0.07 * tall, 0.08 * tall), layer=1)]
    if look.bag == "shoulder":
        side, up = 0.15 * tall * look.build, hip + 0.02 * tall
        pouch = ((side, up, 0.04), (side, up, -0.08), (side, up - 0.07 * tall, -0.02))
        return [Shape(pouch, look.extra, (0.03 * tall,) * 3, layer=1)]
    if look.bag == "suitcase":
        x, _, z = joints.arms[0].joints[2]
        case = ((x, 0.3, z - 0.35), (x, 0.12, z - 0.35), (x, 0.12, z - 0.2), (x, 0.42, z - 0.2))
        return [Shape(case, look.extra, (0.09,) * 4, layer=1)]
    return []


def _umbrella(look: Look, joints: Pose) -> list[Shape]:
    if not look.umbrella:
        return []
    hand, top = joints.arms[1].joints[2], joints.hip + 0.62 * look.height
    turns = [k * math.tau / 8 for k in range(8)]
    rim = tuple((0.05 + 0.5 * math.cos(turn), top - 0.2, 0.08 + 0.5 * math.sin(turn)) for turn in turns)
    peak = (0.05, top, 0.08)
    return [
        Shape((hand, peak), (60, 60, 60), (0.012, 0.012), layer=1),
        Shape((*rim, peak), look.extra, (0.02,) * 9, layer=3),
    ]
