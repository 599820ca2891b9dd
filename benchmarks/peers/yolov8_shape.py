"""A network of YOLOv8n's shape with random weights: what most users' models cost, without anybody's code or weights.

python -m benchmarks.peers.yolov8_shape OUT.onnx [--size 640] [--batch 8]

Convolutions with their batch normalisation folded in, SiLU, CSP blocks with two convolutions a bottleneck, a pooled
pyramid, three levels, and a decoupled head with 16 bins a side; the answer is (batch, 4 + 80, cells). Whatever the
picture, the same ten objects of six cells each are found: of random scores thousands would be, and only their
suppression be measured.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

CLASSES, BINS = 80, 16
STRIDES = (8, 16, 32)
GAIN = 2.8  # of weights before SiLU, so that numbers neither grow nor vanish
SCORE_GAIN = GAIN / 250_000  # of those that make the logits of classes, which the picture then moves by about 0.1
UNLIKELY, LIKELY = -6.0, 1.0  # those logits where nothing is, and where an object is
OBJECTS, ROWS, COLUMNS = 10, 2, 3  # and the cells of each: a trained network finds an object in several


@dataclass
class Network:
    """A graph that grows by its layers; each method takes tensors by name and returns one's."""

    nodes: list[Any] = field(default_factory=list)
    weights: list[Any] = field(default_factory=list)
    dice: Any = field(default_factory=lambda: np.random.default_rng(0))
    channels: dict[str, int] = field(default_factory=dict)

    def node(self, kind: str, *inputs: str, channels: int = 0, **attributes: Any) -> str:
        """A node with one output."""
        name = f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        self.channels[name] = channels or self.channels.get(inputs[0], 0)
        return name

    def constant(self, value: Any) -> str:
        """A tensor of weights."""
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def conv(self, x: str, out: int, kernel: int = 1, stride: int = 1) -> str:
        """A convolution and SiLU."""
        y = self.plain(x, out, kernel, stride)
        return self.node("Mul", y, self.node("Sigmoid", y))

    def plain(
        self, x: str, out: int, kernel: int = 1, stride: int = 1, *, gain: float = GAIN, bias: float = 0.0
    ) -> str:
        """A convolution alone."""
        fan_in = self.channels[x] * kernel * kernel
        weight = self.dice.normal(0, (gain / fan_in) ** 0.5, (out, self.channels[x], kernel, kernel))
        pads = [kernel // 2] * 4
        inputs = x, self.constant(weight.astype(np.float32)), self.constant(np.full(out, bias, np.float32))
        return self.node("Conv", *inputs, channels=out, pads=pads, strides=[stride] * 2, kernel_shape=[kernel] * 2)

    def concat(self, *parts: str) -> str:
        """Channels one after another."""
        return self.node("Concat", *parts, channels=sum(self.channels[part] for part in parts), axis=1)

    def block(self, x: str, out: int, depth: int, *, shortcut: bool) -> str:
        """Half of the channels through some bottlenecks, all of whose outputs are kept."""
        half = out // 2
        y = self.conv(x, out)
        sizes, names = self.constant(np.array([half, half])), [f"{y}_{side}" for side in "ab"]
        self.nodes.append(helper.make_node("Split", [y, sizes], names, axis=1))
        self.channels |= dict.fromkeys(names, half)
        for _ in range(depth):
            z = self.conv(self.conv(names[-1], half, 3), half, 3)
            names.append(self.node("Add", names[-1], z) if shortcut else z)
        return self.conv(self.concat(*names), out)

    def pyramid(self, x: str) -> str:
        """Pooled three times over, with what is pooled beside it."""
        pooled = [self.conv(x, self.channels[x] // 2)]
        for _ in range(3):
            pooled.append(self.node("MaxPool", pooled[-1], kernel_shape=[5, 5], pads=[2] * 4))
        return self.conv(self.concat(*pooled), self.channels[x])

    def doubled(self, x: str) -> str:
        """Twice as high and wide."""
        return self.node("Resize", x, "", self.constant(np.array([1, 1, 2, 2], np.float32)), mode="nearest")


def backbone(net: Network) -> list[str]:
    """The three levels, finest first."""
    net.channels["images"] = 3
    x = net.conv(net.conv("images", 16, 3, 2), 32, 3, 2)
    x = net.block(x, 32, 1, shortcut=True)
    third = net.block(net.conv(x, 64, 3, 2), 64, 2, shortcut=True)
    fourth = net.block(net.conv(third, 128, 3, 2), 128, 2, shortcut=True)
    fifth = net.pyramid(net.block(net.conv(fourth, 256, 3, 2), 256, 1, shortcut=True))
    middle = net.block(net.concat(net.doubled(fifth), fourth), 128, 1, shortcut=False)
    fine = net.block(net.concat(net.doubled(middle), third), 64, 1, shortcut=False)
    middle = net.block(net.concat(net.conv(fine, 64, 3, 2), middle), 128, 1, shortcut=False)
    coarse = net.block(net.concat(net.conv(middle, 128, 3, 2), fifth), 256, 1, shortcut=False)
    return [fine, middle, coarse]


def head(net: Network, levels: list[str], size: int) -> None:
    """Sides of boxes from bins, and a score for each class."""
    flat = []
    for level, stride in zip(levels, STRIDES, strict=True):
        sides = net.plain(net.conv(net.conv(level, 64, 3), 64, 3), 4 * BINS)
        scores = net.conv(net.conv(level, CLASSES, 3), CLASSES, 3)
        scores = net.plain(scores, CLASSES, gain=SCORE_GAIN, bias=UNLIKELY)
        shape = net.constant(np.array([0, 4 * BINS + CLASSES, (size // stride) ** 2]))
        flat.append(net.node("Reshape", net.concat(sides, scores), shape))
    every = net.node("Concat", *flat, axis=2)
    net.nodes.append(
        helper.make_node("Split", [every, net.constant(np.array([4 * BINS, CLASSES]))], ["bins", "logits"], axis=1)
    )
    count = sum((size // stride) ** 2 for stride in STRIDES)
    bins = net.node("Reshape", "bins", net.constant(np.array([0, 4, BINS, count])))
    bins = net.node("Softmax", net.node("Transpose", bins, perm=[0, 2, 1, 3]), axis=1)
    weights = net.constant(np.arange(BINS, dtype=np.float32).reshape(1, BINS, 1, 1))
    sides = net.node("Reshape", net.node("Conv", bins, weights), net.constant(np.array([0, 4, count])))
    net.nodes.append(helper.make_node("Split", [sides, net.constant(np.array([2, 2]))], ["before", "after"], axis=1))
    points, strides = anchors(size)
    first = net.node("Sub", net.constant(points), "before")
    last = net.node("Add", net.constant(points), "after")
    centre = net.node("Mul", net.node("Add", first, last), net.constant(np.float32(0.5)))
    box = net.node("Mul", net.node("Concat", centre, net.node("Sub", last, first), axis=1), net.constant(strides))
    scores = net.node("Sigmoid", net.node("Add", "logits", net.constant(objects(size))))
    net.nodes.append(helper.make_node("Concat", [box, scores], ["output0"], axis=1))


def objects(size: int) -> NDArray[np.float32]:
    """What makes the logits of each class and cell likely where the objects are, shape (1, classes, cells)."""
    dice = np.random.default_rng(1)
    levels = [np.zeros((CLASSES, size // stride, size // stride), np.float32) for stride in STRIDES]
    for number in range(OBJECTS):
        level = levels[number % len(levels)]
        side = level.shape[1]
        row, column = dice.integers(0, side - ROWS), dice.integers(0, side - COLUMNS)
        level[dice.integers(0, CLASSES), row : row + ROWS, column : column + COLUMNS] = LIKELY - UNLIKELY
    return np.concatenate([level.reshape(CLASSES, -1) for level in levels], axis=1)[None]


def anchors(size: int) -> tuple[np.ndarray, np.ndarray]:
    """The middle of each cell [cells], shape (1, 2, cells), and its stride [px], shape (1, cells)."""
    points, strides = [], []
    for stride in STRIDES:
        side = size // stride
        y, x = np.mgrid[:side, :side].astype(np.float32) + 0.5
        points.append(np.stack([x.reshape(-1), y.reshape(-1)]))
        strides.append(np.full((1, side * side), stride, np.float32))
    return np.concatenate(points, axis=1)[None], np.concatenate(strides, axis=1)


def write(path: Path, size: int = 640, batch: int | str = "batch") -> Path:
    """Writes the network for pictures of that size; returns the path."""
    net = Network()
    head(net, backbone(net), size)
    cells = sum((size // stride) ** 2 for stride in STRIDES)
    picture = helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, 3, size, size])
    answer = helper.make_tensor_value_info("output0", TensorProto.FLOAT, [batch, 4 + CLASSES, cells])
    graph = helper.make_graph(net.nodes, "yolov8_shape", [picture], [answer], net.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, {"task": "detect"})
    onnx.save(model, path)
    return path


def main() -> None:
    """Writes one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--size", type=int, default=640)
    parser.add_argument("--batch", type=int, help="fixed; without it any")
    args = parser.parse_args()
    write(args.out, args.size, args.batch or "batch")


if __name__ == "__main__":
    main()
