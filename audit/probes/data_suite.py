"""What the suites with a data file share: its declarations, and the way to their metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from audit.probes.base import read_primary, read_yaml
from audit.schema import MetricRow, PrimaryMetric

if TYPE_CHECKING:
    import pandas as pd

    from audit.metrics.measures import Measure

    Estimators = tuple[Callable[..., list[MetricRow]], Callable[..., list[Measure]]]


class DataSuite:
    """Version, title and primary metrics of ``data/FILE``; metrics and measures of a module.

    A subclass adds what it asks, how it reads an answer and its clusters, see
    :class:`audit.probes.base.Suite`.
    """

    name: str
    file: str

    def __init__(self) -> None:
        self._data = read_yaml(self.file)
        self.version: str = self._data["version"]
        self.title: Mapping[str, str] = self._data["title"]
        self.primary: tuple[PrimaryMetric, ...] = read_primary(self._data)

    def _estimators(self) -> Estimators:
        """(metrics, measures), imported here: what only lists or asks needs no statistics."""
        raise NotImplementedError

    def metrics(
        self, frame: pd.DataFrame, *, seed: int, margins: Mapping[str, float] | None
    ) -> list[MetricRow]:
        """Every row of results.json for the suite."""
        metrics, _ = self._estimators()
        return metrics(frame, suite=self.name, primary=self.primary, seed=seed, margins=margins)

    def measures(
        self, frame: pd.DataFrame, *, margins: Mapping[str, float] | None
    ) -> list[Measure]:
        """For ``audit compare``: see :class:`audit.probes.base.Comparable`."""
        _, measures = self._estimators()
        return measures(frame, primary=self.primary, margins=margins)


def plain_cluster(cluster: str, label: Mapping[str, str], group: str = "") -> dict[str, Any]:
    """A row of ``clusters()`` without a yardstick."""
    return {
        "cluster": cluster,
        "label": dict(label),
        "group": group,
        "reference": None,
        "year": None,
        "source": "",
    }
