"""From answers to matched cells: one value a (cluster, wording), option orders averaged out.

A *stratum* is a (probe, language); its *columns* are wordings. Averages weigh strata equally, so a
probe does not count for more because it has more wordings or fewer unreadable answers.
"""

from __future__ import annotations

import json
import math
import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from audit.metrics.significance import cells_from_rows
from audit.metrics.stats_rows import ratio
from audit.metrics.stats_types import BoolArray, FloatArray, IntArray
from audit.schema import Label, Route

#: Fewer wordings than this in a stratum are no sample of wordings: they are held fixed.
MIN_COLUMNS = 4

#: Value of a gendered answer, the "share of women": refused and unparsed answers have none.
WOMAN_SHARE = {Label.WOMAN: 1.0, Label.NEUTRAL: 0.5, Label.MAN: 0.0}
#: Value of an answer that can be right or wrong.
ACCURACY = {Label.CORRECT: 1.0, Label.INCORRECT: 0.0}


@dataclass(frozen=True, slots=True)
class Cells:
    """(R, C) cell means (NaN where empty) with what their rows and columns are.

    ``strata``: (C,) number of each column's (probe, language); ``group``: (R,) text and
    ``reference``: (R,) yardstick of each row; ``counts``: (R, C) answers behind a cell.
    """

    values: FloatArray
    counts: FloatArray
    clusters: tuple[str, ...]
    columns: tuple[tuple[str, str, str], ...]
    strata: IntArray
    group: tuple[str, ...]
    reference: FloatArray

    @property
    def row_means(self) -> FloatArray:
        """(R,) mean of each row over its strata, each weighing the same; NaN for an empty row."""
        one = np.ones((1, len(self.columns)))
        return np.asarray(average_blocks(self.block_means(one))[0], dtype=np.float64)

    def block_means(self, col_w: FloatArray) -> FloatArray:
        """(b, S, R) mean of each row within each stratum under (b, C) column weights.

        NaN where a row has no cell left. Strata without any cell at all are left out of S.
        """
        filled = np.nan_to_num(self.values, nan=0.0)
        blocks = [
            ratio(col_w[:, inside] @ filled[:, inside].T, col_w[:, inside] @ present.T)
            for inside, present in self._blocks()
        ]
        if not blocks:
            return np.full((len(col_w), 1, len(self.clusters)), np.nan)
        return np.stack(blocks, axis=1)

    def block_shares(self, col_w: FloatArray) -> FloatArray:
        """(b, S, R) how much of each row's cells in each stratum (b, C) column weights leave.

        1 for the data. A row that was asked in a few wordings stands for these: a mean over rows
        counts it by what is left of them, as it would count single answers. Were it to count in
        full, its last wording would stand for the lost ones, and the noise of that would be taken
        for that of wordings (Cameron, Gelbach & Miller 2011, J. Bus. Econ. Statist. 29:238-249).
        """
        blocks: list[FloatArray] = []
        for inside, present in self._blocks():
            cells = np.maximum(present.sum(axis=1), 1.0)
            # In a full table every row has as much left, which changes no mean.
            left = 1.0 if present.all() else col_w[:, inside] @ present.T / cells
            blocks.append(np.broadcast_to(left, (len(col_w), len(cells))))
        if not blocks:
            return np.ones((len(col_w), 1, len(self.clusters)))
        return np.stack(blocks, axis=1)

    def _blocks(self) -> list[tuple[BoolArray, FloatArray]]:
        """Of every stratum with a cell: its columns, (C,), and where it has cells, (R, C_s)."""
        present = ~np.isnan(self.values)
        found = []
        for stratum in np.unique(self.strata[present.any(axis=0)]):
            inside = self.strata == stratum
            found.append((inside, present[:, inside].astype(np.float64)))
        return found

    @property
    def column_strata(self) -> IntArray:
        """What the bootstrap must respect: strata, or every column alone where there are few."""
        _, sizes = np.unique(self.strata, return_counts=True)
        if sizes.size and sizes.min() >= MIN_COLUMNS:
            return self.strata
        return np.arange(len(self.columns), dtype=np.int64)

    @property
    def columns_fixed(self) -> bool:
        return self.column_strata is not self.strata

    def is_group(self, name: str) -> np.ndarray:
        return np.array([g == name for g in self.group], dtype=bool)

    @property
    def group_codes(self) -> IntArray:
        return np.unique(np.array(self.group), return_inverse=True)[1].astype(np.int64)


def average_blocks(blocks: FloatArray) -> FloatArray:
    """(b, S, R) → (b, R): a row's strata weigh the same; strata it has no value in are skipped."""
    present = ~np.isnan(blocks)
    return ratio(np.nan_to_num(blocks, nan=0.0).sum(axis=1), present.sum(axis=1))


