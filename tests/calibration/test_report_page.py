"""The report for people: one file, no network, nothing in a name can break it."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

import cv2
import numpy as np

from edge_app.calibration.report_page import HistogramPlot, PicturePair, render_page
from tests.model.boxes import CAR, NOTHING, detections
from tests.model.reports import report

EVIL = "</title><script>alert(1)</script>&\x01"
PIXELS = np.full((100, 200, 3), (0, 0, 200), np.uint8)
VOID = {"meta"}


class Page(HTMLParser):
    """The page's tags, attributes and text, and whether each tag is closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.words, self.open = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.extend(attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def written(name="toy", tensor="stem/out", labels=("cat", "car"), **changes):
    tensors = [
        HistogramPlot(tensor, np.array([100, 10, 0, 1]), 4.0, 2.0),
        HistogramPlot("dead", np.zeros(8, np.int64), 0.0, 0.1),
    ]
    pairs = [PicturePair("1.png", PIXELS, detections([CAR]), NOTHING)]
    return render_page(report(**changes), name, labels, tensors, pairs)


def words(**changes):
    return " ".join(Page(written(**changes)).words)


def test_everything_is_in_the_file():
    text = written()
    assert not re.findall(r"(?:src|href)=\"(?!data:)|https?:|url\(|@import", text)


def test_every_tag_is_closed():
    assert Page(written()).open == []


def test_it_says_what_was_measured():
    said = words()
    for expected in ("passed", "0.9900", "-0.0100", "not judged", "stem/out", "31.5 dB", "dark2", "+0.1000", "head.0"):
        assert expected in said
    assert "ground truth" not in said


def test_it_says_why_a_model_failed():
    assert "recall 0.6000 below 0.95" in words(passed=False, reason="recall 0.6000 below 0.95")
    assert "failed" in words(passed=False)


def test_it_says_that_the_evidence_is_thin_and_what_a_fallback_cost():
    said = words(thin_evidence=True, fallbacks=({"layer": "dark2", "gain": 0.1, "cost": 0.034},))
    assert "fewer boxes than the gate asks for" in said
    assert "3.4%" in said


def test_ground_truth_is_shown_where_there_is_one():
    assert "0.4321" in words(ground_truth={"fp32_map50": 0.5, "int8_map50": 0.4321})


def test_names_stay_text():
    text = written(name=EVIL, tensor=EVIL, labels=(EVIL, EVIL), layers=({"name": EVIL, "sqnr_db": None},))
    tags = Page(text).tags
    assert "script" not in tags
    assert tags.count("title") == 2
    assert "\x01" not in text
    assert "exact" in text


def test_both_models_boxes_are_drawn_on_the_picture():
    parsed = Page(written())
    uris = [value for key, value in parsed.attributes if key == "href"]
    assert len(uris) == 2
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(uris[0].split(",")[1]), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (100, 200, 3)
    assert picture[50, 50].tolist() == [0, 0, 200]
    assert parsed.attributes.count(("class", "box")) == 1
    assert "car 0.80" in parsed.words


def test_a_picture_is_no_larger_than_it_is_shown():
    large = PicturePair("1.png", np.zeros((1080, 1920, 3), np.uint8), detections([CAR]), NOTHING)
    text = render_page(report(), "toy", ("cat", "car"), [], [large])
    uri = next(value for key, value in Page(text).attributes if key == "href")
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(uri.split(",")[1]), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (360, 640, 3)


def test_the_chosen_range_is_a_line_in_the_histogram():
    lines = [value for key, value in Page(written()).attributes if key == "x1"]
    assert lines == ["120", "0"]
