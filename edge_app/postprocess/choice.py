"""Which of the families that fit a model's shapes it is of: what metadata, its own answers and names say."""

from __future__ import annotations

from collections.abc import Mapping

from edge_app.model import MAX_CLASSES, ModelSignature
from edge_app.postprocess.decoder import Judging, OutputDecoder
from edge_app.postprocess.hints import COCO_CLASSES, hinted_families, metadata_classes, named_families
from edge_app.postprocess.judgement import Verdict, together
from edge_app.postprocess.network import Answers


def choose(
    fitting: list[OutputDecoder], signature: ModelSignature, answers: Answers
) -> tuple[list[OutputDecoder], bool]:
    """Those that metadata, the number of rows, the model's answers, the number of classes and names leave.

    Returns:
        Them, and whether one that is left alone is certain, rather than only not excluded.
    """
    plausible = plausible_of(fitting)
    for told in fitting, plausible:
        if len(told) == 1 and told[0].family in hinted_families(signature):
            return told, True
    verdicts = {each.family: _judge(each, answers) for each in fitting if (each.classes or 0) <= MAX_CLASSES}
    left = _not_excluded(plausible, fitting, verdicts)
    if not left:
        return plausible if len(plausible) > 1 else [], False
    fits = any(verdicts.get(decoder.family) is Verdict.FITS for decoder in left)
    classes = metadata_classes(signature) or (COCO_CLASSES if fits else None)
    left = [decoder for decoder in left if classes and decoder.classes == classes] or left
    named = [decoder for decoder in left if decoder.family in named_families(signature)]
    left = named or left
    verdict = verdicts.get(left[0].family)
    shown = verdict is not Verdict.SILENT or len(plausible) == 1 or bool(named)
    return left, left[0] in plausible and shown and verdict not in (Verdict.UNSURE, Verdict.BEYOND)


def plausible_of(fitting: list[OutputDecoder]) -> list[OutputDecoder]:
    """Those of which such models have so many rows."""
    return [decoder for decoder in fitting if not isinstance(decoder, Judging) or decoder.plausible]


def _not_excluded(
    plausible: list[OutputDecoder], fitting: list[OutputDecoder], verdicts: Mapping[str, Verdict | None]
) -> list[OutputDecoder]:
    """Those whose layout the model's answers may be, plausible ones first; else whose scores alone are wrong."""
    unknown, may_fit = (None, Verdict.SILENT), (Verdict.FITS, Verdict.UNSURE)
    beyond = (Verdict.LOGITS, Verdict.BEYOND)
    for among, wanted in (plausible, (*unknown, *may_fit)), (fitting, may_fit), (plausible, beyond):
        if left := [decoder for decoder in among if verdicts.get(decoder.family) in wanted]:
            return left
    return []


def _judge(decoder: OutputDecoder, answers: Answers) -> Verdict | None:
    """The decoder's verdict on the model's answers; None if it has none, or the model cannot answer."""
    return together(map(decoder.judge, answers.to(decoder))) if isinstance(decoder, Judging) else None
