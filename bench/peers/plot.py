"""Draws what a message costs against the number of sessions, as an SVG: one panel for each size of message."""

import math

WIDTH, HEIGHT, LEFT, TOP, BELOW = 300, 260, 46, 48, 40
COLOURS = {"raw": "#6b7280", "rushhour": "#0f766e", "rushhour-2": "#0891b2", "ws": "#b45309", "artillery": "#9333ea",
           "websockets": "#dc2626"}


def ticks(most):
    """Round steps from 0 to at least `most`, four to eight of them."""
    step = 10 ** math.floor(math.log10(most))
    step = next(step * part for part in (0.2, 0.5, 1, 2) if most / (step * part) <= 7)
    return [step * i for i in range(math.ceil(most / step) + 1)]


def panel(size, rows, across):
    """rows: {client: {sessions: us}}."""
    marks = ticks(max(us for costs in rows.values() for us in costs.values()))
    counts = sorted({sessions for costs in rows.values() for sessions in costs})
    low, high = math.log10(counts[0]), math.log10(counts[-1])
    wide, tall = WIDTH - LEFT - 28, HEIGHT - TOP - BELOW

    def x(sessions):
        return LEFT + wide * (0.5 if high == low else (math.log10(sessions) - low) / (high - low))

    def y(us):
        return TOP + tall * (1 - us / marks[-1])

    parts = [f'<g transform="translate({across},0)">',
             f'<text x="{LEFT}" y="{TOP - 12}" class="head">{size:,} bytes</text>']
    for mark in marks:
        parts.append(f'<path d="M{LEFT} {y(mark):.1f}H{LEFT + wide}" class="grid"/>'
                     f'<text x="{LEFT - 6}" y="{y(mark) + 4:.1f}" class="end">{mark:g}</text>')
    for count in counts:
        parts.append(f'<text x="{x(count):.1f}" y="{HEIGHT - BELOW + 18}" class="middle">{count:,}</text>')
    for client, costs in rows.items():
        points = [(x(sessions), y(costs[sessions])) for sessions in sorted(costs)]
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{COLOURS[client]}" stroke-width="2"/>')
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{COLOURS[client]}"/>' for a, b in points]
    return "".join(parts) + "</g>"


def svg(costs):
    """costs: {size: {client: {sessions: us of CPU for each message}}}; returns the document."""
    width = WIDTH * len(costs)
    names = list(next(iter(costs.values())))
    legend = "".join(f'<circle cx="{LEFT + 104 * i}" cy="14" r="4" fill="{COLOURS[name]}"/>'
                     f'<text x="{LEFT + 9 + 104 * i}" y="18">{name}</text>' for i, name in enumerate(names))
    panels = "".join(panel(size, rows, WIDTH * i) for i, (size, rows) in enumerate(costs.items()))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" width="{width}" height="{HEIGHT}">'
            "<style>text{font:12px sans-serif;fill:#374151}.head{font-weight:bold}.end{text-anchor:end}"
            ".middle{text-anchor:middle}.grid{stroke:#e5e7eb}</style>"
            f'<rect width="{width}" height="{HEIGHT}" fill="#fff"/>{legend}{panels}'
            f'<text x="{width / 2}" y="{HEIGHT - 4}" class="middle">sessions; the other axis: us of CPU for each message</text>'
            "</svg>\n")
