"""Draws a trace as an SVG timeline."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.gpu.trace import Span, Trace

ROWS = {
    ("thread", "submit"): (0, "#4c72b0"),
    ("thread", "wait"): (0, "#dddddd"),
    ("thread", "postprocess"): (0, "#937860"),
    ("slot 0", "upload"): (1, "#ccb974"),
    ("slot 0", "letterbox"): (1, "#55a868"),
    ("slot 0", "network"): (1, "#c44e52"),
    ("slot 0", "download"): (1, "#8172b3"),
    ("slot 1", "upload"): (2, "#ccb974"),
    ("slot 1", "letterbox"): (2, "#55a868"),
    ("slot 1", "network"): (2, "#c44e52"),
    ("slot 1", "download"): (2, "#8172b3"),
}
LABELS = ("analysis thread", "GPU, slot 0", "GPU, slot 1")
LEFT, WIDTH, ROW, BAR = 120, 880, 46, 30
STYLE = "<style>text{font:12px sans-serif;fill:#333}line{stroke:#ccc}</style>"


def svg(trace: Trace, start: float, stop: float) -> str:
    """The spans between two times [s], with a row for the thread and one for each slot."""
    shown = [span for span in trace.spans if span.stop > start and span.start < stop and (span.row, span.name) in ROWS]
    height = ROW * len(LABELS) + 60
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 10} {height}" role="img">',
        f'{STYLE}<rect width="100%" height="100%" fill="#fff"/>',
        *(f'<text x="8" y="{ROW * row + 36}">{label}</text>' for row, label in enumerate(LABELS)),
        *ruler(start, stop, ROW * len(LABELS) + 14),
        *(bar(span, start, stop) for span in shown),
        *legend(height - 8),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def x_of(at: float, start: float, stop: float) -> float:
    """The x coordinate of a time, clipped to the picture [px]."""
    return LEFT + WIDTH * min(max((at - start) / (stop - start), 0.0), 1.0)


def bar(span: Span, start: float, stop: float) -> str:
    """A span's bar, with its name and duration as a tooltip."""
    row, colour = ROWS[span.row, span.name]
    left, right = x_of(span.start, start, stop), x_of(span.stop, start, stop)
    title = f"<title>{span.name} {1e6 * (span.stop - span.start):.0f} us</title>"
    place = f'x="{left:.1f}" y="{ROW * row + 16}" width="{max(right - left, 0.5):.1f}" height="{BAR}"'
    return f'<rect {place} fill="{colour}" stroke="#fff" stroke-width="0.5">{title}</rect>'


def ruler(start: float, stop: float, bottom: int) -> Sequence[str]:
    """Lines and labels at regular times, at most 12 of them."""
    step = next(s for s in (0.0002, 0.0005, 0.001, 0.002, 0.005, 1.0) if (stop - start) / s <= 12)
    times = [start + step * n for n in range(int((stop - start) / step) + 1)]
    places = [(x_of(at, start, stop), 1e3 * (at - start)) for at in times]
    return [
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="10" y2="{bottom}"/><text x="{x:.1f}" y="{bottom + 14}">{ms:.1f} ms</text>'
        for x, ms in places
    ]


def legend(bottom: int) -> Sequence[str]:
    """The legend of the colours."""
    colours = {name: colour for (_, name), (_, colour) in ROWS.items()}
    return [
        f'<rect x="{LEFT + 120 * n}" y="{bottom - 10}" width="12" height="12" fill="{colour}"/>'
        f'<text x="{LEFT + 120 * n + 17}" y="{bottom}">{name}</text>'
        for n, (name, colour) in enumerate(colours.items())
    ]
