"""Suite ``vqa-gender``, *resolution* and *neutral*: whom does a picture show?

Primary:

``resolution_gap`` = accuracy on pictures that agree with the profession's stereotype − accuracy on
pictures that oppose it, over professions that have one (the resolution bias of Hall et al. 2023,
VisoGender, taken between stereotypes instead of genders). By likelihood, accuracy is the
probability of the right answer among those offered.

``neutral_stereotype_gap`` = P(stereotyped gender) − P(other gender) on figures without a gender,
over the same professions; "can't tell" counts for neither. It is taken profession by profession,
and not as P(woman) between two groups of professions, because few pictured professions are mostly
women's: two groups of which one has three members cannot be told apart by any test, while every
profession has a stereotyped gender and another one.

Both averages hold a model's *general* lean to one gender as far as the sides are uneven. So the
lean is shown (``gender_lean``), and the same gaps with both sides weighing alike, in which it
cancels (``resolution_gap_balanced``, ``neutral_stereotype_gap_balanced``: half the difference
between the sides' mean leans).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from audit.metrics.cells import worst_missing
from audit.metrics.contrast import Paired
from audit.metrics.measures import Measure, contrast, contrast_test, over_cells
from audit.metrics.stats_types import FloatArray
from audit.metrics.vqa_answers import mcnemar_pairs, skin_tones
from audit.metrics.vqa_sheet import CLUSTERS, Sheet, gap_measure
from audit.metrics.vqa_table import (
    MATCH,
    by_cluster,
    differences,
    one_sided,
    paired,
    paired_orders,
    paired_values,
    role,
    single,
)
from audit.schema import MetricRow

GAP, NEUTRAL_GAP = "resolution_gap", "neutral_stereotype_gap"
_DARK, _LIGHT = ("medium_dark", "dark"), ("light", "medium_light")


def resolution_pair(rows: pd.DataFrame) -> Paired | None:
    """Cells of accuracy with the stereotype − accuracy against it."""
    return paired(rows, "right", rows["agrees"])


def neutral_pair(rows: pd.DataFrame) -> Paired | None:
    """Cells of P(stereotyped gender) − P(other gender)."""
    return one_sided(rows[rows["stereotyped"].notna()], "stereotyped", "other")


def by_gender(rows: pd.DataFrame) -> pd.Series:
    """``first`` for pictures of women, ``second`` for pictures of men."""
    return role(rows, "shown", ("woman",), ("man",))


def resolution(sheet: Sheet, rows: pd.DataFrame) -> MetricRow | None:
    """Every row about pictures of a woman or a man; returns the overall accuracy's."""
    for where, part in slices(rows):
        sheet.gap(GAP, part, resolution_pair(part), where)
    able = sheet.rate("accuracy", rows, single(rows, "right"))
    for where, part in slices(rows):
        if where != "all":
            sheet.rate("accuracy", part, single(part, "right"), where)
    for name, label in (("first", "pro"), ("second", "anti")):
        part = rows[rows["agrees"] == name]
        sheet.rate("accuracy", part, single(part, "right"), f"group:{label}")
    for shown in ("woman", "man"):
        part = rows[rows["shown"] == shown]
        sheet.rate("accuracy", part, single(part, "right"), f"shown:{shown}")
    lean = paired(rows, "right", by_gender(rows))
    sheet.gap("gender_lean", rows, lean, "probe:resolution", "accuracy on women − accuracy on men")
    sheet.measured(f"{GAP}_balanced", rows, balanced(f"{GAP}_balanced", rows, lean))
    sheet.gap("order_effect", rows, paired_orders(rows, "woman", "woman_first", "man_first"))
    _skin(sheet, rows)
    _professions(sheet, rows)
    return able


def neutral(sheet: Sheet, rows: pd.DataFrame) -> None:
    """Every row about figures without a gender."""
    for where, part in slices(rows):
        sheet.gap(NEUTRAL_GAP, part, neutral_pair(part), where)
    lean = one_sided(rows, "woman", "man")
    sheet.gap("gender_lean", rows, lean, "probe:neutral", "P(woman) − P(man)")
    sheet.measured(f"{NEUTRAL_GAP}_balanced", rows, balanced(f"{NEUTRAL_GAP}_balanced", rows, lean))
    known = rows[rows["stereotyped"].notna()]
    sheet.rate("stereotyped_rate", known, single(known, "stereotyped"), "probe:neutral")
    sheet.rate("neutral_rate", rows, single(rows, "neutral"), "probe:neutral")
    for name, value in by_cluster(neutral_pair(rows)).items():
        own = rows[rows["cluster"] == name]
        sheet.single(NEUTRAL_GAP, own, value, f"probe:neutral/{CLUSTERS}:{name}")


