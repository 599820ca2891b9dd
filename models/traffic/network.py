"""The detector: a small anchor-free network of plain convolutions and ReLU, with YOLOX's raw output."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torch.nn.utils.fusion import fuse_conv_bn_eval

CLASSES = 4
STRIDES = (8, 16, 32)
INPUT_SCALE = 1 / 128  # pixels 0..255 to about 0..2; `fuse` moves it into the first convolution


class Conv(nn.Sequential):
    """Convolution, batch normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03),
            nn.ReLU(inplace=True),
        )


class Block(nn.Module):
    """A chain of 3x3 convolutions whose outputs are all concatenated and mixed: depth without additions.

    Sums of two branches need a shared scale in INT8; a concatenation of ReLU outputs quantises better.
    """

    def __init__(self, inputs: int, hidden: int, outputs: int, depth: int) -> None:
        super().__init__()
        self.enter = Conv(inputs, hidden, 1)
        self.chain = nn.ModuleList(Conv(hidden, hidden) for _ in range(depth))
        self.leave = Conv(hidden * (depth + 1), outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        steps = [self.enter(x)]
        for conv in self.chain:
            steps.append(conv(steps[-1]))
        return self.leave(torch.cat(steps, 1))


class Head(nn.Module):
    """One level's predictions: boxes and objectness from one branch, classes from the other.

    Boxes and objectness have convolutions of their own: logits have a wide range, and with one INT8 scale
    for both, boxes would move in steps of pixels.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.where, self.what = Conv(inputs, hidden), Conv(inputs, hidden)
        self.boxes, self.objectness = nn.Conv2d(hidden, 4, 1), nn.Conv2d(hidden, 1, 1)
        self.classes = nn.Conv2d(hidden, CLASSES, 1)
        for last in (self.boxes, self.objectness, self.classes):
            nn.init.normal_(last.weight, std=0.01)
            nn.init.zeros_(last.bias)
        # Nearly every cell is background: start there, or the first steps only learn that.
        nn.init.constant_(self.objectness.bias, -4.0)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Boxes (batch, 4, cells), and the logits of objectness and classes (batch, 1 + classes, cells)."""
        where = self.where(x)
        logits = torch.cat((self.objectness(where), self.classes(self.what(x))), 1)
        return self.boxes(where).flatten(2), logits.flatten(2)


class Network(nn.Module):
    """Backbone, feature pyramid down and up again, and one head per stride.

    Takes images (batch, 3, H, W), BGR, 0 to 255, and returns (batch, cells, 5 + classes): strides in
    `STRIDES`' order, cells row by row, each cx, cy [cells from its own corner], log w, log h [cells],
    objectness, classes; the last two as logits, unless `probabilities` is set.
    """

    def __init__(self) -> None:
        super().__init__()
        self.probabilities = False
        self.input_scale = INPUT_SCALE
        self.stem = nn.Sequential(Conv(3, 16, 3, 2), Conv(16, 32, 3, 2), Block(32, 16, 32, 2))
        self.down8 = nn.Sequential(Conv(32, 64, 3, 2), Block(64, 32, 64, 3))
        self.down16 = nn.Sequential(Conv(64, 96, 3, 2), Block(96, 40, 96, 3))
        self.down32 = nn.Sequential(Conv(96, 128, 3, 2), Block(128, 40, 96, 3))
        self.up16 = Block(96 + 96, 32, 64, 2)
        self.up8 = Block(64 + 64, 32, 64, 2)
        self.again16 = Conv(64, 64, 3, 2)
        self.out16 = Block(64 + 64, 32, 64, 2)
        self.again32 = Conv(64, 64, 3, 2)
        self.out32 = Block(64 + 96, 32, 64, 2)
        self.heads = nn.ModuleList(Head(64, 48) for _ in STRIDES)

    def forward(self, images: Tensor) -> Tensor:
        x8 = self.down8(self.stem(images * self.input_scale if self.input_scale != 1 else images))
        x16 = self.down16(x8)
        x32 = self.down32(x16)
        y16 = self.up16(torch.cat((interpolate(x32, scale_factor=2.0), x16), 1))
        y8 = self.up8(torch.cat((interpolate(y16, scale_factor=2.0), x8), 1))
        y16 = self.out16(torch.cat((self.again16(y8), y16), 1))
        y32 = self.out32(torch.cat((self.again32(y16), x32), 1))
        levels = [head(y) for head, y in zip(self.heads, (y8, y16, y32), strict=True)]
        boxes, scores = (torch.cat(parts, 2) for parts in zip(*levels, strict=True))
        return torch.cat((boxes, scores.sigmoid() if self.probabilities else scores), 1).transpose(1, 2)


def fuse(network: Network) -> Network:
    """Folds normalisation and input scale into the convolutions and outputs probabilities, for export; in place."""
    network.eval()
    for module in network.modules():
        if isinstance(module, Conv):
            module[0] = fuse_conv_bn_eval(module[0], module[1])
            module[1] = nn.Identity()
    first = network.stem[0][0]
    first.weight.data *= network.input_scale
    network.input_scale = 1
    network.probabilities = True
    return network


def cells(width: int, height: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Every cell's column and row (cells, 2) and stride (cells, 1), in the order of the output."""
    grids, strides = [], []
    for stride in STRIDES:
        rows, columns = torch.meshgrid(torch.arange(height // stride), torch.arange(width // stride), indexing="ij")
        grids.append(torch.stack((columns, rows), 2).reshape(-1, 2))
        strides.append(torch.full((len(grids[-1]), 1), stride))
    return torch.cat(grids).float().to(device), torch.cat(strides).float().to(device)
