"""What a model says of events' pictures, as users of the program see it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_app.app.config import load_config
from edge_app.evidence import EvidenceReader
from tests.app.test_evidence import LEFT, Verb, events, is_hidden, watched, whole
from tests.evidence.chat_server import KEY, ChatServer, says

__all__ = ["watched"]
YES = says('{"description": "Somebody walks.", "verified": true}')
PROMPT = "Say what happens."


def describe(server: ChatServer, **keys: Any) -> dict[str, Any]:
    common = {"url": server.url, "model": "m", "api_key": KEY, "types": ["enter"], "max_per_minute": 6000}
    return {**common, "prompt": PROMPT, "timeout_s": 5, **keys}


def described(output: str) -> list[dict[str, Any]]:
    return [event for event in events(output) if "description" in event or "verified" in event]


def test_a_description_comes_after_its_event_and_is_kept_with_it(watched, verb: Verb, tmp_path: Path) -> None:
    with ChatServer(YES) as server:
        path = watched(frames=60, describe=describe(server, verify="Does anybody walk?"), shutdown={"drain_s": 60})
        code, output, log = verb("run", path)
        assert code == 0, log
        assert server.wrong == []
    found = events(output)
    enters = {event["id"]: event for event in found if event["type"] == "enter"}
    told = described(output)
    assert told
    for event in told:
        assert (event["type"], event["update_of"], event["verified"]) == ("update", "enter", True)
        assert event["description"] == "Somebody walks."
        assert event["seq"] > enters[event["id"]]["seq"]
        assert event["box"] == enters[event["id"]]["box"]
    reader = EvidenceReader(tmp_path / "state/evidence")
    listed = {event["id"]: event for event in reader.events(limit=1000).events}
    assert all(listed[event["id"]]["description"] == "Somebody walks." for event in told), "also once it has left"
    assert any(listed[event["id"]]["type"] == "leave" for event in told)
    written = b"".join(each.read_bytes() for each in (tmp_path / "state").rglob("*") if each.is_file())
    assert KEY.encode() not in written + output.encode() + log.encode()


def test_the_model_is_not_shown_what_nobody_is_to_see(watched, verb: Verb) -> None:
    with ChatServer() as server:
        evidence = {"snapshots": {"boxes": False}, "privacy": [LEFT]}
        assert verb("run", watched(frames=60, evidence=evidence, describe=describe(server)))[0] == 0
        assert server.pictures
        assert all(map(is_hidden, server.pictures))


def test_the_end_waits_for_no_model_and_a_reload_changes_it(watched, edge_app: Any, verb: Verb) -> None:
    with ChatServer() as silent, ChatServer(says("A van.")) as other:
        silent.answers = [lambda _: silent.over.wait()]
        path = watched(describe=None)
        program = edge_app("run", path)
        program.until(lambda: whole(program.output))

        def reloaded(**sections: Any) -> str:
            watched(**sections)
            code, output, log = verb("reload", path)
            assert code == 0, log
            return output

        assert "+ describe\n" in reloaded(describe=describe(silent, timeout_s=60))
        program.until(lambda: silent.asked)
        assert "~ describe: url, timeout_s\n" in reloaded(describe=describe(other))
        program.until(lambda: described(whole(program.output)))
        assert "- describe\n" in reloaded(describe=None)
        reloaded(describe=describe(silent, timeout_s=60))
        before = len(silent.asked)
        program.until(lambda: len(silent.asked) > before)
        code, seconds = program.terminate()
        assert (code, KEY in program.log) == (0, False)
        assert seconds < 5


def test_a_probe_shows_the_model_a_picture(watched, verb: Verb) -> None:
    with ChatServer(says("Nothing.")) as server:
        path = watched(frames=1, describe=describe(server))
        code, output, _ = verb("check", path, "--probe", "--json")
        (found,) = [each for each in json.loads(output)["findings"] if each["what"] == "describe"]
        assert (code, found["ok"], server.wrong) == (0, True, [])
        assert "m answered to a picture in" in found["detail"]
        watched(frames=1, describe=describe(server, api_key="wrong"))
        code, output, _ = verb("check", path, "--probe")
        assert code == 69
        assert f"FAIL describe: 127.0.0.1:{server.port} answered 400 Bad Request" in output
    assert verb("check", path)[0] == 0, "nobody is asked without --probe"


@pytest.mark.parametrize(
    ("sections", "problem"),
    [
        ({"evidence": None}, "describe: needs `evidence`, whose pictures it describes"),
        (
            {"evidence": {"snapshots": {"types": ["cross"]}}},
            "describe.types[0]: has no picture; want enter in evidence",
        ),
        ({"describe": {"url": "ftp://x/v1"}}, "describe.url: want a URL such as https://host/path"),
        ({"describe": {"url": "http://x/v1#a"}}, "describe.url: want a URL without #"),
        ({"describe": {"tls": True}}, "describe.tls: needs a url that begins with https://"),
        ({"describe": {"tls": {"ca": "none.pem"}, "url": "https://x/v1"}}, "describe: "),
        ({"describe": {"api_key": "naïve"}}, "describe.api_key: want ASCII characters"),
        ({"describe": {"api_key": "a\nb"}}, "describe.api_key: holds a line break"),
        ({"describe": {"url": "http://u:p@x/v1"}}, "describe.url: want a login either here or in api_key"),
        ({"describe": {"prompt": ""}}, "describe.prompt: "),
        (
            {"publish": [{"type": "notify", "urls": ["json://localhost"], "verified": True}]},
            "publish[0].verified: nothing would be; want `describe.verify`",
        ),
    ],
)
def test_a_mistake_is_one_line(watched: Callable[..., Path], verb: Verb, sections: Any, problem: str) -> None:
    more = {**sections, "describe": {**describe(ChatServer()), **sections.get("describe", {})}}
    code, _, said = verb("check", watched(frames=1, **more))
    assert code == 78
    (line,) = [line for line in said.splitlines() if "holds a password" not in line]  # the test's files may be read
    assert problem in line
    assert KEY not in said


def test_what_is_unwise_is_told_and_what_is_secret_is_not_shown(watched: Callable[..., Path]) -> None:
    path = watched(frames=1, describe={**describe(ChatServer()), "url": "http://vlm.example.com/v1?token=0123456789ab"})
    config = load_config(path, {})
    (caution,) = [each for each in config.cautions(path) if each.startswith("describe")]
    assert "pictures and api_key go to vlm.example.com unencrypted" in caution
    shown = json.dumps(config.shown())
    assert KEY not in shown
    assert "0123456789ab" not in shown
    assert config.describe is not None
    assert config.describe.endpoint.target == "/v1/chat/completions?token=0123456789ab"
