"""Suite ``winogender``: from answers to schemas, the sentences that are compared."""

from __future__ import annotations

import numpy as np
import pandas as pd

from audit.metrics.cells import add_values
from audit.metrics.measures import Measure
from audit.metrics.pooled import make_pool, pooled_measure
from audit.metrics.winobias import Observation
from audit.schema import Label

#: Versions of a schema: its gender is the one expected by labour statistics, the other, or neither.
EXPECTED, GOTCHA, NEUTRAL = "expected", "gotcha", "neutral"
ORDERS = ("correct_first", "correct_second")


def prepared(frame: pd.DataFrame) -> pd.DataFrame:
    """With ``value``, ``schema`` (what the versions share), ``gender`` and ``means_occupation``."""
    data = add_values(frame, Label.CORRECT, Label.INCORRECT)
    parts = data["item"].str.rsplit("/", n=2)
    schema = parts.str[0]
    return data.assign(
        schema=schema, gender=parts.str[1], means_occupation=schema.str.endswith(".0")
    )


def schema_measure(
    metric: str,
    rows: pd.DataFrame,
    observe: Observation,
    versions: tuple[str, ...],
    *,
    primary: bool = False,
    margin: float | None = None,
    field: str = "value",
) -> Measure | None:
    """The mean of ``observe``, (n, versions, orders) → (n,), over complete schemas of one route.

    A schema of which one question has no value is left out whole: the others alone would measure
    the order, or the version that is easier to answer. None where fewer than two occupations are
    left.
    """
    own = rows[rows["group"].isin(versions)]
    if own.empty:
        return None
    table = (
        own.assign(value=own[field].astype(float))
        .groupby(["schema", "group", "variant"])["value"]
        .mean()
        .unstack(["group", "variant"])
        .reindex(columns=pd.MultiIndex.from_product([versions, ORDERS]))
    )
    about = own.drop_duplicates("schema").set_index("schema").loc[table.index]
    values = table.to_numpy(dtype=np.float64).reshape(-1, len(versions), len(ORDERS))
    pool = make_pool(
        observe(values), about["probe"].tolist(), about["cluster"].tolist(), [""] * len(about)
    )
    if pool is None:
        return None
    return pooled_measure(
        metric,
        pool,
        own,
        primary=primary,
        margin=margin,
        units="occupations",
        note=f"{int(pool.counts.sum())} schemas of {len(pool.rows)} occupations",
    )
