"""The rendered street: the same pixels everywhere, exact ground truth, and lively traffic."""

import hashlib
from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge_app.synthetic import CLASSES, LIGHTS, WEATHERS, Settings, Street
from edge_app.synthetic.actor_meshes import actor_mesh
from edge_app.synthetic.compositing import PlacedSprite, visible_part
from edge_app.synthetic.furniture import tree
from edge_app.synthetic.rng import KeyedRng
from edge_app.synthetic.shapes import Mesh
from edge_app.synthetic.traffic import Actor

PERSON, CAR, TRUCK, BICYCLE = range(4)


def digest(street, *indices):
    """A digest of the pixels and the ground truth of some frames."""
    found = hashlib.sha256()
    for index in indices:
        picture, truth = street.render(index)
        for array in (picture, truth.xyxy, truth.class_id, truth.visible, truth.track_id):
            found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()[:16]


class FixedTraffic:
    """Traffic that is only these actors."""

    def __init__(self, *actors):
        self.actors = actors

    def at(self, time):
        return iter(self.actors)


def street_with(*actors, shadows=True, **settings):
    """A street with only these actors and no fixtures."""
    street = Street(Settings(**settings))
    street._stationary, street._fixtures, street._traffic = [], [], FixedTraffic(*actors)
    if not shadows:
        place_actor = street._place_actor
        street._place_actor = lambda actor, corner: replace(place_actor(actor, corner), shadow=None)
    return street


def actor(class_id, x=0.0, z=20.0, heading=0.0, track_id=1, seed=5):
    return Actor(track_id, class_id, seed, x, z, heading, travelled=0.4)


# With OpenCV 5.0, the same on Python 3.10 with numpy 2.2, 3.11 with 2.4 and 3.13 with 2.5. OpenCV 4 warps and remaps
# differently, and among its own releases 4.11 changed fillPoly and 4.13 the resizing of floats.
DIGESTS = {
    ("day", "clear"): "b0f7f4f4394b2918",
    ("day", "rain"): "5a49d9702fea02fa",
    ("day", "noise"): "8f15a077f98d33d8",
    ("dusk", "clear"): "eeac67c88a5f595f",
    ("dusk", "rain"): "07e88d0d3d323ca4",
    ("dusk", "noise"): "e2c5c133b00d2342",
    ("night", "clear"): "ae31574b5f3ed3d5",
    ("night", "rain"): "d42f7fd04114a559",
    ("night", "noise"): "c1eda7a3d4d92237",
}


@pytest.mark.skipif(
    int(cv2.__version__.partition(".")[0]) < 5, reason="the digests are of OpenCV 5, whose warps are not OpenCV 4's"
)
@pytest.mark.parametrize(("light", "weather"), list(DIGESTS))
def test_the_same_seed_gives_the_same_pixels_everywhere(light, weather):
    street = Street(Settings(seed=7, width=320, height=192, light=light, weather=weather, shake=0.01))

    assert digest(street, 0, 333) == DIGESTS[light, weather]


def test_a_frame_does_not_depend_on_the_frames_rendered_before():
    settings = Settings(seed=3, width=320, height=192, weather="rain", shake=0.02)
    one, other = Street(settings), Street(settings)
    forwards = [digest(one, index) for index in (5, 60, 61, 400)]

    assert [digest(other, index) for index in (400, 61, 60, 5)] == forwards[::-1]


@pytest.mark.parametrize("shake", [0.0, 0.02])
def test_the_picture_alone_is_that_of_the_truth(shake):
    settings = Settings(seed=3, width=320, height=192, light="night", shake=shake)
    one, other = Street(settings), Street(settings)

    for index in (5, 6, 61, 5):
        np.testing.assert_array_equal(one.picture(index), other.render(index)[0])


@pytest.mark.parametrize("class_id", range(len(CLASSES)))
def test_every_colour_of_an_actor_has_a_label_in_a_byte(class_id):
    meshes = [actor_mesh(class_id, seed, 0, rain=True, lamps=True) for seed in range(200)]

    assert max(len(mesh.colours) for mesh in meshes) < 256
    for mesh in meshes[:20]:
        assert mesh.labels[0] == 1
        assert mesh.labels == sorted(set(mesh.labels))


