"""Values as YAML on one line, for a file that people write too."""

from __future__ import annotations

import math
import re
from typing import Any

import yaml

NEEDS_ESCAPES = re.compile(r"[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


class _OneLine(yaml.SafeDumper):
    """Texts with line breaks and other invisible characters are written with escapes, so that all is one line."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if NEEDS_ESCAPES.search(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _number(dumper: yaml.SafeDumper, number: float) -> yaml.ScalarNode:
    return dumper.represent_int(int(number)) if number.is_integer() else dumper.represent_float(number)


_OneLine.add_representer(str, _text)
_OneLine.add_representer(float, _number)


def rendered(value: Any) -> str:
    """The value as one line that means it inside { } and [ ] as well.

    >>> rendered({"polygon": [[0.1, 0.2], [0.5, 0]], "labels": ["person", "no: colon"], "dwell_s": None})
    "{polygon: [[0.1, 0.2], [0.5, 0]], labels: [person, 'no: colon'], dwell_s: null}"
    """
    text: str = yaml.dump(
        value, Dumper=_OneLine, default_flow_style=True, width=math.inf, allow_unicode=True, sort_keys=False
    )
    return text.removesuffix("\n").removesuffix("\n...")


def literal(value: Any) -> Any:
    """The same value, so that no text in it is taken for a variable: `$${` stands for `${`.

    >>> literal({"labels": ["${HOME}"]})
    {'labels': ['$${HOME}']}
    """
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, dict):
        return {key: literal(each) for key, each in value.items()}
    return [literal(each) for each in value] if isinstance(value, list) else value
