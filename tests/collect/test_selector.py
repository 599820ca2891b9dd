"""Which frames are selected."""

from __future__ import annotations

import numpy as np
import pytest

from edge_app.collect import FrameSelector, thumbnail
from edge_app.core.frames import Picture
from edge_app.synthetic import Settings, Street
from tests.frames import frame as made


def frame(pixels, at, camera="gate"):
    return made(Picture.from_bgr(pixels), camera, live=False, queued_mono=at, wall=at, mono=at, source="file")


def plain(level):
    return np.full((90, 160, 3), level, np.uint8)


def chosen(frames, every_s, kept=()):
    """Capture times of the selected frames, all of which are kept, and the number of unchanged intervals."""
    selector, times = FrameSelector(kept, every_s), []

    def keep(candidate):
        selector.keep(candidate)
        times.append(candidate.frame.meta.time.wall)

    for each in frames:
        if (candidate := selector.offer(each)) is not None:
            keep(candidate)
    for candidate in selector.flush():
        keep(candidate)
    return times, selector.unchanged


def test_the_most_novel_frame_of_each_interval_is_kept():
    levels = [100, 130, 110, 100, 105, 200, 150, 130]  # four frames an interval
    frames = [frame(plain(level), float(at)) for at, level in enumerate(levels)]
    assert chosen(frames, 4.0, kept=[thumbnail(plain(100))]) == ([1.0, 5.0], 0)


def test_kept_frames_are_at_least_half_an_interval_apart():
    rng = np.random.default_rng(2)
    frames = [frame(plain(int(level)), at / 10) for at, level in enumerate(rng.integers(0, 255, 500))]
    times, unchanged = chosen(frames, 2.0)
    assert np.diff(times).min() >= 0.999
    assert len(times) + unchanged == 25


def test_a_scene_that_does_not_change_is_kept_once_despite_sensor_noise():
    still, rng = Street(Settings(seed=3, light="night")).render(0)[0].astype(float), np.random.default_rng(1)
    noisy = [np.clip(still + rng.normal(0, 12, still.shape), 0, 255).astype(np.uint8) for _ in range(12)]
    times, unchanged = chosen([frame(pixels, float(at)) for at, pixels in enumerate(noisy)], 2.0)
    assert (len(times), unchanged) == (1, 5)


def test_a_person_who_walks_into_a_scene_is_novel():
    street = plain(110)
    visited = street.copy()
    visited[30:60, 70:82] = 40  # 2.5 % of the picture
    assert len(chosen([frame(street, 0.0), frame(visited, 10.0)], 5.0)[0]) == 2


def test_a_change_of_light_is_novel():
    times, _ = chosen([frame(plain(level), 10.0 * at) for at, level in enumerate((80, 81, 90, 91, 80))], 5.0)
    assert times == [0.0, 20.0]


def test_what_another_camera_has_shown_is_not_kept_again():
    frames = [frame(plain(80), 0.0, "a"), frame(plain(81), 0.0, "b"), frame(plain(140), 0.0, "c")]
    assert len(chosen(frames, 5.0)[0]) == 2


def test_a_clock_that_is_set_back_starts_a_new_interval():
    frames = [frame(plain(80), 1000.0), frame(plain(120), 10.0), frame(plain(160), 13.0)]
    assert chosen(frames, 5.0)[0] == [1000.0, 13.0]


def test_frames_that_are_slightly_out_of_order_end_no_interval():
    times = [0.1, 0.4, 0.3, 0.5, 0.2, 10.0, 9.9, 10.3]
    frames = [frame(plain(20 * n), at) for n, at in enumerate(times)]
    assert chosen(frames, 6.0)[0] == [0.1, 10.3]


@pytest.mark.parametrize("every_s", [0.0, 1.0])
def test_each_camera_has_its_own_intervals(every_s):
    frames = [
        frame(plain(20 * n + (10 if camera == "b" else 0)), float(n), camera) for n in range(5) for camera in "ab"
    ]
    assert len(chosen(frames, every_s)[0]) == 10