def test_every_colour_of_a_fixture_has_a_label_in_a_byte():
    assert max(len(Mesh.from_shapes(tree(seed)).colours) for seed in range(50)) < 256


def test_different_seeds_are_different_streets():
    pictures = [Street(Settings(seed=seed, width=160, height=96)).render(0)[0] for seed in range(6)]

    differences = [cv2.absdiff(a, b).mean() for k, a in enumerate(pictures) for b in pictures[:k]]
    assert min(differences) > 8


def test_weather_and_light_change_the_picture_but_not_where_things_are():
    truths = {
        (light, weather): Street(Settings(seed=2, light=light, weather=weather)).render(250)[1]
        for light in LIGHTS
        for weather in ("clear", "noise")
    }

    first = truths["day", "clear"]
    assert len(first.track_id) > 3
    for truth in truths.values():
        assert truth.track_id.tolist() == first.track_id.tolist()
        assert truth.xyxy.tolist() == first.xyxy.tolist()


@pytest.mark.parametrize("heading", [0.0, 0.9, 1.6, 3.14, 4.4])
@pytest.mark.parametrize(("class_id", "z"), [(PERSON, 16), (PERSON, 40), (CAR, 18), (TRUCK, 24), (BICYCLE, 15)])
def test_a_box_is_tight_around_the_pixels_that_the_object_changes(class_id, z, heading):
    picture, truth = street_with(actor(class_id, z=z, heading=heading), seed=4, shadows=False).render(0)
    empty, nothing = street_with(seed=4).render(0)

    assert len(nothing.xyxy) == 0
    changed = (cv2.absdiff(picture, empty).max(axis=2) > 6).astype(np.uint8)
    x, y, width, height = cv2.boundingRect(changed)
    assert truth.class_id.tolist() == [class_id]
    assert truth.visible.tolist() == [1.0]
    # Where the object has the street's colour it changes nothing, and its rim is half transparent.
    np.testing.assert_allclose(truth.xyxy[0], (x, y, x + width, y + height), atol=2)


def test_the_shadow_is_drawn_but_is_no_part_of_the_box():
    person = actor(PERSON, z=14.0)
    shaded, with_shadow = street_with(person, seed=4).render(0)
    bare, without_shadow = street_with(person, seed=4, shadows=False).render(0)

    assert shaded.sum() < bare.sum()
    np.testing.assert_array_equal(with_shadow.xyxy, without_shadow.xyxy)


def test_who_stands_behind_another_is_less_visible_and_keeps_the_whole_box():
    behind = actor(PERSON, z=24.0, track_id=1)
    alone = street_with(behind, seed=4).render(0)[1]
    both = street_with(behind, actor(CAR, z=21.0, heading=1.57, track_id=2), seed=4).render(0)[1]

    assert alone.visible.tolist() == [1.0]
    assert both.track_id.tolist() == [1, 2]  # the farthest first
    assert 0.1 < both.visible[0] < 0.9
    assert both.visible[1] == 1.0
    np.testing.assert_array_equal(both.xyxy[0], alone.xyxy[0])


