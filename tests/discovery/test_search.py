"""Cameras are found in the network, whatever they answer, and who answers can do no harm."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from xml.dom import minidom

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_app.discovery import FoundCamera, find_cameras, search
from edge_app.discovery.answers import read_answer
from tests.discovery.responder import GROUP, MATCH, Responder, camera
from tests.waiting import Stopwatch

WAIT_S = 1.0
HERE = "127.0.0.1"


def found(responder: Responder) -> list[FoundCamera]:
    return find_cameras(WAIT_S, [(HERE, responder.port)])


def test_a_camera_is_found_with_its_name_and_service() -> None:
    with Responder(camera) as responder:
        service = f"http://127.0.0.1:{responder.port}/onvif/device_service"
        assert found(responder) == [FoundCamera(HERE, "AXIS P3245", "P3245-LVE", (service,))]
        for question in responder.questions:
            asked = minidom.parseString(question)
            assert asked.getElementsByTagName("d:Types")[0].firstChild.data in ("t:NetworkVideoTransmitter", "t:Device")


def test_a_group_is_asked_in_every_network() -> None:
    with Responder(camera, group=GROUP) as responder:
        assert HERE in search.own_addresses()
        cameras = find_cameras(WAIT_S, [(GROUP, responder.port)])
        assert HERE in [each.address for each in cameras]


def test_nobody_there_is_no_mistake() -> None:
    with Responder(camera) as responder:
        port = responder.port
    assert find_cameras(WAIT_S, [(HERE, port)]) == []


def test_an_answer_that_lacks_what_the_standard_wants_is_read() -> None:
    text = b"<Envelope><Body><ProbeMatch><XAddrs>http://127.0.0.1/onvif</XAddrs></ProbeMatch></Body></Envelope>"
    assert read_answer(text, HERE) == FoundCamera(HERE, "", "", ("http://127.0.0.1/onvif",))


@pytest.mark.parametrize(
    "service",
    [
        "http://10.0.0.9/onvif",
        "http://127.0.0.1@10.0.0.9/onvif",
        "http://127.0.0.1.evil.example/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://127.0.0.1:99999/",
        "http://[::1/",
    ],
)
def test_an_answer_leads_to_nobody_but_who_sent_it(service: str) -> None:
    answer = read_answer(MATCH.format(relates="", services=service).encode(), HERE)
    assert answer is not None
    assert answer.services == ()


def test_who_answers_much_is_heard_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def flood(question: bytes, port: int) -> Iterator[bytes]:
        yield b"\xff" * 60_000
        yield b"<!DOCTYPE a [<!ENTITY b '" + b"c" * 9000 + b"'>]><XAddrs>&b;&b;&b;</XAddrs>"
        for number in range(200):
            yield MATCH.format(relates="", services=f"http://127.0.0.1/{number}").encode()

    watch = Stopwatch()
    with Responder(flood) as responder:
        (only,) = found(responder)
    assert len(only.services) <= 4
    assert watch.read() < 10 * WAIT_S


@given(
    st.binary(max_size=300) | st.text().map(lambda text: f"<a:XAddrs>{text}</a:XAddrs><Scopes>{text}</Scopes>".encode())
)
def test_noise_is_no_camera_and_no_mistake(noise: bytes) -> None:
    answer = read_answer(noise, HERE)
    assert answer is None or all(service.startswith("http") for service in answer.services)


@given(st.text(max_size=100))
def test_a_name_is_a_short_line_of_what_can_be_seen(text: str) -> None:
    scopes = "onvif://www.onvif.org/name/" + "".join(f"%{byte:02X}" for byte in text.encode(errors="replace"))
    answer = read_answer(f"<XAddrs>x</XAddrs><Scopes>{scopes}</Scopes>".encode(), HERE)
    assert answer is not None
    assert len(answer.name) <= 64
    assert answer.name.isprintable()


def test_time_that_regular_expressions_take_does_not_explode() -> None:
    watch = Stopwatch()
    for begin in (b"<XAddrs ", b"<a:XAddrs>", b"<" * 9, b"<Scopes><XAddrs>", b"onvif://www.onvif.org/name/"):
        read_answer((begin * 65_535)[:65_535], HERE)
    assert watch.read() < 5


def test_the_verb_lists_them(verb) -> None:
    with Responder(camera) as responder:
        where = f"localhost:{responder.port}"
        code, out, _ = verb("discover", "--ask", where, "--wait", "0.8")
        assert code == 0
        assert re.fullmatch(r"127\.0\.0\.1 +AXIS P3245  P3245-LVE  http://\S+\n", out)
        code, out, _ = verb("discover", "--ask", where, "--wait", "0.8", "--json")
        assert json.loads(out)["cameras"][0]["hardware"] == "P3245-LVE"
    code, out, err = verb("discover", "--ask", where, "--wait", "0.3")
    assert (code, out) == (0, "")
    assert "no camera answered" in err
    assert verb("discover", "--ask", "no-such-host.invalid")[0] == 64
