"""Which file of a model is built, in which precision; what is refused, and what is remarked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge_app import model
from edge_app.errors import ConfigError
from edge_app.model import Graph, Model, Precision
from edge_app.plans.build import check_parses
from edge_app.plans.flavour import Flavour
from edge_app.plans.key import Key, make_key
from edge_app.plans.machine import Machine, this_machine
from edge_app.plans.recipe import Recipe
from edge_app.plans.targets import NO_INT8, check_target

# Which of a card's files is built, the best first; one without a card has a single file, which may be quantized.
FILES: dict[Precision, tuple[Precision, ...]] = {
    "fp32": ("fp32", "int8"),
    "fp16": ("fp16", "fp32", "int8"),
    "int8": ("int8", "fp32"),
}


@dataclass(frozen=True, slots=True)
class Order:
    """A plan that somebody wants.

    Attributes:
        model: The model's name.
        recipe: What is built.
        flavour: With which TensorRT.
        machine: For which machine.
    """

    model: str
    recipe: Recipe
    flavour: Flavour
    machine: Machine

    @property
    def source(self) -> Path:
        """The ONNX file."""
        return self.recipe.graph.path.resolve()

    def key(self) -> Key:
        """What the plan depends on now; see `make_key` for what it raises."""
        report = model.report_path(self.source) if self.recipe.graph.quantized else None
        return make_key(self.recipe, self.flavour, self.machine, report)


def place_order(
    found: Model,
    flavour: Flavour,
    precision: Literal["auto"] | Precision,
    *,
    max_batch: int,
    targets: tuple[str, ...] = (),
    device: int = 0,
) -> Order:
    """What is to be built of a model.

    Args:
        found: The model.
        flavour: With which TensorRT.
        precision: `auto` takes INT8 where the model has it and TensorRT is the full one, else FP16.
        max_batch: Pictures in a batch where that may vary.
        targets: For TensorRT-RTX; none for the GPU that is here.
        device: Number of the GPU.

    Raises:
        ConfigError: The model has no such precision, or no report vouches for its INT8 file.
        InputError, DataError: The file is missing, no whole model, or TensorRT cannot take it.
        UsageError: TensorRT-RTX does not build for the GPU that is here.
    """
    machine = this_machine(device)
    if flavour.rtx and not targets and machine.target:
        check_target(flavour, machine.target)
        targets = (machine.target,)
    chosen = _choose(found, flavour, precision)
    file = next((name for name in FILES[chosen] if name in found.card.files), chosen)
    graph = model.read_graph(found.file(file), found.card.input_wh)
    if graph.quantized and precision == "auto":
        chosen = "int8"  # a file without a card
    recipe = Recipe(graph, chosen, max_batch, targets)
    if why := _refusal(found, graph, chosen):
        check_parses(flavour, recipe)  # a file that TensorRT cannot take would not be helped by a report
        raise ConfigError(why)
    return Order(found.card.name, recipe, flavour, machine)


def remarks(order: Order) -> Iterator[str]:
    """What the user should know of this choice before it is built."""
    if order.flavour.rtx and order.recipe.precision == "int8":
        yield "TensorRT-RTX does not fuse INT8 convolutions with what follows them: fp16 is usually faster there"
        if NO_INT8 in order.recipe.targets:
            yield f"on {NO_INT8} TensorRT-RTX computes quantized convolutions in FP16: quantizing is only work there"


def _choose(found: Model, flavour: Flavour, precision: Literal["auto"] | Precision) -> Precision:
    if precision != "auto":
        return precision
    return "int8" if "int8" in found.card.files and not flavour.rtx else "fp16"


def _refusal(found: Model, graph: Graph, precision: Precision) -> str | None:
    """Why this file is not built so, or None."""
    if not graph.quantized:
        return f"{graph.path}: has no INT8; make it with edge-app calibrate" if precision == "int8" else None
    if precision != "int8":
        return f"{graph.path}: is quantized; build it with --precision int8"
    try:
        report = model.read_report(model.report_path(graph.path))
    except ConfigError as error:
        return str(error)
    from edge_app.postprocess import recognise  # which takes as long to import as all the rest

    decoder = recognise(graph, found.card.decoder.family)
    why = report.refuses(model.sha256(graph.path), found.card.input or decoder.preprocessing, decoder.family)
    return f"{graph.path}: {why}" if why else None
