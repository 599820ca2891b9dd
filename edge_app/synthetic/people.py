"""People: a walking skeleton and its clothes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge_app.synthetic.appearance import Appearance
from edge_app.synthetic.palette import shaded
from edge_app.synthetic.shapes import Point, Shape

STRIDE = 1.42  # m of ground per two steps


@dataclass(frozen=True, slots=True)
class Limb:
    """The joints of a leg or an arm: hip, knee, ankle and toe, or shoulder, elbow, hand."""

    joints: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Pose:
    """The skeleton at one moment; limbs are (left, right).

    Attributes:
        hip: Its height above the ground [m].
        legs: Hip, knee, ankle, toe [m].
        arms: Shoulder, elbow, hand [m].
    """

    hip: float
    legs: tuple[Limb, Limb]
    arms: tuple[Limb, Limb]


def pose(appearance: Appearance, cycle: float, *, standing: bool) -> Pose:
    """The skeleton at this point of the walk cycle, 0 to 1."""
    swing = 0.0 if standing else 1.0
    sides = ((-1, math.tau * cycle), (1, math.tau * (cycle + 0.5)))
    left, right = (_leg(appearance, side, angle, swing) for side, angle in sides)
    # One foot is always on the ground.
    hip = 0.03 * appearance.height - min(left[2][1], right[2][1])
    arms = [_arm(appearance, side, angle, swing) for side, angle in sides]
    left_leg, right_leg, left_arm, right_arm = (
        Limb(tuple((x, y + hip, z) for x, y, z in limb)) for limb in (left, right, *arms)
    )
    return Pose(hip, (left_leg, right_leg), (left_arm, right_arm))


def _leg(appearance: Appearance, side: int, angle: float, swing: float) -> tuple[Point, ...]:
    """Hip, knee, ankle and toe, relative to the hip's height; `angle` is the leg's phase [rad]."""
    height, x = appearance.height, side * 0.05 * appearance.height * appearance.build
    thigh = swing * 0.46 * math.sin(angle) + 0.04
    shin = thigh - 0.06 - swing * 0.85 * max(0.0, math.cos(angle)) ** 1.5
    knee = (x, -0.245 * height * math.cos(thigh), 0.245 * height * math.sin(thigh))
    ankle = (x, knee[1] - 0.235 * height * math.cos(shin), knee[2] + 0.235 * height * math.sin(shin))
    tip = max(-0.6, min(0.35, 0.8 * shin))
    down, ahead = 0.1 * height * math.sin(tip) - 0.012 * height, 0.1 * height * math.cos(tip)
    return (x, 0.0, 0.0), knee, ankle, (x + side * 0.015, ankle[1] + down, ankle[2] + ahead)


def _arm(appearance: Appearance, side: int, angle: float, swing: float) -> tuple[Point, ...]:
    """Shoulder, elbow and hand, relative to the hip's height; the arm swings against the leg."""
    height, x = appearance.height, side * 0.115 * appearance.height * appearance.build
    shoulder = (x, 0.295 * height, 0.0)
    if appearance.umbrella and side > 0:
        return shoulder, (x + 0.02, 0.175 * height, 0.1 * height), (0.6 * x, 0.275 * height, 0.17 * height)
    upper = -swing * 0.5 * math.sin(angle) + 0.03
    fore = upper + 0.25 + swing * 0.25 * max(0.0, -math.sin(angle))
    out = x + side * 0.03
    elbow = (out, 0.295 * height - 0.17 * height * math.cos(upper), 0.17 * height * math.sin(upper))
    hand = (out, elbow[1] - 0.15 * height * math.cos(fore), elbow[2] + 0.15 * height * math.sin(fore))
    return shoulder, elbow, hand


def person(appearance: Appearance, cycle: float, *, standing: bool = False) -> list[Shape]:
    """The person at this point of the walk cycle, facing ahead."""
    joints = pose(appearance, cycle, standing=standing)
    body = [
        *_legs(appearance, joints),
        *_arms(appearance, joints),
        *_trunk(appearance, joints),
        *_head(appearance, joints.hip),
    ]
    return [*body, *_bag(appearance, joints), *_umbrella(appearance, joints)]


def _legs(appearance: Appearance, joints: Pose) -> list[Shape]:
    height, build = appearance.height, appearance.build
    shapes = []
    for limb, light in zip(joints.legs, (0.85, 1.0), strict=True):
        hip, knee, ankle, toe = limb.joints
        colour = shaded(appearance.legs, light)
        calf = shaded(appearance.skin, 0.95) if appearance.skirt else colour
        shapes.append(Shape((hip, knee), colour, (0.056 * height * build, 0.041 * height * build)))
        shapes.append(Shape((knee, ankle), calf, (0.04 * height * build, 0.026 * height * build)))
        shapes.append(Shape((ankle, toe), appearance.shoes, (0.026 * height, 0.02 * height)))
    if appearance.skirt:
        hem, half = 0.29 * height, 0.085 * height * build
        corners = ((-half, hem, 0.0), (half, hem, 0.0), (0.0, joints.hip, 0.0))
        shapes.append(Shape(corners, appearance.legs, (0.05 * height, 0.05 * height, 0.075 * height * build), layer=1))
    return shapes


