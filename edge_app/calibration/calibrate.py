"""From a model and pictures to an INT8 file, its report and the gate's verdict."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import onnx

from edge_app import model
from edge_app.agreement import Agreement
from edge_app.calibration import sqnr
from edge_app.calibration.album import Album, open_album
from edge_app.calibration.evaluation import Evaluation
from edge_app.calibration.fallback import Found, Search
from edge_app.calibration.gate import Verdict, judge, lacking_evidence
from edge_app.calibration.gathering import gather
from edge_app.calibration.network import Network
from edge_app.calibration.pictures import Series
from edge_app.calibration.placement import Placement, place
from edge_app.calibration.qdq import quantized, upgraded
from edge_app.calibration.sensitivity import damages
from edge_app.calibration.statistics import observe
from edge_app.calibration.subject import Subject
from edge_app.calibration.wiring import Wiring, named
from edge_app.calibration.workbench import Progress, Workbench
