"""People: a skeleton that walks, and what it wears."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge_app.synthetic.looks import Look
from edge_app.synthetic.shapes import Point, Shape
from edge_app.synthetic.palette import shaded

STRIDE = 1.42  # m of ground covered by two steps


@dataclass(frozen=True, slots=True)
class Pose:
    """Joints of one moment [m]; pairs are left, right."""

    hip: float
    knees: tuple[Point, Point]
    ankles: tuple[Point, Point]
    toes: tuple[Point, Point]
    elbows: tuple[Point, Point]
    hands: tuple[Point, Point]


def pose(look: Look, cycle: float, *, standing: bool) -> Pose:
    """The skeleton at this part of the walk cycle, 0 to 1."""
    tall, wide = look.height, look.build
    swing = 0.0 if standing else 1.0
    knees, ankles, toes, elbows, hands = [], [], [], [], []
    for side, lag in ((-1, 0.0), (1, 0.5)):
        angle = math.tau * (cycle + lag)
        thigh = swing * 0.46 * math.sin(angle) + 0.04
        shin = thigh - 0.06 - swing * 0.85 * max(0.0, math.cos(angle)) ** 1.5
        x = side * 0.052 * tall * wide
        knee = (x, -0.245 * tall * math.cos(thigh), 0.245 * tall * math.sin(thigh))
        ankle = (x, knee[1] - 0.235 * tall * math.cos(shin), knee[2] + 0.235 * tall * math.sin(shin))
        tip = max(-0.6, min(0.35, 0.8 * shin))
        toe = (
            x + side * 0.015,
            ankle[1] + 0.1 * tall * math.sin(tip) - 0.012 * tall,
            ankle[2] + 0.1 * tall * math.cos(tip),
        )
        knees.append(knee)
        ankles.append(ankle)
        toes.append(toe)
        arm = -swing * 0.5 * math.sin(angle) + 0.03
        fore = arm + 0.25 + swing * 0.25 * max(0.0, -math.sin(angle))
        x = side * 0.128 * tall * wide
        elbow = (x + side * 0.02, 0.295 * tall - 0.17 * tall * math.cos(arm), 0.17 * tall * math.sin(arm))
        elbows.append(elbow)
        hands.append(
            (
                x + side * 0.02,
                elbow[1] - 0.15 * tall * math.cos(fore),
                elbow[2] + 0.15 * tall * math.sin(fore),
            )
        )
    hip = 0.03 * tall - min(ankle[1] for ankle in ankles)

    def up(points: list[Point]) -> tuple[Point, Point]:
        (a, b, c), (d, e, f) = points
        return ((a, b + hip, c), (d, e + hip, f))

    return Pose(hip, up(knees), up(ankles), up(toes), up(elbows), up(hands))


def person(look: Look, cycle: float, *, standing: bool = False) -> list[Shape]:
    """The person at this part of the walk cycle, facing ahead."""
    joints = pose(look, cycle, standing=standing)
    shapes = [*_legs(look, joints), *_arms(look, joints), *_trunk(look, joints), *_head(look, joints.hip)]
    return shapes + _belongings(look, joints)


def _legs(look: Look, joints: Pose) -> list[Shape]:
    tall, wide = look.height, look.build
    shapes = []
    for side in (0, 1):
        hip = ((2 * side - 1) * 0.05 * tall * wide, joints.hip, 0.0)
        tone = look.legs if side else shaded(look.legs, 0.85)
        calf = shaded(look.skin, 0.95) if look.skirt else tone
        knee, ankle, toe = joints.knees[side], joints.ankles[side], joints.toes[side]
        shapes.append(Shape((hip, knee), tone, (0.056 * tall * wide, 0.041 * tall * wide)))
        shapes.append(Shape((knee, ankle), calf, (0.04 * tall * wide, 0.026 * tall * wide)))
        shapes.append(Shape((ankle, toe), look.shoes, (0.026 * tall, 0.02 * tall)))
    if look.skirt:
        hem = 0.29 * tall
        wide_hem = 0.085 * tall * wide
        corners = ((-wide_hem, hem, 0.0), (wide_hem, hem, 0.0), (0.0, joints.hip, 0.0))
        shapes.append(Shape(corners, look.legs, (0.05 * tall, 0.05 * tall, 0.075 * tall * wide), layer=1))
    return shapes


def _arms(look: Look, joints: Pose) -> list[Shape]:
    tall, wide = look.height, look.build
    shapes = []
    for side in (0, 1):
        shoulder = ((2 * side - 1) * 0.115 * tall * wide, joints.hip + 0.295 * tall, 0.0)
        tone = shaded(look.top, 0.97 if side else 0.85)
        elbow, hand = joints.elbows[side], joints.hands[side]
        if look.umbrella and side:
            elbow = (shoulder[0] + 0.02, shoulder[1] - 0.12 * tall, 0.1 * tall)
            hand = (0.6 * shoulder[0], shoulder[1] - 0.02 * tall, 0.17 * tall)
        shapes.append(Shape((shoulder, elbow), tone, (0.036 * tall * wide, 0.029 * tall * wide), layer=1))
        shapes.append(Shape((elbow, hand), tone, (0.028 * tall * wide, 0.021 * tall), layer=1))
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
    tall = look.height
    size = 0.052 * tall + 0.012
    up = hip + 0.405 * tall
    neck = Shape(
        ((0.0, hip + 0.3 * tall, 0.0), (0.0, up - 0.03 * tall, 0.0)),
        shaded(look.skin, 0.85),
        (0.032 * tall,) * 2,
        layer=1,
    )
    face = Shape(
        ((0.0, up - 0.3 * size, 0.012), (0.0, up + 0.25 * size, 0.01)),
        look.skin,
        (0.82 * size, size),
        layer=2,
    )
    if look.head == "bald":
        return [neck, face]
    crown = (0.0, up + 0.5 * size, -0.25 * size)
    nape = (0.0, up - 0.05 * size, -0.5 * size)
    if look.head == "cap":
        peak = (0.0, up + 0.55 * size, 1.3 * size)
        cap = Shape(
            (crown, (0.0, up + 0.6 * size, 0.1 * size)), look.extra, (0.92 * size, 0.92 * size), layer=2
        )
        return [
            neck,
            face,
            cap,
            Shape((crown, peak), shaded(look.extra, 0.8), (0.5 * size, 0.28 * size), layer=2),
        ]
    colour = look.top if look.head == "hood" else look.hair
    hair = [Shape((crown, nape), colour, (1.02 * size, 0.9 * size), layer=2)]
    if look.head == "long":
        hair.append(
            Shape((nape, (0.0, up - 1.9 * size, -0.75 * size)), colour, (0.85 * size, 0.6 * size), layer=2)
        )
    return [neck, face, *hair]


def _belongings(look: Look, joints: Pose) -> list[Shape]:
    tall, hip = look.height, joints.hip
    shapes = []
    if look.bag == "rucksack":
        pack = ((0.0, hip + 0.25 * tall, -0.1 * tall), (0.0, hip + 0.1 * tall, -0.105 * tall))
        shapes.append(Shape(pack, look.extra, (0.07 * tall, 0.08 * tall), layer=1))
    elif look.bag == "shoulder":
        side = 0.15 * tall * look.build
        pouch = (
            (side, hip + 0.02 * tall, 0.04),
            (side, hip + 0.02 * tall, -0.08),
            (side, hip - 0.05 * tall, -0.02),
        )
        shapes.append(Shape(pouch, look.extra, (0.03 * tall,) * 3, layer=1))
    elif look.bag == "suitcase":
        x, _, z = joints.hands[0]
        case = ((x, 0.3, z - 0.35), (x, 0.12, z - 0.35), (x, 0.12, z - 0.2), (x, 0.42, z - 0.2))
        shapes.append(Shape(case, look.extra, (0.09,) * 4, layer=1))
    if look.umbrella:
        top = hip + 0.62 * tall
        rim = tuple(
            (0.05 + 0.5 * x, top - 0.2, 0.08 + 0.5 * z)
            for x, z in ((1, 0), (0.5, 0.87), (-0.5, 0.87), (-1, 0), (-0.5, -0.87), (0.5, -0.87))
        )
        shapes.append(
            Shape(
                ((0.05, hip + 0.28 * tall, 0.17 * tall), (0.05, top, 0.08)),
                (60, 60, 60),
                (0.012, 0.012),
                layer=1,
            )
        )
        shapes.append(Shape((*rim, (0.05, top, 0.08)), look.extra, (0.02,) * 7, layer=3))
    return shapes
