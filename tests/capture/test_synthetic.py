"""The rendered street as a camera."""

from __future__ import annotations

import numpy as np
import pytest

from edge_app.capture import open_source, probe_source
from edge_app.core.errors import ConfigError, Reason
from edge_app.synthetic import Settings, Street
from tests.capture.conftest import Rig, camera_config
from tests.waiting import PATIENCE_S


def test_the_live_street_keeps_its_own_pace(rig: Rig):
    source = rig.add("synthetic://street?seed=3&fps=20&size=128x96", stall_timeout_s=PATIENCE_S)
    assert source.live
    rig.until(rig.more(1))
    took = rig.until(lambda: rig.pending[-1].meta.index > 30)
    assert took < 30 / 20 * 1.5
    first, last = rig.pending[0], rig.pending[-1]
    assert last.meta.time.mono - first.meta.time.mono > (last.meta.index - first.meta.index) / 20 * 0.8
    assert {frame.meta.time.source for frame in rig.pending} == {"arrival"}
    assert rig.end() < 1


def test_a_finite_street_gives_exactly_its_frames(rig: Rig):
    rig.add("synthetic://street?seed=3&fps=10&size=128x96&light=night&weather=rain&shake=0.005&frames=7")
    rig.until(lambda: rig.inbox.exhausted)
    assert [frame.meta.index for frame in rig.pending] == list(range(7))
    assert np.diff([frame.meta.time.wall for frame in rig.pending]) == pytest.approx([0.1] * 6, abs=1e-3)
    street = Street(Settings(seed=3, width=128, height=96, fps=10, light="night", weather="rain", shake=0.005))
    for index, frame in enumerate(rig.pending):
        np.testing.assert_array_equal(frame.convert().bgr, street.render(index)[0])
    assert rig.is_down(Reason.ENDED)


def test_the_street_is_640_by_360_unless_told_otherwise():
    found = probe_source(open_source(camera_config("synthetic://street")), timeout_s=PATIENCE_S)
    assert (found.width, found.height, found.fps, found.codec) == (640, 360, 25.0, "raw")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        pytest.param("street?sed=3", "no parameter 'sed'; did you mean seed", id="unknown"),
        pytest.param("street?seed=x", "seed: want a whole number, got 'x'", id="no number"),
        pytest.param("street?size=640", "size: want WIDTHxHEIGHT", id="size"),
        pytest.param("street?fps=0", "fps", id="out of range"),
        pytest.param("street?light=noon", "light", id="no such light"),
        pytest.param("street?frames=0", "frames: want at least 1", id="no frames"),
        pytest.param("street?seed=1&seed=2", "seed is given twice", id="twice"),
        pytest.param("garden", "one scene, synthetic://street", id="scene"),
    ],
)
def test_a_mistake_in_the_query_names_the_parameter(query: str, message: str):
    camera = camera_config("synthetic://street").model_copy(update={"url": f"synthetic://{query}"})
    with pytest.raises(ConfigError, match=message):
        open_source(camera)