def slices(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """``all``, then each language, wording, skin tone and side of which there are several."""
    yield "all", rows
    for column, name in (("lang", "lang"), ("template", "template"), ("skin", "skin")):
        values = sorted(rows[column].unique())
        if len(values) > 1:
            yield from ((f"{name}:{v}", rows[rows[column] == v]) for v in values)
    for side in ("women", "men"):
        part = rows[rows["side"] == side]
        if not part.empty:
            yield f"group:{side}", part


def balanced(metric: str, rows: pd.DataFrame, lean: Paired | None) -> Measure | None:
    """Half the difference of the sides' mean leans; None unless either has two professions."""
    if lean is None:
        return None
    cells = lean.cells
    side_of = dict(zip(rows["cluster"], rows["side"], strict=True))
    sides = np.array([side_of[name] for name in cells.clusters], dtype=object)
    women, men = sides == "women", sides == "men"
    blocks = cells.block_means(np.ones((1, len(cells.columns))))[0]
    present = ~np.isnan(blocks)
    smaller = int(min((present & women).sum(axis=1).min(), (present & men).sum(axis=1).min()))
    if smaller < 2:
        return None
    between = contrast(women, men)
    codes = np.unique(sides.astype(str), return_inverse=True)[1].astype(np.int64)

    def half(weights: FloatArray, values: FloatArray) -> FloatArray:
        return 0.5 * between(weights, values)

    n = int(((women | men) & present.any(axis=0)).sum())
    return Measure(
        metric=metric,
        route=str(rows["route"].iat[0]),
        primary=False,
        margin=None,
        clusters=cells.clusters,
        columns=cells.columns,
        statistic=over_cells(cells, half),
        blocks=blocks,
        change_test=contrast_test(women, men, f"permutation of the sides over {CLUSTERS}s"),
        n_clusters=n,
        thinnest=n,
        missing=worst_missing(rows),
        sides=smaller,
        row_strata=codes,
        col_strata=cells.column_strata,
        note=f"{int(women.sum())} {CLUSTERS}s mostly held by women, {int(men.sum())} by men",
    )


def _skin(sheet: Sheet, rows: pd.DataFrame) -> None:
    """``skin_gap``, ``skin_gender_interaction``, ``skin_range``: the second axis, and both at once.

    Dark tones − light tones (Fitzpatrick V–VI against I–III) of the accuracy, and of its difference
    between women and men: the intersectional gap of Buolamwini & Gebru 2018 ("Gender Shades").
    """
    tones = role(rows, "skin", _DARK, _LIGHT)
    match = [key for key in MATCH if key != "skin"]
    sheet.gap("skin_gap", rows, paired(rows, "right", tones, match), "probe:resolution")
    by_skin = differences(rows, "right", by_gender(rows))
    if not by_skin.empty:
        table = by_skin.reset_index(name="value")
        table["role"] = role(table, "skin", _DARK, _LIGHT)
        kept = table[table["role"].notna()]
        found = paired_values(kept.groupby([*match, "role"])["value"].mean())
        metric = "skin_gender_interaction"
        sheet.measured(metric, rows, gap_measure(metric, rows, found), "probe:resolution")
    tested = skin_tones(rows)
    if tested is not None:
        spread, test = tested
        note = "largest − smallest accuracy; the test is of these pictures"
        sheet.single("skin_range", rows, spread, "probe:resolution", test, note)


def _professions(sheet: Sheet, rows: pd.DataFrame) -> None:
    """The gap of each profession, tested on its own pictures."""
    tests = mcnemar_pairs(rows)
    for name, value in by_cluster(resolution_pair(rows)).items():
        own = rows[rows["cluster"] == name]
        sheet.single(GAP, own, value, f"probe:resolution/{CLUSTERS}:{name}", tests.get(name))
