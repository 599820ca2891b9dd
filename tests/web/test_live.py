"""Live views: what they show, to whom, and that one who is slow costs nobody else anything."""

from __future__ import annotations

import io
import itertools
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from edge_app.web.live.cameras import MOST_VIEWERS
from edge_app.web.live.pictures import MOST_PER_S, MOST_WIDTH
from edge_app.web.live.wire import Holds
from tests.rtsp.clips import write_clip
from tests.waiting import until
from tests.web.served import Serve, Served, view
from tests.web.watched import FPS, PlayedCamera
from tests.web.websocket import Binary, Client

LIVE = "/api/v1/cameras/gate/live"
TOKEN, READ = "write-0123456789abcdef", "read-0123456789abcdef"
GOP = 25


@pytest.fixture
def camera(clip: Path) -> PlayedCamera:
    return PlayedCamera(clip)


@pytest.fixture
def served(serve: Serve, camera: PlayedCamera) -> Served:
    return serve(view(camera=lambda name: camera.view if name == "gate" else None))


@pytest.fixture
def look(served: Served) -> Iterator[object]:
    """Opens live views: `look("?format=jpeg")`; all are closed at the end."""
    opened: list[Client] = []

    def start(query: str = "", **headers: str) -> Client:
        opened.append(Client(served.config.port, LIVE + query, **headers))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def decoded(client: Client, fragments: int, head: bytes | None = None) -> list[np.ndarray]:
    """The pictures of the next so many fragments."""
    content = head if head is not None else client.binary(Holds.HEAD).content
    found = b"".join(client.binary(Holds.FRAGMENT).content for _ in range(fragments))
    with av.open(io.BytesIO(content + found)) as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


def test_nobody_looks_and_nothing_is_done(camera: PlayedCamera, look) -> None:
    assert not camera.is_watched
    client = look()
    until(lambda: camera.is_watched)
    camera.send(GOP)
    assert decoded(client, 3)
    client.close()
    until(lambda: not camera.is_watched)