def _arms(appearance: Appearance, joints: Pose) -> list[Shape]:
    height, build = appearance.height, appearance.build
    shapes = []
    for limb, light in zip(joints.arms, (0.85, 0.97), strict=True):
        shoulder, elbow, hand = limb.joints
        sleeve = shaded(appearance.top, light)
        shapes.append(Shape((shoulder, elbow), sleeve, (0.036 * height * build, 0.029 * height * build), layer=1))
        shapes.append(Shape((elbow, hand), sleeve, (0.028 * height * build, 0.021 * height), layer=1))
        shapes.append(Shape((hand,), appearance.skin, (0.024 * height,), layer=1))
    return shapes


def _trunk(appearance: Appearance, joints: Pose) -> list[Shape]:
    height, build = appearance.height, appearance.build
    chest, hip = joints.hip + 0.27 * height, joints.hip + 0.01 * height
    half = 0.072 * height * build
    corners = ((-half, chest, 0.0), (half, chest, 0.0), (-0.6 * half, hip, 0.0), (0.6 * half, hip, 0.0))
    deep = 0.058 * height * build
    shapes = [Shape(corners, appearance.top, (deep, deep, 0.92 * deep, 0.92 * deep), layer=1)]
    if appearance.coat:
        low = joints.hip - appearance.coat * height
        skirt = (
            (-0.8 * half, low, 0.0),
            (0.8 * half, low, 0.0),
            (-0.6 * half, hip, 0.0),
            (0.6 * half, hip, 0.0),
        )
        shapes.append(Shape(skirt, appearance.top, (deep, deep, deep, deep), layer=1))
    return shapes


def _head(appearance: Appearance, hip: float) -> list[Shape]:
    height, size = appearance.height, 0.052 * appearance.height + 0.012
    up = hip + 0.405 * height
    throat = ((0.0, hip + 0.3 * height, 0.0), (0.0, up - 0.03 * height, 0.0))
    face = ((0.0, up - 0.3 * size, 0.012), (0.0, up + 0.25 * size, 0.01))
    return [
        Shape(throat, shaded(appearance.skin, 0.85), (0.032 * height,) * 2, layer=1),
        Shape(face, appearance.skin, (0.82 * size, size), layer=2),
        *_hair(appearance, up, size),
    ]


def _hair(appearance: Appearance, up: float, size: float) -> list[Shape]:
    """Hair or a hat on a head of radius `size`, whose middle is at height `up` [m]."""
    crown, brow, peak = (
        (0.0, up + high * size, ahead * size) for high, ahead in ((0.5, -0.25), (0.6, 0.1), (0.55, 1.3))
    )
    nape, shoulders = (0.0, up - 0.05 * size, -0.5 * size), (0.0, up - 1.9 * size, -0.75 * size)
    if appearance.head == "bald":
        return []
    if appearance.head == "cap":
        cap = Shape((crown, brow), appearance.accessory, (0.92 * size, 0.92 * size), layer=2)
        return [cap, Shape((crown, peak), shaded(appearance.accessory, 0.8), (0.5 * size, 0.28 * size), layer=2)]
    colour = appearance.top if appearance.head == "hood" else appearance.hair
    hair = [Shape((crown, nape), colour, (1.02 * size, 0.9 * size), layer=2)]
    if appearance.head == "long":
        hair.append(Shape((nape, shoulders), colour, (0.85 * size, 0.6 * size), layer=2))
    return hair


def _bag(appearance: Appearance, joints: Pose) -> list[Shape]:
    height, hip = appearance.height, joints.hip
    if appearance.bag == "rucksack":
        pack = ((0.0, hip + 0.25 * height, -0.1 * height), (0.0, hip + 0.1 * height, -0.105 * height))
        return [Shape(pack, appearance.accessory, (0.07 * height, 0.08 * height), layer=1)]
    if appearance.bag == "shoulder":
        side, up = 0.15 * height * appearance.build, hip + 0.02 * height
        pouch = ((side, up, 0.04), (side, up, -0.08), (side, up - 0.07 * height, -0.02))
        return [Shape(pouch, appearance.accessory, (0.03 * height,) * 3, layer=1)]
    if appearance.bag == "suitcase":
        x, _, z = joints.arms[0].joints[2]
        case = ((x, 0.3, z - 0.35), (x, 0.12, z - 0.35), (x, 0.12, z - 0.2), (x, 0.42, z - 0.2))
        return [Shape(case, appearance.accessory, (0.09,) * 4, layer=1)]
    return []


def _umbrella(appearance: Appearance, joints: Pose) -> list[Shape]:
    if not appearance.umbrella:
        return []
    hand, top = joints.arms[1].joints[2], joints.hip + 0.62 * appearance.height
    angles = [k * math.tau / 8 for k in range(8)]
    rim = tuple((0.05 + 0.5 * math.cos(angle), top - 0.2, 0.08 + 0.5 * math.sin(angle)) for angle in angles)
    peak = (0.05, top, 0.08)
    return [
        Shape((hand, peak), (60, 60, 60), (0.012, 0.012), layer=1),
        Shape((*rim, peak), appearance.accessory, (0.02,) * 9, layer=3),
    ]
