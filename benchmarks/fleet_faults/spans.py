"""Arithmetic of spans of time: lists of (begin, end) [s], in order, none of which overlap."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

Span = tuple[float, float]


def union(*lists: Iterable[Span]) -> list[Span]:
    """The time that is in any of the lists.

    >>> union([(0, 2), (5, 6)], [(1, 3)])
    [(0, 3), (5, 6)]
    """
    found: list[Span] = []
    for begin, end in sorted(span for spans in lists for span in spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


def minus(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """The time that is in the first list and not in the second.

    >>> minus([(0, 10)], [(2, 3), (9, 12)])
    [(0, 2), (3, 9)]
    """
    left, taken = [], union(others)
    for begin, end in spans:
        for away, back in taken:
            if back > begin and away < end:
                if away > begin:
                    left.append((begin, away))
                begin = max(begin, back)
        if begin < end:
            left.append((begin, end))
    return left


def common(first: Iterable[Span], second: Iterable[Span]) -> list[Span]:
    """The time that is in both lists.

    >>> common([(0, 2), (5, 9)], [(1, 6)])
    [(1, 2), (5, 6)]
    """
    first = list(first)
    return minus(first, minus(first, second))


def twice(lists: Iterable[Iterable[Span]]) -> list[Span]:
    """The time that is in more than one of the lists.

    >>> twice([[(0, 4)], [(3, 6)], [(5, 7)]])
    [(3, 4), (5, 6)]
    """
    return union(*(common(first, second) for first, second in combinations(lists, 2)))


def longest(spans: Iterable[Span]) -> float:
    """How long the longest of them is; 0 without any."""
    return max((end - begin for begin, end in spans), default=0.0)


def total(spans: Iterable[Span]) -> float:
    """How long they are together."""
    return sum(end - begin for begin, end in spans)