def test_a_snapshot_subscribes_for_one_frame(served: Served, camera: PlayedCamera) -> None:
    answers: list[object] = []
    asking = threading.Thread(target=lambda: answers.append(served.ask("/api/v1/cameras/gate/snapshot.jpg?width=80")))
    asking.start()
    until(lambda: camera.is_watched)
    camera.show(np.full((90, 160, 3), 90, np.uint8))
    asking.join()
    (answer,) = answers
    assert (answer.status, answer.headers["content-type"]) == (200, "image/jpeg")
    picture = cv2.imdecode(np.frombuffer(answer.body, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (45, 80, 3)
    assert abs(float(picture.mean()) - 90) < 2
    until(lambda: not camera.is_watched)


def test_a_snapshot_that_was_asked_for_before_an_area_became_private_does_not_show_it(
    served: Served, camera: PlayedCamera
) -> None:
    answers: list[object] = []
    asking = threading.Thread(target=lambda: answers.append(served.ask("/api/v1/cameras/gate/snapshot.jpg")))
    asking.start()
    until(lambda: camera.is_watched)
    camera.change(as_it_is=False, hide=lambda pixels: np.full_like(pixels, 200))
    camera.show(np.full((90, 160, 3), 90, np.uint8))
    asking.join()
    (answer,) = answers
    picture = cv2.imdecode(np.frombuffer(answer.body, np.uint8), cv2.IMREAD_COLOR)
    assert abs(float(picture.mean()) - 200) < 2


def test_the_camera_s_own_video_plays_from_a_key_frame(camera: PlayedCamera, look) -> None:
    client = look()
    until(lambda: camera.is_watched)
    camera.send(GOP - 5)  # from the first key frame on, as a clip begins with one
    told = client.next()
    assert told["kind"] == "video"
    assert told["codec"].startswith("avc1.")
    pictures = decoded(client, 10)
    assert len(pictures) == 10
    assert pictures[0].shape == (240, 320)
    assert float(abs(pictures[0].astype(int) - pictures[9]).mean()) > 1  # it moves


def test_who_comes_later_begins_with_the_newest_key_frame(camera: PlayedCamera, look) -> None:
    first = look()
    until(lambda: camera.is_watched)
    camera.send(GOP + 5)
    assert decoded(first, GOP + 5)
    second = look()
    head = second.binary(Holds.HEAD).content
    fragment = second.binary(Holds.FRAGMENT)
    assert fragment.captured == pytest.approx(camera.wall + GOP / FPS)
    camera.send(3)
    assert len(decoded(second, 7, head + fragment.content)) == 8


def test_each_picture_says_when_it_was_captured(camera: PlayedCamera, look) -> None:
    client = look()
    until(lambda: camera.is_watched)
    camera.send(10)
    found = [client.binary(Holds.FRAGMENT) for _ in range(10)]
    assert [each.captured for each in found] == pytest.approx([camera.wall + n / FPS for n in range(10)])
    assert [each.shown_s for each in found] == pytest.approx([n / FPS for n in range(10)])
    assert abs(found[0].made - time.time()) < 60


def test_what_was_found_is_told_beside_the_pictures(camera: PlayedCamera, look) -> None:
    client = look()
    until(lambda: camera.is_watched)
    wall = camera.show(boxes=2)
    told = next(message for message in client.messages() if isinstance(message, dict))
    assert told["captured"] == pytest.approx(wall)
    assert (told["width"], told["height"]) == (160, 90)
    assert told["objects"][1] == {
        "label": "person", "score": 0.88, "box": [10, 20, 30, 40], "track": 2, "zones": ["door"],
    }  # fmt: skip


def test_until_a_key_frame_comes_there_are_pictures(camera: PlayedCamera, look) -> None:
    camera.send(3)  # the key frame went to nobody
    client = look()
    until(lambda: camera.is_watched)
    wall = camera.show(np.full((90, 160, 3), 90, np.uint8))
    picture = client.binary(Holds.PICTURE)
    assert picture.captured == pytest.approx(wall)
    camera.send(2 * GOP)
    assert client.binary(Holds.FRAGMENT)
    camera.show()
    camera.send(2)
    kinds = [client.next() for _ in range(6)]
    assert not any(isinstance(each, Binary) and each.kind == Holds.PICTURE for each in kinds)


def test_pictures_on_demand_are_ten_a_second_and_no_wider_than_needed(camera: PlayedCamera, look) -> None:
    client = look("?format=jpeg")
    until(lambda: camera.is_watched)
    shown = np.zeros((900, 1600, 3), np.uint8)
    captured: list[float] = []
    while len(captured) < 6:
        for _ in range(3):  # one of them at least passes, of 25 a second
            camera.show(shown)
        picture = client.binary(Holds.PICTURE)
        captured.append(picture.captured)
    image = cv2.imdecode(np.frombuffer(picture.content, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (720, MOST_WIDTH, 3)
    assert min(b - a for a, b in itertools.pairwise(captured)) > 0.75 / MOST_PER_S
    camera.send(GOP + 6)
    camera.show(shown)
    camera.show(shown)
    camera.show(shown)
    kinds = {client.binary(Holds.PICTURE).kind}
    assert kinds == {Holds.PICTURE}


def test_where_something_is_hidden_no_packet_of_the_camera_s_leaves(camera: PlayedCamera, look) -> None:
    camera.change(as_it_is=False, hide=lambda pixels: np.full_like(pixels, 200))
    client = look()
    until(lambda: camera.is_watched)
    camera.send(2 * GOP)
    camera.show()
    message = next(each for each in client.messages() if isinstance(each, Binary))
    assert message.kind == Holds.PICTURE
    picture = cv2.imdecode(np.frombuffer(message.content, np.uint8), cv2.IMREAD_COLOR)
    assert abs(float(picture.mean()) - 200) < 2


def test_an_area_that_is_hidden_from_now_on_ends_the_video(camera: PlayedCamera, look) -> None:
    client = look()
    until(lambda: camera.is_watched)
    camera.send(10)
    assert client.binary(Holds.FRAGMENT)
    camera.change(as_it_is=False, hide=lambda pixels: np.full_like(pixels, 200))
    camera.send(GOP)
    until(lambda: _subscribed_to_frames(camera))
    camera.show()
    camera.send(GOP)
    assert client.binary(Holds.PICTURE)


def test_who_comes_after_an_area_is_hidden_sees_nothing_of_before(camera: PlayedCamera, look) -> None:
    first = look()
    until(lambda: camera.is_watched)
    camera.send(10)
    assert first.binary(Holds.FRAGMENT)
    camera.change(as_it_is=False, hide=lambda pixels: np.full_like(pixels, 200))
    second = look()  # no packet has come since
    until(lambda: _subscribed_to_frames(camera))
    camera.show()
    message = next(each for each in second.messages() if isinstance(each, Binary))
    assert message.kind == Holds.PICTURE


def _subscribed_to_frames(camera: PlayedCamera) -> bool:
    return any(each.on_frame is not None for each in camera.view.frames._subscriptions)


def test_a_camera_that_comes_back_is_another_video(camera: PlayedCamera, look) -> None:
    client = look()
    until(lambda: camera.is_watched)
    camera.send(10)
    assert client.binary(Holds.HEAD)
    camera.view.packets.end("timeout")
    camera.send(10)  # nothing, up to the next key frame
    camera.send(2 * GOP)
    again = client.binary(Holds.HEAD)
    fragment = client.binary(Holds.FRAGMENT)
    assert fragment.shown_s == 0
    assert len(decoded(client, 4, again.content + fragment.content)) == 5


def test_who_takes_nothing_gets_key_frames_and_others_everything(tmp_path: Path, serve: Serve) -> None:
    noise = np.random.default_rng(1)
    pictures = (noise.integers(0, 255, (480, 640, 3), np.uint8) for _ in range(50))
    camera = PlayedCamera(write_clip(tmp_path / "noise.mp4", pictures))
    served = serve(view(camera=lambda name: camera.view))
    quick = Client(served.config.port, LIVE)
    slow = Client(served.config.port, LIVE, read_buffer=1 << 14)
    until(lambda: camera.is_watched)
    shown: list[float] = []
    for _ in range(8 * GOP):  # some 30 MB, of which the system and the program hold far less
        camera.send(1)
        if _ >= 6:
            shown.append(quick.binary(Holds.FRAGMENT).shown_s)
    steps = {round(b - a, 3) for a, b in itertools.pairwise(shown)}
    assert steps == {0.04}
    times: list[float] = []
    while not times or times[-1] < 6:  # it goes on where it is now, and not where it was left behind
        camera.send(1)
        quick.binary(Holds.FRAGMENT)
        times.append(slow.binary(Holds.FRAGMENT).shown_s)
    assert max(b - a for a, b in pairwise(times)) > 1
    slow.close()


def test_without_a_right_token_there_is_no_socket(serve: Serve, camera: PlayedCamera) -> None:
    port = serve(view(camera=lambda name: camera.view), token=TOKEN, read_token=READ).config.port
    assert Client(port, LIVE).status == 401
    assert Client(port, LIVE, Authorization="Bearer wrong").status == 401
    assert Client(port, LIVE, Cookie="edge_app_token=wrong").status == 401
    assert Client(port, LIVE, Cookie=f"edge_app_token={READ}").status == 101
    assert Client(port, LIVE, Authorization=f"Bearer {TOKEN}").status == 101


def test_a_page_of_another_origin_gets_no_socket(served: Served, camera: PlayedCamera) -> None:
    port = served.config.port
    assert Client(port, LIVE, Origin="http://evil.example").status == 403
    own = Client(port, LIVE, Origin=f"http://127.0.0.1:{port}")
    assert own.status == 101
    until(lambda: camera.is_watched)


def test_only_cameras_that_there_are_can_be_watched(served: Served) -> None:
    for name in ("yard", "..%2Fgate", "gate%00", "%2e%2e"):
        assert Client(served.config.port, f"/api/v1/cameras/{name}/live").status in (403, 404)
        assert served.ask(f"/api/v1/cameras/{name}/snapshot.jpg").status == 404


def test_there_is_room_for_so_many_and_then_it_is_said(served: Served, camera: PlayedCamera) -> None:
    clients = [Client(served.config.port, LIVE) for _ in range(MOST_VIEWERS)]
    assert {client.status for client in clients} == {101}
    assert Client(served.config.port, LIVE).status == 503
    clients.pop().close()

    def again() -> bool:
        clients.append(Client(served.config.port, LIVE))
        return clients[-1].status == 101

    until(again)
    for client in clients:
        client.close()
    until(lambda: not camera.is_watched)


def test_two_hundred_sockets_of_one_address_keep_nobody_else_out(served: Served, camera: PlayedCamera) -> None:
    statuses: list[int] = []
    clients: list[Client] = []
    for _ in range(200):
        try:
            clients.append(Client(served.config.port, LIVE))
            statuses.append(clients[-1].status)
        except (OSError, AssertionError):  # hung up on
            statuses.append(0)
    assert statuses.count(101) == MOST_VIEWERS
    assert set(statuses) <= {101, 503, 0}
    assert served.ask("/api/v1/health", source="127.0.0.2").status == 200
    for client in clients:
        client.close()
    until(lambda: not camera.is_watched)


def test_who_leaves_in_the_middle_is_no_fault_of_the_program(
    served: Served, camera: PlayedCamera, caplog: pytest.LogCaptureFixture
) -> None:
    stop = threading.Event()

    def play() -> None:
        while not stop.is_set():
            camera.send(1)
            camera.show()

    playing = threading.Thread(target=play)
    playing.start()
    for n in range(30):
        client = Client(served.config.port, LIVE)
        client.next()
        client.close() if n % 2 else client.hang_up()
    stop.set()
    playing.join()
    until(lambda: not camera.is_watched)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_client_has_nothing_to_say(camera: PlayedCamera, look) -> None:
    client = look()
    until(lambda: camera.is_watched)
    client.say("x" * 100)
    assert client.next() is None
    until(lambda: not camera.is_watched)


def test_what_a_client_says_is_bounded(camera: PlayedCamera, look) -> None:
    client = look()
    until(lambda: camera.is_watched)
    with suppress(OSError):  # it may have hung up before the end
        client.say("x" * 5_000_000)
    assert client.next() is None
    until(lambda: not camera.is_watched)


def test_a_server_that_stops_hangs_up_at_once(served: Served, look) -> None:
    client = look()
    began = time.monotonic()
    served.server.stop()
    assert client.next() is None
    assert time.monotonic() - began < 30
