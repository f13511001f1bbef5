"""What a suite cannot show stands in its report, in both languages."""

from __future__ import annotations

import html
from pathlib import Path

import pandas as pd
import pytest

from audit.probes.base import _BUILT_IN
from audit.reports import build_report
from audit.reports.exports import _cell
from audit.reports.text import LANGUAGES, strings
from audit.schema import RESPONSE_COLUMNS, MetricRow
from tests.audit.reports.sample_run import make_run

#: The limits of these two are those of every report.
GENERAL = {"occupations", "pronouns"}
#: Suite → what its caveat must name: in both languages, or in English and in Chinese.
NAMED = {
    "attributes": (("forces a guess", "一无所知"),),
    "bbq": (("written for the US", "为美国而写"), ("met it in training", "训练中见过")),
    "bold": ("VADER", "Grace"),
    "cbbq": (("help of a language model", "语言模型的协助"),),
    "crows-pairs": ("Blodgett", "Stereotyping Norwegian Salmon"),
    "discrim-eval": (("hypothetical", "假设性"),),
    "honest": ("HurtLex",),
    "names": (("with probability", "以一定概率"),),
    "stereoset": ("Blodgett", ("next-sentence head", "下一句判别头")),
    "tone": ("VADER", "Chinese EmoBank"),
    "vqa-gender": (("viewers may differ", "观看者的看法可能不同"),),
    "winobias": (("met them in training", "训练中见过"), ("two genders", "两种性别")),
    "winogender": ("WinoPron",),
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a run with one answer of every suite that is not general."""
    names = sorted(set(_BUILT_IN) - GENERAL)
    empty = dict.fromkeys(RESPONSE_COLUMNS, "")
    frame = pd.DataFrame(
        [
            empty | {"suite": name, "route": "sampled", "label": "neutral", "lang": "en"}
            for name in names
        ]
    )
    suites = [
        {"name": name, "version": "1.0", "title": {"en": name, "zh": name}, "clusters": []}
        for name in names
    ]
    folder = make_run(
        tmp_path_factory.mktemp("caveats") / "run",
        frame=frame.assign(sample=0, reference=float("nan")),
        metrics=[MetricRow(name, "unparsed_rate", "all", 0.0) for name in names],
        results={"suites": suites},
    )
    return build_report(folder)


@pytest.mark.parametrize("suite", sorted(set(_BUILT_IN) - GENERAL))
def test_the_caveat_of_a_suite_is_in_its_report(suite: str, report: Path) -> None:
    page = report.read_text("utf-8")
    markdown = report.with_suffix(".md").read_text("utf-8")
    parts = dict(zip(LANGUAGES, markdown.split("\n# 偏见审计"), strict=True))
    for place, lang in enumerate(LANGUAGES):
        caveat = strings(lang)[f"limits.suites.{suite}"]
        assert html.escape(caveat) in page
        assert f"- {_cell(caveat)}\n" in parts[lang]
        for named in NAMED[suite]:
            assert (named if isinstance(named, str) else named[place]) in caveat
