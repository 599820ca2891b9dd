"""What nobody is to see in pictures."""

from __future__ import annotations

import numpy as np
import pytest

from edge_app.evidence import PrivacyMask, PrivacyMasks

LEFT = [[0, 0], [0.3, 0], [0.3, 1], [0, 1]]
MIDDLE = [[0.3, 0.2], [0.6, 0.3], [0.5, 0.7], [0.35, 0.6]]


def noise(seed: int, height: int = 120, width: int = 160) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("areas", [[LEFT], [MIDDLE], [LEFT, MIDDLE], [LEFT, [[0, 0], [1, 0], [1, 1], [0, 1]]]])
def test_nothing_of_what_is_covered_is_left_not_even_an_average(areas):
    mask, pixels = PrivacyMask(areas), noise(1)
    hidden = mask.hide(pixels)
    covered = (mask.hide(np.zeros_like(pixels)) != pixels).any(axis=2) & (hidden != pixels).any(axis=2)
    assert covered.mean() > 0.02
    other = np.where(covered[..., None], 255 - pixels, pixels)  # another picture under the same areas
    assert (mask.hide(other) == hidden).all()


def test_what_is_not_covered_stays_as_it_is_and_the_picture_itself_is_not_changed():
    pixels = noise(2)
    before = pixels.copy()
    hidden = PrivacyMask([LEFT]).hide(pixels)
    assert (hidden[:, 60:] == pixels[:, 60:]).all()
    assert (hidden[:, :48] == hidden[0, 0]).all()
    assert (pixels == before).all()


def test_an_area_has_the_colour_of_what_is_around_it():
    pixels = np.full((120, 160, 3), (10, 200, 30), np.uint8)
    pixels[45:60, 65:80] = (255, 0, 255)
    assert (PrivacyMask([MIDDLE]).hide(pixels) == (10, 200, 30)).all()


def test_an_area_covers_the_same_share_of_pictures_of_any_size():
    mask = PrivacyMask([LEFT])
    for height, width in ((120, 160), (1080, 1920), (2, 3)):
        hidden = mask.hide(noise(3, height, width))
        assert (hidden[:, : int(width * 0.3)] == hidden[0, 0]).all()


def test_without_areas_a_picture_is_not_copied():
    pixels = noise(4)
    assert PrivacyMask([]).hide(pixels) is pixels
    assert PrivacyMasks().hide("gate", pixels) is pixels


def test_areas_of_a_camera_change_from_one_picture_to_the_next():
    masks, pixels = PrivacyMasks({"gate": [LEFT], "yard": []}), noise(5)
    assert masks.of("gate")
    assert masks.hide("yard", pixels) is pixels
    masks.use({"yard": [LEFT]})
    assert masks.hide("gate", pixels) is pixels
    assert (masks.hide("yard", pixels) != pixels).any()
