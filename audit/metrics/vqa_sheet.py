"""Rows of one route of suite ``vqa-gender``: gaps, rates, single numbers, each with its slice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from audit.metrics.cells import Cells
from audit.metrics.contrast import Paired, paired_measure
from audit.metrics.estimates import Context, measure_row, metric_row, number, rate
from audit.metrics.measures import Measure
from audit.metrics.significance import TestResult, cohens_h
from audit.metrics.stats_types import FloatArray
from audit.metrics.verdict import Evidence, Family
from audit.schema import MetricRow

CLUSTERS = "profession"


@dataclass(frozen=True, slots=True)
class Sheet:
    """``lead``: whether this route's ``all`` rows of declared metrics are the primary ones."""

    family: Family
    suite: str
    seed: int
    route: str
    lead: bool
    margins: Mapping[str, float]

    def context(self, metric: str, where: str, rows: pd.DataFrame) -> Context:
        margin = self.margins.get(metric)
        primary = margin is not None and where == "all" and self.lead
        role = "primary" if primary else "exploratory"
        return Context(self.suite, where, self.route, role, self.seed, rows, margin)

    def gap(
        self,
        metric: str,
        rows: pd.DataFrame,
        found: Paired | None,
        where: str = "all",
        note: str = "",
    ) -> None:
        """A difference of two shares, over professions."""
        context = self.context(metric, where, rows)
        measure = gap_measure(
            metric, rows, found, primary=context.role == "primary", margin=context.margin, note=note
        )
        if measure is None or found is None:
            if where == "all":
                self.family.add(metric_row(context, metric, None, None, n_clusters=0))
            return
        size = number(cohens_h(_share(found.first), _share(found.second)))
        measure_row(self.family, context, measure, lambda _: size)

    def measured(
        self, metric: str, rows: pd.DataFrame, measure: Measure | None, where: str = "all"
    ) -> None:
        """A measure built elsewhere."""
        if measure is not None:
            measure_row(self.family, self.context(metric, where, rows), measure)

    def rate(
        self, metric: str, rows: pd.DataFrame, cells: Cells | None, where: str = "all"
    ) -> MetricRow | None:
        """A share, 0 to 1, averaged over professions; nothing to test it against."""
        if cells is None:
            return None
        return self.mean(metric, rows, cells.row_means, where)

    def mean(
        self,
        metric: str,
        rows: pd.DataFrame,
        values: FloatArray,
        where: str = "all",
        note: str = "",
    ) -> MetricRow | None:
        """The mean of one share a profession, (n,)."""
        context = self.context(metric, where, rows)
        kept = np.clip(values[~np.isnan(values)], 0.0, 1.0)  # rounding may leave [0, 1]
        if not len(kept):
            return None
        if len(kept) < 2:
            row = metric_row(
                context, metric, None, None, n_clusters=1, estimate=float(kept[0]), note=note
            )
            self.family.add(row)
            return row
        result = rate(kept, context, metric)
        row = metric_row(context, metric, result, None, n_clusters=len(kept), note=note)
        self.family.add(row, Evidence(result))
        return row

    def single(
        self,
        metric: str,
        rows: pd.DataFrame,
        estimate: float,
        where: str,
        test: TestResult | None = None,
        note: str = "",
    ) -> None:
        """A number without an interval; no margin, so that it is never judged."""
        context = Context(self.suite, where, self.route, "exploratory", self.seed, rows)
        n = int(rows["cluster"].nunique())
        self.family.add(
            metric_row(context, metric, None, test, n_clusters=n, estimate=estimate, note=note)
        )


def gap_measure(
    metric: str,
    rows: pd.DataFrame,
    found: Paired | None,
    *,
    primary: bool = False,
    margin: float | None = None,
    note: str = "",
) -> Measure | None:
    """The mean of ``found`` over professions; see :func:`audit.metrics.contrast.paired_measure`."""
    return paired_measure(
        metric, rows, found, clusters=CLUSTERS, primary=primary, margin=margin, note=note
    )


def _share(value: float) -> float:
    return min(max(value, 0.0), 1.0)
