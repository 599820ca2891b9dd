"""What is made of a model's answers, which are whatever models write."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edge_app.evidence.describe.chat import LONGEST, Description, NonsenseError, description_of


def body(content: Any) -> bytes:
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}).encode()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param("A man waits.", "A man waits.", id="words"),
        pytest.param("  A man\n\nwaits.\t", "A man waits.", id="lines"),
        pytest.param("<think>A man? <b></think>\nA man waits.", "A man waits.", id="thoughts"),
        pytest.param(
            [{"type": "text", "text": "A man "}, {"type": "text", "text": "waits."}], "A man waits.", id="parts"
        ),
        pytest.param("A man \ud800 waits\x00\x1b[2J\u202e.", "A man waits [2J .", id="what is no text"),
        pytest.param("Ein Mädchen 👩‍🚒 wartet", "Ein Mädchen 👩‍🚒 wartet", id="not only ASCII"),
        pytest.param("x" * 5000, "x" * LONGEST, id="long"),
    ],
)
def test_a_description_is_one_line_of_text(content: Any, text: str) -> None:
    found = description_of(body(content), verifying=False)
    assert found == Description(text)
    found.text.encode()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ('{"description": "A man waits.", "verified": true}', Description("A man waits.", verified=True)),
        ('```json\n{"verified": false, "description": "Nobody."}\n```', Description("Nobody.", verified=False)),
        ('Sure! {"verified": "Yes"} Anything else?', Description(None, verified=True)),
        ('<think>{"verified": true}</think>{"verified": false}', Description(None, verified=False)),
        ('{"description": 7, "verified": false}', Description(None, verified=False)),
        ('{"description": " ", "verified": "no"}', Description(None, verified=False)),
    ],
)
def test_an_answer_to_the_question_is_found_in_what_models_say_around_it(content: str, found: Description) -> None:
    assert description_of(body(content), verifying=True) == found


@pytest.mark.parametrize(
    "content",
    ["I cannot say.", "yes", "{", "}{", '{"verified": null}', '{"verified": 1}', '{"description": "x"}', "[true]",
     '{"verified": "maybe"}', '{"verified":' * 20_000 + "}"],
    ids=range(10),
)  # fmt: skip
def test_what_neither_says_yes_nor_no_is_no_answer(content: str) -> None:
    with pytest.raises(NonsenseError, match="verify"):
        description_of(body(content), verifying=True)


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"[1, 2", b"null", b"[]", b"{}", b'{"choices": []}', b'{"choices": {"a": 1}}', b"<html>", b"\xff\xfe",
        b'{"choices": [{"message": {"content": null}}]}', b'{"choices": [{"message": {"content": ""}}]}',
        b'{"choices": [{"message": {"content": 7}}]}', b'{"choices": [{"message": {"content": [{"type": "text"}]}}]}',
        b'{"choices": [{"message": {"content": [7]}}]}', b'{"choices": [null]}', b'{"error": {"message": "no"}}',
        b'{"choices": [{"message": {"content": "\\u0000 \\ud800"}}]}', b"[" * 100_000, b"9" * 10_000,
    ],
)  # fmt: skip
def test_what_is_no_chat_completion_is_nonsense_and_no_error_of_ours(answer: bytes) -> None:
    for verifying in (False, True):
        with pytest.raises(NonsenseError):
            description_of(answer, verifying=verifying)
