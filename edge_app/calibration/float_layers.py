"""Layers that go back to float, those that hurt most first, until the agreement holds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from edge_app.calibration.context import CalibrationContext
from edge_app.calibration.evaluation import Evaluation
from edge_app.calibration.placement import Placement, place
from edge_app.calibration.work_dir import Checkpoint
from edge_app.model.agreement import Agreement
from edge_app.model.report import Fallback

MOST = 24  # layers that are tried; a model that needs more of them in float is not one for INT8
CLOSE = 0.002  # the file itself, which is judged in the end, differs from what is tried here in the last bits
AS_JSON = TypeAdapter(Agreement)


@dataclass(frozen=True, slots=True, eq=False)
class FallbackResult:
    """A placement, and how it came about.

    Attributes:
        placement: What is quantized.
        fallbacks: What went back to float.
        best_in_float: What the model reaches with every layer in float that may be, if that is too little for a search.
    """

    placement: Placement
    fallbacks: tuple[Fallback, ...] = ()
    best_in_float: Agreement | None = None


class FallbackSearch:
    """Tries placements on the holdout.

    Layers are chosen by what they do to the calibration's pictures; when to stop is decided on the holdout, which
    therefore flatters the result a little.
    """

    def __init__(self, context: CalibrationContext, evaluation: Evaluation, least: float) -> None:
        """Wants mAP50, recall and precision to be at least `least`; see `Agreement.shortfall`."""
        self._context = context
        self._evaluation = evaluation
        self._least = min(least + CLOSE, 1.0)
        digests = [item.sha256 for item in evaluation.cache.items]
        path, identity = context.work_dir / "search.json", context.detector.identity
        self._checkpoint = Checkpoint(path, identity, digests, dict(context.ranges))

    def falls_short(self, measured: Agreement) -> bool:
        return measured.shortfall(self._least) is not None

    def measure(self, floating: Collection[str] = ()) -> Agreement:
        """The agreement with these layers in float; it is saved, so that an interrupted search goes on."""

        def measured() -> Any:
            step = f"INT8 on the holdout, {len(floating)} layers in float"
            model = self._context.quantized(self._place(floating))
            return AS_JSON.dump_python(self._evaluation.agreement(self._evaluation.detect(model, step)), mode="json")

        return AS_JSON.validate_python(self._checkpoint.get_or_measure(" ".join(sorted(floating)), measured))

    def run(self, before: Agreement, order: Sequence[str]) -> FallbackResult:
        """Puts layers back into float one by one, and keeps what helps, until it is enough.

        Args:
            before: The agreement with none in float.
            order: Layers, the one that hurts most first.
        """
        candidates = order[:MOST]
        best = self.measure(candidates)
        if best.map50 < self._least:  # single boxes decide recall and precision: with fewer in float they may hold
            return FallbackResult(self._place(), best_in_float=best)
        fallbacks: list[Fallback] = []
        for layer in candidates:
            floating = [fallback.layer for fallback in fallbacks]
            after = self.measure([*floating, layer])
            if _quality(after) <= _quality(before):
                continue
            fallbacks.append(Fallback(layer=layer, gain=after.map50 - before.map50))
            before = after
            if not self.falls_short(after):
                break
        return FallbackResult(self._place([fallback.layer for fallback in fallbacks]), tuple(fallbacks))

    def _place(self, floating: Collection[str] = ()) -> Placement:
        return place(self._context.graph, floating)


def _quality(measured: Agreement) -> tuple[float, float]:
    """What must be high, the lowest of it first."""
    figures = measured.map50, measured.recall, measured.precision
    return min(figures), sum(figures)
