"""How well one model's detections agree with another's, or with ground truth, on the same pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_app.core.detections import Detections, iou

TRUTH_SCORE = 0.3  # from this score on a box of the reference is the truth,
LEAST_SCORE = 0.05  # and from this on it may be found or not: 0.31 against 0.29 is not an error
ENOUGH_BOXES = 20  # ground-truth boxes without which a class is not judged
MARGIN = 0.1  # above the threshold, where the other model must be at the threshold
IOUS = np.arange(10, 20) / 20.0  # the first is 0.5

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Judged:
    """A class with enough ground-truth boxes: how many, and its average precision at IoU 0.5."""

    boxes: int
    ap50: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well a model agrees with its reference.

    Attributes:
        map50: Mean average precision at IoU 0.5, over the judged classes; 0 without any.
        map50_95: The same, mean of IoU 0.5 to 0.95 in steps of 0.05.
        recall: Share of the reference's boxes above the threshold that are found; 1 without any.
        precision: Share of the found boxes above the threshold that the reference has; 1 without any.
        score_drift: How much higher the score of a truth box's counterpart is, on average.
        judged: By class id.
        not_judged: Classes with some, but too few ground-truth boxes, and how many, by class id.
        sure: The reference's boxes above the threshold, by which recall is measured.
    """

    map50: float
    map50_95: float
    recall: float
    precision: float
    score_drift: float
    judged: Mapping[int, Judged]
    not_judged: Mapping[int, int]
    sure: int

    @property
    def boxes(self) -> int:
        """Ground-truth boxes of all judged classes."""
        return sum(judged.boxes for judged in self.judged.values())

    def shortfall(self, least: float) -> str | None:
        """A text that says which of mAP50, recall and precision are below `least`; None if none is."""
        figures = {"mAP50": self.map50, "recall": self.recall, "precision": self.precision}
        low = [f"{name} {value:.4f}" for name, value in figures.items() if not value >= least]
        return f"{', '.join(low)} below {least:g}" if low else None


def agreement(reference: Sequence[Detections], found: Sequence[Detections], threshold: float) -> Agreement:
    """Compares what a model found with what its reference found, picture by picture.

    The reference's boxes with a score of at least 0.3 are the truth, those from 0.05 to 0.3 neither right nor wrong, so
    both models' detections must include scores down to 0.05. Recall and precision are over all classes, so that a class
    that only one of the models finds counts too.

    Args:
        reference: What the trusted model finds, one item per picture.
        found: What the other model finds in the same pictures.
        threshold: The score from which the model's detections are used.

    Raises:
        ValueError: The two are not about the same number of pictures.
    """
    reference = [_best(picture, LEAST_SCORE) for picture in reference]
    matches = _Matches(reference, [_best(picture, LEAST_SCORE) for picture in found], TRUTH_SCORE)
    precisions = {kind: matches.precisions(kind) for kind, boxes in matches.truths.items() if boxes >= ENOUGH_BOXES}
    mean = np.mean(list(precisions.values()), axis=0) if precisions else np.zeros(len(IOUS))
    return Agreement(
        map50=float(mean[0]),
        map50_95=float(mean.mean()),
        recall=_confirmed(reference, found, threshold),
        precision=_confirmed(found, reference, threshold),
        score_drift=float(matches.drift.mean()) if len(matches.drift) else 0.0,
        judged={kind: Judged(matches.truths[kind], float(ap[0])) for kind, ap in precisions.items()},
        not_judged={kind: boxes for kind, boxes in matches.truths.items() if kind not in precisions},
        sure=sum(int((picture.score >= threshold + MARGIN).sum()) for picture in reference),
    )


def map50(truth: Sequence[Detections], found: Sequence[Detections]) -> float:
    """Mean average precision at IoU 0.5 against the ground truth, over the classes that it has.

    Like COCO's evaluation, but with all boxes of a class in a picture, not at most 100.

    Args:
        truth: What is in each picture; the scores are ignored.
        found: What the model finds in it.

    Raises:
        ValueError: There is no box in the truth, or the two are not about the same number of pictures.
    """
    matches = _Matches(truth, [_best(picture, -np.inf) for picture in found], -np.inf)
    if not matches.truths:
        raise ValueError("the ground truth has no box")
    return float(np.mean([matches.precisions(kind)[0] for kind in matches.truths]))


