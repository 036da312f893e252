"""From a metric's numbers to places along an axis: its unit, its ends and its ticks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ospo_metrics import locales
from ospo_metrics.catalog import Metric
from ospo_metrics.chart_style import rounded
from ospo_metrics.words import NBSP, Number, count

_SHARES = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """How a value becomes a place between `low` and `top`; ratios and costs go by their logarithm.

    Where `ticks` are empty, Plotly finds its own.
    """

    low: float
    top: float
    unit: str
    divisor: float = 1.0
    is_log: bool = False
    ticks: tuple[tuple[float, str], ...] = ()

    def place(self, value: float) -> float:
        """Where a value stands."""
        if not self.is_log:
            return rounded(value / self.divisor)
        return rounded(math.log10(value)) if value > 0 else self.low

    def within(self, value: float | None, otherwise: float) -> float:
        """Where the end of a range stands: at the edge of the chart where it leaves it or is open."""
        if value is None:
            return otherwise
        return max(self.low, min(self.top, self.place(value)))

    def axis(self) -> dict[str, object]:
        """The ends and ticks of a Plotly axis."""
        axis: dict[str, object] = {"range": [self.low, self.top]}
        if self.ticks:
            axis |= {"tickvals": [at for at, _ in self.ticks], "ticktext": [text for _, text in self.ticks]}
        return axis


def scale(metric: Metric, numbers: Iterable[Number]) -> Scale:
    """The scale on which all these numbers can be drawn together."""
    values, lowers, uppers = [], [], []
    for number in numbers:
        if number.is_ok:
            values += [] if number.value is None else [number.value]
            lowers += [] if number.lower is None else [number.lower]
            uppers += [] if number.upper is None else [number.upper]
    if metric.kind == "proportion":
        return _of_shares(metric, [*values, *uppers])
    if metric.kind in ("ratio", "cost"):
        return _of_times(metric, values, lowers, uppers)
    if metric.kind == "duration":
        return _of_waits(values, uppers)
    if metric.kind == "difference" or min([*values, *lowers], default=0.0) < 0:
        return _around_zero(metric, [*values, *lowers, *uppers])
    highest = max(values, default=0.0)
    return Scale(0.0, max(highest * 1.12, max(uppers, default=0.0) * 1.05, 1.0), metric.unit)


def _of_shares(metric: Metric, values: list[float]) -> Scale:
    top = next(top for top in _SHARES if top >= max(values, default=0.0) or top == 1)
    ticks = tuple((at, f"{100 * at:.0f}{NBSP}%") for at in (0.0, top / 2, top))
    return Scale(0.0, top * 1.04, f"% of {metric.of}", ticks=ticks)


def _of_waits(values: list[float], uppers: list[float]) -> Scale:
    highest = max(values, default=max(uppers, default=0.0))
    divisor, unit = (24.0, "days") if highest > 96 else (1.0, "hours")
    top = max([highest * 1.12, 1.0, *(min(upper, highest * 1.6) * 1.05 for upper in uppers)])
    return Scale(0.0, top / divisor, unit, divisor)


def _of_times(metric: Metric, values: list[float], lowers: list[float], uppers: list[float]) -> Scale:
    """By logarithm, so that twice as much and half as much are equally far; a ratio always shows "once"."""
    known = [value for value in (*values, *lowers) if value > 0] or [1.0]
    middle = max(values, default=max(known))
    ends = [*known, *(min(upper, middle * 30) for upper in uppers)]
    if metric.kind == "ratio":
        ends.append(1.0)
    low, top = math.log10(min(ends) / 1.25), math.log10(max(ends) * 1.25)
    steps = [
        leading * 10.0**power
        for power in range(math.floor(low), math.ceil(top) + 1)
        for leading in ((1, 2, 5) if top - low < 2.2 else (1, 3) if top - low < 4 else (1,))
    ]
    told = "×" if metric.kind == "ratio" else ""
    ticks = tuple(
        (
            rounded(math.log10(step)),
            f"{locales.number(f'{step:g}')}{told}" if step < 1 else f"{count(step)}{told}",
        )
        for step in steps
        if low <= math.log10(step) <= top
    )
    unit = "times as many" if metric.kind == "ratio" else metric.unit
    return Scale(rounded(low), rounded(top), f"{unit}, logarithmic scale", is_log=True, ticks=ticks)


def _around_zero(metric: Metric, values: list[float]) -> Scale:
    """Nothing in the middle, so that more and less are equally tall."""
    divisor = 0.01 if metric.unit == "percentage points" else 1.0
    reach = max([abs(value) / divisor for value in values] or [1.0]) * 1.1 or 1.0
    step = _nice(reach / 2)
    ticks = tuple(
        (sign * step, count(step) if sign > 0 else f"−{count(step)}" if sign < 0 else "0")
        for sign in (-1, 0, 1)
    )
    return Scale(-reach, reach, metric.unit, divisor, ticks=ticks)


def _nice(value: float) -> float:
    """The largest 1, 2 or 5 with zeros that is not above a value."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(leading * power for leading in (5, 2, 1) if leading * power <= value * (1 + 1e-9))