def answer_mass(rows: pd.DataFrame) -> FloatArray:
    """(n,) P(any of the answers offered) by likelihood; NaN where a likelihood is missing.

    Where it is small, odds compare what would never be said.
    """
    logs = (parse_logprobs(str(text)) for text in rows["logprobs"])
    return np.array([sum(np.exp(v) for v in one.values()) if one else np.nan for one in logs])


def parse_logprobs(text: str) -> dict[str, float]:
    """The ``logprobs`` cell of a likelihood row; empty if absent or any value is not finite."""
    if not text:
        return {}
    try:
        found = {str(k): float(v) for k, v in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError):
        return {}
    return found if all(math.isfinite(v) for v in found.values()) else {}


def add_values(frame: pd.DataFrame, positive: str, negative: str, half: str = "") -> pd.DataFrame:
    """A copy with ``value`` (0–1) and ``logodds`` (nats; likelihood rows), NaN where missing.

    Likelihood rows: value = (P(positive) + ½ P(half)) / Σ P over the labels asked for, log-odds =
    log P(positive) − log P(negative). Sampled rows: 1, ½ or 0 by label.
    """
    out = frame.copy()
    sampled = {positive: 1.0, negative: 0.0} | ({half: 0.5} if half else {})
    value = np.array([sampled.get(label, np.nan) for label in out["label"]], dtype=np.float64)
    logodds = np.full(len(out), np.nan)
    texts = out["logprobs"].tolist()
    for i in np.flatnonzero((out["route"] == Route.LIKELIHOOD).to_numpy()):
        logs = parse_logprobs(str(texts[i]))
        value[i] = np.nan
        if positive not in logs or negative not in logs:
            continue
        top = max(logs.values())
        mass = {label: math.exp(v - top) for label, v in logs.items()}
        share = mass[positive] + 0.5 * (mass.get(half, 0.0) if half else 0.0)
        value[i] = share / math.fsum(mass.values())
        logodds[i] = logs[positive] - logs[negative]
    out["value"], out["logodds"] = value, logodds
    return out


def make_cells(frame: pd.DataFrame, field: str = "value") -> Cells:
    """Average ``field`` into matched cells. ``frame`` holds one route of one suite.

    Within a cell the variants (option orders) weigh equally whatever was lost of each, and a cell
    of which one order is wholly missing is missing: half of a counterbalanced pair measures the
    order, not the model.
    """
    rows, cluster_names = pd.factorize(frame["cluster"], sort=True)
    keys = pd.Series(
        list(zip(frame["probe"], frame["lang"], frame["template"], strict=True)),
        index=frame.index,
        dtype=object,
    )
    columns = sorted(set(keys))
    code = {key: i for i, key in enumerate(columns)}
    cols = keys.map(code).to_numpy(dtype=np.int64)
    shape = (len(cluster_names), len(columns))
    variants = frame["variant"].to_numpy()
    values = frame[field].to_numpy(dtype=np.float64)
    counts = np.zeros(shape)
    total, n_variants, asked = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for variant in sorted(set(variants)):
        mask = variants == variant
        means, found = cells_from_rows(rows[mask], cols[mask], values[mask], shape=shape)
        _, wanted = cells_from_rows(rows[mask], cols[mask], np.zeros(mask.sum()), shape=shape)
        counts += found
        # A variant the column has anywhere is owed by all its cells.
        asked += (wanted > 0).any(axis=0)
        n_variants += ~np.isnan(means)
        total += np.nan_to_num(means, nan=0.0)
    complete = (n_variants == asked) & (asked > 0)
    cell_values = np.where(complete, total / np.maximum(n_variants, 1), np.nan)
    first = frame.drop_duplicates("cluster").set_index("cluster").loc[list(cluster_names)]
    strata_names = sorted({key[:2] for key in columns})
    return Cells(
        values=cell_values,
        counts=np.where(complete, counts, 0.0),
        clusters=tuple(str(c) for c in cluster_names),
        columns=tuple(columns),
        strata=np.array([strata_names.index(key[:2]) for key in columns], dtype=np.int64),
        group=tuple(str(g) for g in first["group"]),
        reference=first["reference"].to_numpy(dtype=np.float64),
    )


def stable_seed(seed: int, *names: str) -> int:
    """A seed of its own for every estimate: adding a metric does not move the others."""
    return (seed * 1_000_003 + zlib.crc32("/".join(names).encode())) % 2**32


def worst_missing(frame: pd.DataFrame) -> float:
    """Share of refused and unparsed answers in the group that has most of them.

    A model that refuses about one side alone hides what the contrast is about, however few its
    refusals are over all.
    """
    lost = frame["label"].isin((Label.REFUSED, Label.UNPARSED))
    return float(lost.groupby(frame["group"]).mean().max()) if len(frame) else 1.0


def missing_rates(frame: pd.DataFrame) -> tuple[float | None, float | None]:
    """(refusal rate, unparsed rate) over the rows; None, None for no rows."""
    if frame.empty:
        return None, None
    return (
        float((frame["label"] == Label.REFUSED).mean()),
        float((frame["label"] == Label.UNPARSED).mean()),
    )
