"""Playlists: a server's are refused before anything of theirs is fetched, a file's is read to its end."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from edge_app.capture import open_source, probe_source
from edge_app.core.errors import Reason, StreamError
from tests.capture.conftest import camera_config
from tests.waiting import PATIENCE_S
from tests.web.fixtures import StartMirror

LIST = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:2.0,\nclip.ts\n"
MASTER = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000000,RESOLUTION=320x240\nlist.m3u8\n"
MPD = (
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="dynamic"'
    ' profiles="urn:mpeg:dash:profile:isoff-live:2011"><Period><AdaptationSet mimeType="video/mp4">'
    '<Representation id="0" bandwidth="1000"><BaseURL>clip.ts</BaseURL></Representation></AdaptationSet></Period></MPD>'
)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("live.m3u8", LIST),
        ("vod.m3u8", LIST + "#EXT-X-ENDLIST\n"),
        ("master.m3u8", MASTER),
        ("live.mpd", MPD),
        ("odd.m3u8", "#EXTM3U\nclip.ts\n"),
        ("odd.mpd", "<MPD/>" * 99),
    ],
)
def test_a_playlist_is_refused_and_nothing_of_it_is_fetched(mirror: StartMirror, clip_ts: Path, path: str, text: str):
    server = mirror({f"/{path}": text.encode(), "/clip.ts": clip_ts.read_bytes()})
    with pytest.raises(StreamError, match=r"playlist \(HLS, DASH\).*give the camera's RTSP or MJPEG URL") as caught:
        probe_source(open_source(camera_config(f"{server.url}/{path}")), timeout_s=PATIENCE_S)
    assert caught.value.reason is Reason.CODEC
    assert {asked for _, asked, _ in server.requests} == {f"/{path}"}


@pytest.mark.parametrize("end", ["#EXT-X-ENDLIST\n", ""], ids=["with an end", "without"])
def test_a_playlist_file_is_read_to_the_end_of_what_it_lists(tmp_path: Path, clip_ts: Path, end: str):
    (tmp_path / "clip.ts").write_bytes(clip_ts.read_bytes())
    playlist = tmp_path / "list.m3u8"
    playlist.write_text(LIST + end)
    with open_source(camera_config(str(playlist))).open(threading.Event()) as frames:
        assert len(list(frames)) == 50
