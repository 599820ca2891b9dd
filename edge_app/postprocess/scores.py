"""Whether the scores that a model answers can be probabilities."""

from __future__ import annotations

import math
from enum import Enum

from edge_app.postprocess.candidates import HIGHEST_SCORE
from edge_app.postprocess.decoder import Judging, OutputDecoder, RawOutputs
from edge_app.postprocess.judgement import Verdict, are_logits


class Scores(Enum):
    """What the scores in an answer to a blank picture are."""

    PROBABILITIES = "between 0 and 1"
    BEYOND = "some are not between 0 and 1"
    LOGITS = "most are below 0, as before their sigmoid: those that happen to lie between 0 and 1 mean nothing"


def scores_in(decoder: OutputDecoder, arrays: RawOutputs) -> Scores:
    """What the scores are in an answer to a blank picture, the first of its batch."""
    verdict = decoder.judge(arrays) if isinstance(decoder, Judging) else Verdict.FITS
    if verdict is Verdict.LOGITS or are_logits(decoder.decode(arrays, range(1), -math.inf).score):
        return Scores.LOGITS
    invalid_rows = decoder.decode(arrays, range(1), HIGHEST_SCORE).invalid_rows[0]
    return Scores.BEYOND if verdict is Verdict.BEYOND or invalid_rows else Scores.PROBABILITIES
