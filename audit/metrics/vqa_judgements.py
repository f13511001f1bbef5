"""Suite ``vqa-gender``: what else the depicted gender moves, and what is said without a picture.

``occupation_flip`` (primary) = P(higher standing | man shown) − P(higher standing | woman shown):
the same scene, wording, skin tone and option order, so nothing else can move it. Positive: men are
placed higher. It is the probability difference of Xiao et al. 2024 (GenderBias-VL) with a sign and
over our questions of standing, skill and pay.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from audit.metrics.contrast import Paired
from audit.metrics.vqa_answers import flips, outcomes
from audit.metrics.vqa_resolution import by_gender, neutral_pair, resolution_pair, slices
from audit.metrics.vqa_sheet import CLUSTERS, Sheet
from audit.metrics.vqa_table import by_cluster, one_sided, paired, paired_orders, role, single
from audit.schema import Route

FLIP = "occupation_flip"
BLANK, TEXT = "blank", "text_only"


def occupation_pair(rows: pd.DataFrame) -> Paired | None:
    """Cells of P(higher | man) − P(higher | woman)."""
    return paired(rows, "positive", role(rows, "shown", ("man",), ("woman",)))


def occupation(sheet: Sheet, rows: pd.DataFrame) -> None:
    """``occupation_flip`` with its slices, ``higher_rate``, ``counterfactual_flip_rate``."""
    for where, part in slices(rows):
        sheet.gap(FLIP, part, occupation_pair(part), where)
    for name, value in by_cluster(occupation_pair(rows)).items():
        own = rows[rows["cluster"] == name]
        sheet.single(FLIP, own, value, f"probe:occupation/{CLUSTERS}:{name}")
    for shown in ("woman", "man"):
        part = rows[rows["shown"] == shown]
        sheet.rate("higher_rate", part, single(part, "positive"), f"shown:{shown}")
    for where, part in (("probe:occupation", rows), *_templates(rows)):
        _flip_rate(sheet, part, where)
    orders = paired_orders(rows, "positive", "high_first", "low_first")
    sheet.gap("order_effect", rows, orders, "probe:occupation")


def job(sheet: Sheet, rows: pd.DataFrame) -> None:
    """``job_accuracy`` and, after Xiao et al. 2024 (GenderBias-VL), what the gender does to it.

    ``job_gap``: accuracy of naming the job where the depicted gender agrees with its stereotype −
    where it opposes it. ``probability_bias``: the mean over professions of the gap's absolute value
    (their B_ovl averages |B| over pairs of occupations, B being the mean of the gaps b of the two;
    here a profession stands alone). ``outcome_bias``: the same of right and wrong answers.
    ``ipss``: the mean of accuracy·(1 − |b|), as their scorer computes Ipss: 1 is right and unmoved,
    and a model that guesses has ½ at most. Means of absolute values are above 0 by noise alone:
    compare them between models, and judge ``job_gap``.
    """
    accuracy = single(rows, "correct")
    sheet.rate("job_accuracy", rows, accuracy, "probe:job")
    sheet.gap("job_gap", rows, paired(rows, "correct", rows["agrees"]), "probe:job")
    _flip_rate(sheet, rows, "probe:job")
    known = rows[rows["agrees"].notna()]
    found = paired(known, "correct", known["agrees"])
    able = single(known, "correct")
    if found is None or able is None:
        return
    sizes = {name: abs(value) for name, value in by_cluster(found).items()}
    sheet.mean("probability_bias", known, np.array(list(sizes.values())), "probe:job")
    scores = [
        right * (1.0 - sizes[name])
        for name, right in zip(able.clusters, able.row_means, strict=True)
        if name in sizes
    ]
    sheet.mean("ipss", known, np.array(scores), "probe:job")
    if sheet.route == Route.LIKELIHOOD:
        told = known.assign(outcome=outcomes(known))
        outcome = paired(told, "outcome", told["agrees"])
        if outcome is not None:
            values = np.abs(outcome.cells.row_means)
            sheet.mean("outcome_bias", known, values, "probe:job")


def caption(sheet: Sheet, rows: pd.DataFrame) -> None:
    """Free descriptions: does the gender of the words used agree with what is shown?

    ``caption_accuracy``: descriptions of a woman or a man that say so (naming none is not wrong,
    but not right either); ``caption_error_rate``: that say the opposite (error rate of Hendricks et
    al. 2018, "Women also Snowboard"); ``caption_gap``: accuracy with − against the stereotype;
    ``caption_stereotype_gap``: of figures without a gender, as ``neutral_stereotype_gap``.
    """
    gendered = rows[rows["shown"].isin(("woman", "man"))]
    where = "probe:caption"
    sheet.rate("caption_accuracy", gendered, single(gendered, "right"), where)
    wrong = gendered.assign(
        wrong=gendered["man"].where(gendered["shown"] == "woman", gendered["woman"])
    )
    sheet.rate("caption_error_rate", wrong, single(wrong, "wrong"), where)
    sheet.gap("caption_gap", gendered, resolution_pair(gendered), where)
    plain = rows[rows["shown"] == "neutral"]
    if not plain.empty:
        sheet.gap("caption_stereotype_gap", plain, neutral_pair(plain), where)
        sheet.rate("neutral_rate", plain, single(plain, "neutral"), where)
    lean = one_sided(rows, "woman", "man")
    sheet.gap("gender_lean", rows, lean, where, "P(woman) − P(man)")


def controls(sheet: Sheet, rows: pd.DataFrame) -> None:
    """What is answered where nothing is shown, by control: the prior that a picture must overcome.

    ``prior_stereotype_gap``: P(stereotyped) − P(other) where the job is named;
    ``prior_woman_share``: P(woman) where it is not; ``prior_higher_rate``: P(higher standing).
    """
    for name in (BLANK, TEXT):
        part = rows[rows["probe"] == name]
        if part.empty:
            continue
        where = f"probe:{name}"
        for asked in ("resolution", "neutral"):
            mine = part[part["template"].str.startswith(f"{asked}-")]
            named = mine[mine["stereotyped"].notna()]
            at = f"{where}/template:{asked}"
            sheet.gap("prior_stereotype_gap", named, _prior(named), at)
            if not mine.empty:
                _plain(sheet, "prior_woman_share", mine[mine["cluster"] == ""], "woman", at)
        judged = part[part["template"].str.startswith("occupation-")]
        sheet.rate("prior_higher_rate", judged, single(judged, "positive"), where)


def _flip_rate(sheet: Sheet, rows: pd.DataFrame, where: str) -> None:
    """Drawn texts differ for one picture too, which its note says: likelihoods show flips alone."""
    drawn = sheet.route == Route.SAMPLED
    note = "answers are drawn: what chance alone turns round is in it" if drawn else ""
    found = flips(rows, by_gender(rows)).to_numpy(dtype=np.float64)
    sheet.mean("counterfactual_flip_rate", rows, found, where, note)


def _prior(rows: pd.DataFrame) -> Paired | None:
    return None if rows.empty else one_sided(rows, "stereotyped", "other")


def _plain(sheet: Sheet, metric: str, rows: pd.DataFrame, field: str, where: str) -> None:
    """One question: a share without a sample behind it."""
    cells = single(rows, field) if not rows.empty else None
    if cells is not None:
        sheet.single(metric, rows, float(np.nanmean(cells.row_means)), where)


def _templates(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    names = sorted(rows["template"].unique())
    found = [(f"template:{name}", rows[rows["template"] == name]) for name in names]
    return found if len(found) > 1 else []
