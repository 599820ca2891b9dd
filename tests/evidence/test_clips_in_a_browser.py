"""Clips as people see them: in Chromium, over the program's own HTTP side, played to the end and jumped in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge_app.evidence import EvidenceReader
from tests.evidence.filming import Filming
from tests.evidence.films import Films
from tests.evidence.test_store import document, opened
from tests.rtsp.fixtures import StartServer
from tests.waiting import PATIENCE_S
from tests.web.served import Serve, view

# Plays what is at that address from its beginning and, after a jump, its end; how it went.
PLAY = """async (address) => {
  const video = document.createElement("video");
  const happens = (name) => new Promise((done, failed) => {
    video.addEventListener(name, done, {once: true});
    video.addEventListener("error", () => failed(video.error.message), {once: true});
  });
  video.muted = true;
  document.body.append(video);
  let ready = happens("canplaythrough");
  video.src = address;
  await ready;
  video.playbackRate = 4;
  let ended = happens("ended");
  await video.play();
  await ended;
  const played = video.played;
  const found = {width: video.videoWidth, height: video.videoHeight, duration: video.duration,
    gap: played.start(0) + video.duration - played.end(played.length - 1), pieces: played.length,
    broken: video.getVideoPlaybackQuality().corruptedVideoFrames};
  let sought = happens("seeked");
  video.currentTime = video.duration / 2;
  await sought;
  ended = happens("ended");
  await video.play();
  await ended;
  return found;
}"""


@pytest.mark.parametrize(
    ("codec", "gop_s", "rotate"), [("h264", 1, 0), ("h264", 4, 0), ("h264 with B-frames", 1, 0), ("h264", 1, 90)]
)
def test_a_clip_plays_to_its_end_and_from_its_middle(
    chromium: Any, filming: Filming, rtsp_server: StartServer, films: Films, serve: Serve, tmp_path: Path,
    codec: str, gop_s: int, rotate: int,
) -> None:  # fmt: skip
    filming.add(rtsp_server(films(codec, gop_s)).url, rotate=rotate)
    filming.see(gop_s + 2.5)
    order = filming.order()
    draft = filming.made(order)
    store = opened(tmp_path, max_mb=2 * filming.drafts.most / 1e6, drafts=filming.drafts)
    store.add(document(order.event_id, "cross", clip=order.name))
    store.adopt(order.name, draft)
    store.commit()
    store.close()
    served = serve(view(evidence=lambda: EvidenceReader(tmp_path)))
    page = chromium.new_context().new_page()
    page.set_default_timeout(1000 * PATIENCE_S)
    page.goto(f"http://127.0.0.1:{served.config.port}/", wait_until="domcontentloaded")
    found = page.evaluate(PLAY, f"/api/v1/events/{order.event_id}/clip.mp4")
    page.context.close()
    assert (found["width"], found["height"]) == ((120, 160) if rotate else (160, 120))
    assert 4 <= found["duration"] < 4 + gop_s + 1.5
    assert found["pieces"] == 1
    assert found["gap"] < 0.1
    assert found["broken"] == 0
