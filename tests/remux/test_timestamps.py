"""The times of a clip's packets: what a file can have, whatever a camera sends."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_app.core.packets import CodedPacket, CodedStream
from edge_app.remux.timestamps import CLOCK, Timestamps

FRAME = CLOCK // 25
STREAM = CodedStream(codec="h264")
PYRAMID = [0, 4, 2, 1, 3, 8, 6, 5, 7, 12, 10, 9, 11]  # in the order of decoding


def packet(pts: int | None, at_s: float) -> CodedPacket:
    coded = av.Packet(b"x")
    coded.time_base, coded.duration, coded.pts = Fraction(1, CLOCK), FRAME, pts
    return CodedPacket(stream=STREAM, packet=coded, wall=at_s, timeline_s=at_s)


def packets(shown: list[int | None]) -> list[CodedPacket]:
    return [packet(None if n is None else n * FRAME, index / 25) for index, n in enumerate(shown)]


def timed(found: list[CodedPacket], ahead: int = 25) -> list[tuple[int, int] | None]:
    times = Timestamps(found[:ahead])
    return [times.of(each) for each in found]


def test_pictures_without_reordering_are_shown_when_they_are_decoded():
    assert timed(packets([7, 8, 9])) == [(0, 0), (FRAME, FRAME), (2 * FRAME, 2 * FRAME)]


def test_b_frames_are_shown_in_their_order_and_decoded_before():
    times = timed(packets(list(PYRAMID)))
    first = times[0][0]
    assert [(shown - first) // FRAME for shown, _ in times] == PYRAMID
    assert [decoded for _, decoded in times] == [FRAME * n for n in range(len(PYRAMID))]
    assert all(shown >= decoded for shown, decoded in times)
    assert any(shown == decoded for shown, decoded in times)  # no later than is needed


def test_a_first_picture_without_a_time_is_the_one_before_the_others():
    times = timed(packets([None, 3, 1, 2, 6, 4, 5]))
    first = times[0][0]
    assert [(shown - first) // FRAME for shown, _ in times] == [0, 3, 1, 2, 6, 4, 5]


def test_what_is_shown_before_the_key_frame_is_left_out():
    assert [each is None for each in timed(packets([10, 8, 9, 13, 11, 12]))] == [False, True, True, False, False, False]


def test_without_any_time_that_of_the_capture_counts():
    times = timed(packets([None] * 5))
    assert [shown for shown, _ in times] == pytest.approx([0, FRAME, 2 * FRAME, 3 * FRAME, 4 * FRAME], abs=1)


@pytest.mark.parametrize("jump", [-1_000_000, 1_000_000])
def test_a_clock_that_jumps_goes_on_from_where_it_was(jump: int):
    times = timed(packets([0, 1, 2, 3 + jump, 4 + jump]))
    assert [shown for shown, _ in times] == pytest.approx([0, FRAME, 2 * FRAME, 3 * FRAME, 4 * FRAME], abs=1)


@given(st.lists(st.one_of(st.none(), st.integers(-(2**40), 2**40)), min_size=1, max_size=60), st.integers(1, 30))
def test_whatever_comes_the_times_fit_into_a_file(shown: list[int | None], ahead: int):
    found = [packet(pts, index / 25) for index, pts in enumerate(shown)]
    times = [each for each in timed(found, ahead) if each is not None]
    assert times[0][1] == 0
    assert all(shown >= decoded for shown, decoded in times)
    assert all(a < b for (_, a), (_, b) in pairwise(times))