def test_the_nearer_object_is_painted_over_the_farther():
    car = actor(CAR, z=21.0, heading=1.57, track_id=2)
    both, truth = street_with(actor(PERSON, z=24.0), car, seed=4, shadows=False).render(0)
    alone, _ = street_with(car, seed=4, shadows=False).render(0)

    x0, y0, x1, y1 = truth.xyxy[1].astype(int)
    middle = (slice((y0 + y1) // 2, y1 - 8), slice((3 * x0 + x1) // 4, (x0 + 3 * x1) // 4))
    np.testing.assert_array_equal(both[middle], alone[middle])


def square(left, top, size=8):
    """A sprite of an opaque square."""
    return PlacedSprite(np.full((size, size, 4), 255, np.uint8), left, top)


@pytest.mark.parametrize(
    ("left", "top", "box", "visible"),
    [
        pytest.param(20, 10, (20, 10, 28, 18), 1.0, id="all of it"),
        pytest.param(-4, 10, (0, 10, 4, 18), 0.5, id="cut off at the left"),
        pytest.param(36, 26, (36, 26, 40, 30), 0.25, id="cut off at the corner"),
    ],
)
def test_what_is_outside_the_picture_counts_as_not_visible(left, top, box, visible):
    unoccluded = np.full((30, 40), 255, np.uint8)

    assert visible_part(square(left, top), unoccluded) == (box, visible)


def test_the_visible_part_is_counted_in_pixels():
    unoccluded = np.full((30, 40), 255, np.uint8)

    assert visible_part(square(10, 10), unoccluded) == ((10, 10, 18, 18), 1.0)
    assert visible_part(square(12, 10), unoccluded) == ((12, 10, 20, 18), 0.25)
    assert visible_part(square(10, 10), unoccluded) == ((10, 10, 18, 18), 0.0)
    assert visible_part(square(50, 10), unoccluded) is None


def test_what_is_less_than_half_opaque_is_no_part_of_the_silhouette():
    sprite = square(10, 10)
    sprite.pixels[:2, :, 3] = 120
    sprite.pixels[2:4, :, 3] = 130

    assert visible_part(sprite, np.full((30, 40), 255, np.uint8)) == ((10, 12, 18, 18), 1.0)


def test_a_near_house_hides_who_walks_behind_it():
    street = Street(Settings(seed=9))
    house = next(drawable for drawable in street._fixtures if drawable.position is None)
    camera, forward = street._camera, 1.15 * house.distance
    right = (house.sprite.left + house.sprite.pixels.shape[1] / 2 - camera.centre_x) / camera.focal * forward
    sin, cos = np.sin(camera.yaw), np.cos(camera.yaw)
    walker = actor(PERSON, x=right * cos + forward * sin, z=forward * cos - right * sin)
    street._stationary, street._traffic = [], FixedTraffic(walker)
    hidden, truth = street.render(0)
    street._traffic = FixedTraffic()
    empty, _ = street.render(0)

    assert truth.visible.tolist() == [0.0]
    x0, y0, x1, y1 = truth.xyxy[0].astype(int)
    np.testing.assert_array_equal(hidden[y0:y1, x0:x1], empty[y0:y1, x0:x1])


def test_boxes_lie_inside_the_picture_and_have_an_area():
    for seed in range(6):
        street = Street(Settings(seed=seed, shake=0.02))
        for index in range(0, 600, 60):
            picture, truth = street.render(index)
            assert picture.shape == (360, 640, 3)
            assert picture.dtype == np.uint8
            assert (truth.xyxy[:, :2] >= 0).all()
            assert (truth.xyxy[:, 2:] <= (640, 360)).all()
            assert (truth.xyxy[:, 2:] > truth.xyxy[:, :2]).all()
            assert ((truth.visible >= 0) & (truth.visible <= 1)).all()
            assert len(set(truth.track_id.tolist())) == len(truth.track_id)


def test_truth_has_the_promised_types():
    _, truth = Street(Settings(seed=1)).render(0)

    n = len(truth.class_id)
    shapes = [array.shape for array in (truth.xyxy, truth.class_id, truth.visible, truth.track_id)]
    dtypes = [array.dtype for array in (truth.xyxy, truth.class_id, truth.visible, truth.track_id)]
    assert shapes == [(n, 4), (n,), (n,), (n,)]
    assert dtypes == [np.float32, np.int32, np.float32, np.int64]


def test_an_object_keeps_its_id_and_class_and_moves_smoothly():
    street = Street(Settings(seed=5))
    last, moves, shared = {}, [], 0
    for index in range(500, 600):
        _, truth = street.render(index)
        rows = zip(truth.track_id.tolist(), truth.class_id.tolist(), truth.xyxy, truth.visible, strict=True)
        now = {track: (class_id, box) for track, class_id, box, visible in rows if visible > 0.99}
        for track in now.keys() & last.keys():
            assert now[track][0] == last[track][0]
            foot = [(box[0] + box[2]) / 2 for box in (now[track][1], last[track][1])]
            moves.append(abs(foot[0] - foot[1]))
            shared += 1
        last = now
    assert shared > 300
    assert max(moves) < 25  # px a frame
    assert np.median(moves) < 3


def test_every_class_appears_within_a_minute_and_the_street_is_not_empty_for_long():
    for seed in range(5):
        street = Street(Settings(seed=seed, width=160, height=96))
        truths = [street.render(index)[1] for index in range(0, 1500, 25)]
        found = {class_id for truth in truths for class_id in truth.class_id.tolist()}
        counts = [int((truth.visible > 0.3).sum()) for truth in truths]

        assert found == set(range(len(CLASSES)))
        assert 2 <= np.median(counts) <= 14
        assert all(max(counts[k : k + 5]) > 0 for k in range(len(counts) - 5))


def test_objects_are_from_a_few_pixels_to_half_the_picture_high():
    heights = []
    for seed in range(8):
        street = Street(Settings(seed=seed))
        for index in range(0, 1500, 300):
            _, truth = street.render(index)
            heights += (truth.xyxy[:, 3] - truth.xyxy[:, 1])[truth.visible > 0.9].tolist()

    assert 6 <= min(heights) <= 20
    assert 100 <= max(heights) <= 0.65 * 360


def test_it_works_a_million_frames_later():
    street = Street(Settings(seed=6, width=160, height=96))

    _, late = street.render(5_000_000)

    assert len(late.track_id) > 0
    assert late.track_id.min() > 0


@pytest.mark.parametrize("seed", [0, 3, 4])
def test_night_is_darker_than_dusk_and_dusk_than_day(seed):
    day, dusk, night = (np.median(Street(Settings(seed=seed, light=light)).render(0)[0]) for light in LIGHTS)

    assert day > 1.2 * dusk
    assert dusk > 1.2 * night


def test_rain_falls_anew_each_frame_and_noise_leaves_the_mean():
    clear, rain, noise = (Street(Settings(seed=1, weather=weather)) for weather in WEATHERS)
    dry = [cv2.absdiff(clear.render(k)[0], clear.render(k + 1)[0]).mean() for k in (0, 1)]
    wet = [cv2.absdiff(rain.render(k)[0], rain.render(k + 1)[0]).mean() for k in (0, 1)]

    assert min(wet) > 3 * max(dry)
    assert abs(noise.render(0)[0].mean() - clear.render(0)[0].mean()) < 1.5
    assert cv2.absdiff(noise.render(0)[0], clear.render(0)[0]).mean() > 2


def test_a_shaking_camera_moves_the_whole_picture_and_no_farther_than_asked():
    still, shaken = street_with(seed=1), street_with(seed=1, shake=0.02)
    centre = still.render(0)[0][60:300, 60:580]
    shifts = []
    for index in range(12):
        score = cv2.matchTemplate(shaken.render(index)[0], centre, cv2.TM_SQDIFF)
        _, _, (x, y), _ = cv2.minMaxLoc(score)
        shifts.append((x - 60, y - 60))

    assert len(set(shifts)) > 4
    assert np.abs(shifts).max() <= 0.02 * 640 + 1


@pytest.mark.parametrize(("width", "height"), [(64, 64), (320, 192), (333, 201), (200, 480), (1280, 720)])
def test_any_size_works(width, height):
    settings = Settings(seed=2, width=width, height=height, light="night", weather="rain")
    picture, truth = Street(settings).render(9)

    assert picture.shape == (height, width, 3)
    assert (truth.xyxy[:, 2:] <= (width, height)).all()


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("light", "noon", "light must be one of day, dusk, night, got 'noon'"),
        ("weather", "snow", "weather must be one of clear, rain, noise, got 'snow'"),
        ("width", 63, "width must be 64 to 8192 px, got 63"),
        ("height", 0, "height must be 64 to 8192 px, got 0"),
        ("fps", 0.0, "fps must be above 0"),
        ("fps", float("nan"), "fps must be above 0"),
        ("shake", 0.5, "shake must be 0 to 0.02, got 0.5"),
        ("seed", -1, "seed must be 0 or more, got -1"),
    ],
)
def test_a_bad_setting_is_named_with_the_choices(field, value, says):
    with pytest.raises(ValueError, match=says):
        Settings(**{field: value})


def test_random_numbers_are_even_and_repeatable():
    numbers = [KeyedRng(1, k).random() for k in range(4000)]

    assert numbers == [KeyedRng(1, k).random() for k in range(4000)]
    assert np.histogram(numbers, 10, (0, 1))[0].min() > 320
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.05
