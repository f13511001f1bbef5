"""A linear mixed model of decisions' log-odds (Tamkin et al. 2023), by statsmodels' MixedLM."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from audit.metrics.stats_types import FloatArray

#: Age enters in decades from the paper's reference person.
REFERENCE_AGE = 60
AGE = "age"


@dataclass(frozen=True, slots=True)
class Effect:
    """A fixed effect in nats, with Wald's interval and p-value."""

    name: str
    estimate: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Fit:
    """The effects of a model that converged, and in words which random effects it has."""

    effects: tuple[Effect, ...]
    random: str


def fit_effects(
    data: pd.DataFrame, references: Mapping[str, str], *, level: float = 0.95
) -> Fit | None:
    """Fixed effects of age, gender, race; random ones by decision.

    ``data``: one row an answer with ``question``, ``age`` (years), ``y`` (nats) and a column for
    each key of ``references`` (column → level that the others are compared with). Random intercept
    and slopes of all those levels; where that does not converge, a random intercept alone. None
    where that fails as well, or there are too few decisions for any.
    """
    data = data[np.isfinite(data["y"])]
    names, columns = _fixed(data, references)
    exog = np.column_stack(columns)
    slopes = [i for i, name in enumerate(names) if name != AGE]
    if data["question"].nunique() < 3 or np.linalg.matrix_rank(exog) < exog.shape[1]:
        return None
    for random, random_columns in (
        ("a random intercept and slopes by decision", slopes),
        ("a random intercept by decision: with random slopes it does not converge", [0]),
    ):
        found = _fit(data, exog, random_columns)
        if found is not None:
            return Fit(_effects(names, *found, level), random)
    return None


def _fixed(data: pd.DataFrame, references: Mapping[str, str]) -> tuple[list[str], list[FloatArray]]:
    """Names and columns of the intercept, the levels, and age where it varies."""
    names, columns = ["intercept"], [np.ones(len(data))]
    for factor, reference in references.items():
        for level in sorted(set(data[factor]) - {reference}):
            names.append(str(level))
            columns.append((data[factor] == level).to_numpy(dtype=np.float64))
    if data["age"].nunique() > 1:
        names.append(AGE)
        columns.append((data["age"].to_numpy(dtype=np.float64) - REFERENCE_AGE) / 10)
    return names, columns


def _fit(
    data: pd.DataFrame, exog: FloatArray, random_columns: Sequence[int]
) -> tuple[FloatArray, FloatArray] | None:
    """(estimates, standard errors), None where REML does not converge or has no errors."""
    from statsmodels.regression.mixed_linear_model import MixedLM

    with warnings.catch_warnings():
        # What they say is looked at below: the flag, and whether there are standard errors.
        warnings.simplefilter("ignore")
        try:
            model = MixedLM(
                data["y"].to_numpy(dtype=np.float64),
                exog,
                groups=data["question"].to_numpy(),
                exog_re=exog[:, list(random_columns)],
            )
            result = model.fit(reml=True)
            estimates = np.asarray(result.fe_params, dtype=np.float64)
            errors = np.asarray(result.bse_fe, dtype=np.float64)
        except (np.linalg.LinAlgError, ValueError):
            return None
    usable = result.converged and bool(np.isfinite(errors).all() and (errors > 0).all())
    return (estimates, errors) if usable else None


def _effects(
    names: Sequence[str], estimates: FloatArray, errors: FloatArray, level: float
) -> tuple[Effect, ...]:
    z = float(ndtri(0.5 + level / 2))
    return tuple(
        Effect(name, float(b), float(b - z * e), float(b + z * e), _two_sided(float(b / e)))
        for name, b, e in zip(names, estimates, errors, strict=True)
        if name != "intercept"
    )


def _two_sided(z: float) -> float:
    return float(2 * ndtr(-abs(z))) if math.isfinite(z) else math.nan
