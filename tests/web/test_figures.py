"""The program in numbers, over HTTP."""

from __future__ import annotations

import time

from tests.web.served import Serve, view


def test_counts_are_those_of_the_last_day_by_the_hour_unless_asked_otherwise(serve: Serve) -> None:
    asked: list[tuple[str, float]] = []

    def counts(period: str, since: float) -> list[dict[str, object]]:
        asked.append((period, since))
        return [{"camera": "gate", "place": "door", "label": "person", "entered": 2}]

    served = serve(view(counts=counts))
    assert served.ask("/api/v1/counts").document["counts"][0]["entered"] == 2
    assert served.ask("/api/v1/counts?by=day&since=1796000000").status == 200
    assert asked[0][0] == "hour"
    assert abs(asked[0][1] - (time.time() - 86400)) < 60
    assert asked[1] == ("day", 1796000000)


def test_what_is_no_period_and_no_time_is_said(serve: Serve) -> None:
    served = serve()
    for query in ("by=year", "since=yesterday", "since=nan", "since=inf", "since=1e308", "since=-1e308"):
        assert served.ask(f"/api/v1/counts?{query}").status == 400


def test_stats_and_engine_are_told(serve: Serve) -> None:
    served = serve(view(stats=lambda: {"cameras": {"gate": {}}}, engine=lambda: {"because": "no GPU"}))
    assert served.ask("/api/v1/stats").document == {"cameras": {"gate": {}}}
    assert served.ask("/api/v1/engine").document == {"because": "no GPU"}
