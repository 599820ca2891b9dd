"""How many cameras each box should have."""

from __future__ import annotations

from collections.abc import Mapping


def shares(capacities: Mapping[str, int], cameras: int) -> dict[str, int]:
    """So many of the cameras for each box, whole: in proportion to its capacity, and never more.

    The largest remainders are rounded up (Hamilton's method), by name where they are equal. Cameras that nobody has
    room for are nobody's.

    >>> shares({"a": 16, "b": 16, "c": 16}, 7)
    {'a': 3, 'b': 2, 'c': 2}
    >>> shares({"a": 4, "b": 16}, 6)
    {'a': 1, 'b': 5}
    >>> shares({"a": 1, "b": 2}, 6)
    {'a': 1, 'b': 2}
    """
    room = sum(capacities.values())
    if cameras >= room:
        return dict(capacities)
    exact = {name: capacity * cameras / room for name, capacity in capacities.items()}
    whole = {name: int(share) for name, share in exact.items()}
    left = cameras - sum(whole.values())
    for name in sorted(exact, key=lambda name: (whole[name] - exact[name], name))[:left]:
        whole[name] += 1
    return whole
