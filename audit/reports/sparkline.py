"""The small picture of one table row: parity, labour statistics, the model and its interval."""

from __future__ import annotations

from markupsafe import Markup

from audit.reports.view import ClusterView

_WIDTH, _HEIGHT, _PAD = 150, 20, 5


def _x(share: float) -> float:
    return round(_PAD + min(1.0, max(0.0, share)) * (_WIDTH - 2 * _PAD), 1)


def sparkline(cluster: ClusterView) -> Markup:
    """An inert SVG, hidden from screen readers: the row's cells say the same in words."""
    if cluster.row is None or cluster.row.row.estimate is None:
        return Markup("")
    row, middle = cluster.row.row, _HEIGHT / 2
    parts = [
        f'<line class="axis" x1="{_PAD}" x2="{_WIDTH - _PAD}" y1="{middle}" y2="{middle}"/>',
        f'<line class="parity" x1="{_x(0.5)}" x2="{_x(0.5)}" y1="2" y2="{_HEIGHT - 2}"/>',
    ]
    if row.ci_low is not None and row.ci_high is not None:
        low, high = _x(row.ci_low), _x(row.ci_high)
        parts.append(f'<line class="ci" x1="{low}" x2="{high}" y1="{middle}" y2="{middle}"/>')
    if cluster.reference is not None:
        at = _x(cluster.reference)
        parts.append(f'<line class="labour" x1="{at}" x2="{at}" y1="3" y2="{_HEIGHT - 3}"/>')
    parts.append(f'<circle class="dot" cx="{_x(row.estimate or 0)}" cy="{middle}" r="4"/>')
    return Markup(
        f'<svg class="spark" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" '
        f'aria-hidden="true" focusable="false">{"".join(parts)}</svg>'
    )
