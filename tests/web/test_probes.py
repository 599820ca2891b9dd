"""Probes: alive, started and of use are three things."""

from __future__ import annotations

import pytest

from edge_app.core.errors import TemporaryError
from tests.web.served import HEALTH, Serve, view


@pytest.mark.parametrize("well", [True, False])
def test_live_and_startup_say_what_the_program_says(serve: Serve, well: bool) -> None:
    served = serve(view(live=lambda: well, started=lambda: not well))
    assert (served.ask("/live").status, served.ask("/live").document) == (200 if well else 503, {"live": well})
    assert (served.ask("/startup").status, served.ask("/startup").document) == (
        503 if well else 200,
        {"started": not well},
    )


@pytest.mark.parametrize(("status", "answer"), [("ok", 200), ("degraded", 200), ("down", 503)])
def test_ready_is_whether_it_is_of_use_and_says_why_not(serve: Serve, status: str, answer: int) -> None:
    health = {**HEALTH, "status": status}
    served = serve(view(health=lambda: health))
    ready = served.ask("/ready")
    assert (ready.status, ready.document) == (answer, health)
    assert served.ask("/api/v1/health").status == 200


def test_before_the_engine_has_answered_only_the_probes_answer(serve: Serve) -> None:
    def starting() -> dict[str, object]:
        raise TemporaryError("the program is starting")

    served = serve(view(started=lambda: False, health=starting))
    assert served.ask("/live").status == 200
    for path in ("/startup", "/ready", "/api/v1/health", "/metrics"):
        assert served.ask(path).status == 503
