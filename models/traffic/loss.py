"""The training loss: assigns cells to objects (SimOTA) and compares predictions with targets."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, l1_loss, one_hot

CENTRE_RADIUS = 1.5  # a cell may be assigned to an object whose centre is this near [strides]
MAX_CELLS = 10  # cells that may be assigned to one object
FORBIDDEN_COST = 1e6  # of a cell that may not be assigned


def overlap(a: Tensor, b: Tensor, generalised: bool = False) -> Tensor:
    """Intersection over union of broadcast corner boxes; generalised: GIoU, -1 to 1."""
    inner = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0)
    inner = inner.prod(-1)
    union = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - inner
    iou = inner / union.clamp(min=1e-6)
    if not generalised:
        return iou
    hull = (torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])).prod(-1)
    return iou - (hull - union) / hull.clamp(min=1e-6)


def decode(rows: Tensor, grid: Tensor, strides: Tensor) -> Tensor:
    """The corner boxes [input px] of raw rows (batch, cells, 4 or more)."""
    centres = (rows[..., :2] + grid) * strides
    # Untrained weights must not overflow: no object is e^8 cells wide.
    halves = rows[..., 2:4].clamp(max=8).exp() * strides / 2
    return torch.cat((centres - halves, centres + halves), -1)


def encode(boxes: Tensor, grid: Tensor, strides: Tensor) -> Tensor:
    """The raw rows that would decode to these corner boxes."""
    sizes = (boxes[..., 2:] - boxes[..., :2]).clamp(min=1e-3)
    return torch.cat(((boxes[..., :2] + boxes[..., 2:]) / 2 / strides - grid, (sizes / strides).log()), -1)


def assignment_costs(rows: Tensor, targets: Tensor, ious: Tensor, grid: Tensor, strides: Tensor) -> Tensor:
    """The cost of assigning each cell to each object: (batch, objects, cells)."""
    joint = (rows[..., 5:].sigmoid() * rows[..., 4:5].sigmoid()).sqrt().clamp(1e-4, 1 - 1e-4)
    absent = -torch.log1p(-joint)
    # Cross-entropy against a one-hot class, for every class at once; then each object takes its own.
    by_class = absent.sum(-1, keepdim=True) - absent - joint.log()
    classes = targets[..., 4].clamp(min=0).long()
    of_class = by_class.transpose(1, 2).gather(1, classes[..., None].expand(-1, -1, rows.shape[1]))
    centres = (targets[..., :2] + targets[..., 2:4]) / 2
    away = (centres[:, :, None] - ((grid + 0.5) * strides)[None, None]).abs().amax(-1)
    forbidden = (away >= CENTRE_RADIUS * strides[:, 0]) | (targets[..., 4] < 0)[..., None]
    return of_class - 3 * ious.clamp(min=1e-8).log() + FORBIDDEN_COST * forbidden


def assign(rows: Tensor, targets: Tensor, grid: Tensor, strides: Tensor) -> tuple[Tensor, Tensor]:
    """Which cells are assigned to an object (batch, cells), and to which one (SimOTA).

    An object takes as many of its cheapest cells as its best overlaps sum up to, at least one; a cell
    that several objects want goes to the cheapest of them.
    """
    ious = overlap(targets[:, :, None, :4], decode(rows, grid, strides)[:, None])
    cost = assignment_costs(rows, targets, ious, grid, strides)
    allowed = cost < FORBIDDEN_COST / 2
    wanted = (ious * allowed).topk(MAX_CELLS, -1).values.sum(-1).long().clamp(min=1)
    cheapest = cost.topk(MAX_CELLS, -1, largest=False).indices
    rank = torch.arange(MAX_CELLS, device=rows.device)
    taken = torch.zeros_like(allowed).scatter_(2, cheapest, rank < wanted[..., None]) & allowed
    owner = torch.where(taken, cost, 2 * FORBIDDEN_COST).argmin(1)
    return taken.any(1), owner


def cells_to_ignore(ignored: Tensor, grid: Tensor, strides: Tensor) -> Tensor:
    """Cells whose centre lies in or half a stride around a box to ignore: (batch, cells)."""
    centres = ((grid + 0.5) * strides)[None, None]
    margin = strides[None, None] / 2
    inside = (centres > ignored[:, :, None, :2] - margin) & (centres < ignored[:, :, None, 2:4] + margin)
    return (inside.all(-1) & (ignored[..., 4] >= 0)[..., None]).any(1)


def detection_loss(rows: Tensor, targets: Tensor, grid: Tensor, strides: Tensor) -> Tensor:
    """The loss of raw rows (batch, cells, 5 + classes) against padded targets (batch, objects, 6).

    A target is x1, y1, x2, y2 [input px], class (-1: padding), and 1 where it is to be ignored: cells
    on such an object get no loss for calling it an object or background.
    """
    skip = targets[..., 5:] > 0
    counted = torch.cat((targets[..., :4], targets[..., 4:5].masked_fill(skip, -1)), -1)
    ignored = torch.cat((targets[..., :4], targets[..., 4:5].masked_fill(~skip, -1)), -1)
    with torch.no_grad():
        positive, owner = assign(rows, counted, grid, strides)
        weight = (positive | ~cells_to_ignore(ignored, grid, strides)).float()
    image, cell = positive.nonzero(as_tuple=True)
    assigned_rows, wanted = rows[image, cell], counted[image, owner[image, cell]]
    boxes = decode(assigned_rows, grid[cell], strides[cell])
    with torch.no_grad():
        ious = overlap(boxes, wanted[:, :4])[:, None]
    objectness = binary_cross_entropy_with_logits(rows[..., 4], positive.float(), weight=weight, reduction="sum")
    # A class score that includes how well the box fits ranks the detections better.
    labels = one_hot(wanted[:, 4].long(), rows.shape[-1] - 5) * ious
    classes = binary_cross_entropy_with_logits(assigned_rows[:, 5:], labels, reduction="sum")
    box_loss = (1 - overlap(boxes, wanted[:, :4], generalised=True)).sum()
    raw = l1_loss(assigned_rows[:, :4], encode(wanted[:, :4], grid[cell], strides[cell]), reduction="sum")
    return (objectness + classes + 5 * box_loss + raw) / max(len(image), 1)
