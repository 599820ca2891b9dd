"""HTML and SVG as a tree, so that no name in a model can break the page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")  # which no HTML may hold


def element(tag: str, *children: Element | str, **attributes: str | float) -> Element:
    """An element; `class_` is the attribute `class`, numbers have one decimal, `stroke_width` is `stroke-width`.

    >>> from xml.etree.ElementTree import tostring
    >>> tostring(element("p", "a < b ", element("b", "so"), class_="x"), encoding="unicode", method="html")
    '<p class="x">a &lt; b <b>so</b></p>'
    """
    made = Element(tag, {key.rstrip("_").replace("_", "-"): _text(value) for key, value in attributes.items()})
    for child in children:
        if isinstance(child, Element):
            made.append(child)
        elif len(made):
            made[-1].tail = (made[-1].tail or "") + _text(child)
        else:
            made.text = (made.text or "") + _text(child)
    return made


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: bool = True) -> Element:
    """A table whose first column is text, and the others numbers or text."""
    whole = element("table")
    for tag, row in [("th", head), *(("td", row) for row in rows)]:
        line = SubElement(whole, "tr")
        for column, cell in enumerate(row):
            line.append(element(tag, cell, class_="number" if numbers and column else "text"))
    return whole


def _text(value: str | float) -> str:
    return CONTROL.sub("�", value) if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")