class _Matches:
    """The found boxes of all pictures, each with what it matches."""

    def __init__(self, reference: Sequence[Detections], found: Sequence[Detections], truth_score: float) -> None:
        truths, drifts, rows = [], [], []
        for wanted, offered in zip(reference, found, strict=True):
            true = wanted.score >= truth_score
            partner = _partners(offered, wanted, true, IOUS)
            hit = (partner >= 0) & true[partner] if len(wanted) else np.zeros(partner.shape, bool)
            drifts.append(offered.score[hit[:, 0]] - wanted.score[partner[hit[:, 0], 0]])
            rows.append((offered.class_id, offered.score, hit, (partner < 0) | hit))
            truths.append(wanted.class_id[true])
        self.drift = np.concatenate(drifts) if drifts else np.zeros(0, np.float32)
        kinds, counts = np.unique(np.concatenate(truths) if truths else np.zeros(0, np.int32), return_counts=True)
        self.truths: dict[int, int] = dict(zip(kinds.tolist(), counts.tolist(), strict=True))
        if rows:
            self._kind, self._score, self._hit, self._counts = map(np.concatenate, zip(*rows, strict=True))

    def precisions(self, kind: int) -> NDArray[np.float64]:
        """Average precision of a class at each of `IOUS`."""
        of_kind = np.flatnonzero(self._kind == kind)
        order = of_kind[np.argsort(-self._score[of_kind], kind="stable")]
        columns = zip(self._hit[order].T, self._counts[order].T, strict=True)
        return np.array([_average_precision(hit[counts], self.truths[kind]) for hit, counts in columns])


def _average_precision(hits: Flags, truths: int) -> float:
    """Precision at 101 recalls, interpolated as COCO does it; the hits are in the order of their scores."""
    true = np.cumsum(hits)
    precision = true / np.arange(1, len(hits) + 1)
    envelope = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    # Less a little, so that a recall of exactly 0.29 counts as 0.29; COCO omits this, a difference of up to 0.001.
    return float(envelope[np.searchsorted(true / truths, np.linspace(0, 1, 101) - 1e-9)].mean())


def _confirmed(claims: Sequence[Detections], others: Sequence[Detections], threshold: float) -> float:
    """Share of the claims from `threshold` + 0.1 that match another from `threshold`; 1 if nothing is claimed."""
    claimed = confirmed = 0
    for claim, other in zip(claims, others, strict=True):
        sure, known = _best(claim, threshold + MARGIN), _best(other, threshold)
        partner = _partners(sure, known, np.ones(len(known), bool), IOUS[:1])
        claimed, confirmed = claimed + len(sure), confirmed + int((partner >= 0).sum())
    return confirmed / claimed if claimed else 1.0


def _partners(found: Detections, wanted: Detections, preferred: Flags, ious: NDArray[np.float64]) -> NDArray[np.intp]:
    """Greedy matching of one picture: each found box in turn takes, of its class, the free one that it overlaps most.

    Args:
        found: The boxes to match, best score first.
        wanted: The boxes that they can match, each once.
        preferred: Which of those come first, whatever the overlap, bool (m,).
        ious: The least overlaps that count as a match, (t,).

    Returns:
        Index into `wanted`, or -1, of each found box at each overlap, (n, t).
    """
    partner = np.full((len(found), len(ious)), -1)
    if not len(wanted):
        return partner
    overlaps = iou(found.xyxy.astype(np.float64), wanted.xyxy.astype(np.float64))
    overlaps[found.class_id[:, None] != wanted.class_id] = 0.0
    free, levels = np.ones((len(ious), len(wanted)), bool), np.arange(len(ious))
    for row, overlap in enumerate(overlaps):
        rank = np.where(free & (overlap >= ious[:, None]), overlap + 2.0 * preferred, -1.0)
        choice = rank.argmax(axis=1)
        matched = levels[rank[levels, choice] >= 0]
        partner[row, matched] = choice[matched]
        free[matched, choice[matched]] = False
    return partner


def _best(detections: Detections, least: float) -> Detections:
    """Those whose score is at least `least`, best first."""
    order = np.argsort(-detections.score, kind="stable")
    keep = order[detections.score[order] >= least]
    return Detections(detections.xyxy[keep], detections.score[keep], detections.class_id[keep])
