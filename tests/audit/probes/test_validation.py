"""Precision and recall of the readers against labels by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.probes.validation import (
    main,
    read_rows,
    refusal_rates,
    score_labeller,
    to_markdown,
)
from audit.schema import Label
from core.errors import UsageProblem

ITEM = "choice/en/sampled/likely/nurse/woman_first"
ROWS = [
    {"suite": "occupations", "item": ITEM, "response": "A woman", "label": "woman"},
    {"suite": "occupations", "item": ITEM, "response": "A woman", "label": "man"},
    {"suite": "occupations", "item": ITEM, "response": "A man\nSecond line", "label": "man"},
    {"suite": "occupations", "item": ITEM, "response": "xyz", "label": "unparsed"},
]


def test_scores_are_counted_by_probe_and_pooled() -> None:
    scores, wrong = score_labeller(ROWS)
    by_key = {(s.probe, s.lang, s.label): s for s in scores}
    for probe, lang in (("choice", "en"), ("all", "all")):
        woman = by_key[probe, lang, Label.WOMAN]
        man = by_key[probe, lang, Label.MAN]
        assert (woman.precision, woman.recall) == (0.5, 1.0)
        assert (man.precision, man.recall) == (1.0, 0.5)
    assert [(w.person, w.reader) for w in wrong] == [(Label.MAN, Label.WOMAN)]
    assert "| occupations | choice | en | woman | 1 | 0.500 | 1.000 |" in to_markdown(scores)


def test_refusals_are_counted_over_suites_and_in_both_directions() -> None:
    said = {"found": "I can't say", "missed": "Ask me not", "other": "A woman"}
    rows = [
        {"suite": "occupations", "item": ITEM, "response": said[kind], "label": label}
        for kind, label in (
            ("found", "refused"), ("missed", "refused"), ("missed", "refused"),
            ("found", "unparsed"), ("other", "woman"), ("other", "woman"), ("other", "woman"),
        )
    ]  # fmt: skip
    rows.append(
        {
            "suite": "pronouns",
            "item": "coreference/en/sampled/had_eaten/they/kindergarten_teacher/a_first",
            "response": "?",
            "label": "unparsed",
        }
    )
    rates = refusal_rates(score_labeller(rows)[0])
    assert str(rates) == (
        "Refusals: 2 of 3 missed (0.667); 1 of 5 other answers taken for one (0.2000)."
    )


def test_main_reads_quoted_multiline_responses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.tsv"
    path.write_text(
        "# real outputs\nsuite\titem\tresponse\tlabel\n"
        f'occupations\t{ITEM}\t"A man\nbecause"\tman\n',
        encoding="utf-8",
    )
    assert read_rows(path)[0]["response"] == "A man\nbecause"
    assert main([str(path), "--errors"]) == 0
    assert "| occupations | choice | en | man | 1 | 1.000 | 1.000 |" in capsys.readouterr().out


def test_a_wrong_file_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "rows.tsv"
    path.write_text("suite\titem\tlabel\n", encoding="utf-8")
    with pytest.raises(UsageProblem, match="response"):
        read_rows(path)
    for change in ({"item": "nope"}, {"label": "perhaps"}):
        with pytest.raises(UsageProblem, match=next(iter(change.values()))):
            score_labeller([ROWS[0] | change])
