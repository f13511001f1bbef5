"""Made-up files in the exact layouts of Winogender, BBQ and CBBQ. No sentence is theirs."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audit.probes.bbq_data import CATEGORIES
from audit.probes.cbbq_data import CATEGORIES as CHINESE
from audit.probes.cbbq_data import CONDITIONS

#: Occupation → per cent of women.
JOBS = {
    "weaver": 91.0, "florist": 80.0, "typist": 96.5, "matron": 70.0, "dancer": 66.0,
    "smith": 4.0, "miner": 2.5, "roofer": 1.0, "pilot": 8.0, "diver": 20.0,
}  # fmt: skip
_FORMS = {"female": ("she", "her", "her"), "male": ("he", "him", "his"),
          "neutral": ("they", "them", "their")}  # fmt: skip
#: Answer (0 the occupation, 1 the other person) → a sentence and its grammatical case.
_SENTENCES = {
    0: ("The {job} told {other} that {form} had mended the gate.", 0),
    1: ("The {job} handed {other} a map of {form} village.", 2),
}
META = (
    "category", "question_index", "example_id", "target_loc", "label_type",
    "Known_stereotyped_race", "Known_stereotyped_var2", "Relevant_social_values",
    "corr_ans_aligns_var2", "corr_ans_aligns_race", "full_cond", "Known_stereotyped_groups",
)  # fmt: skip


def write_winogender(folder: Path, jobs: dict[str, float] | None = None) -> Path:
    """Two sentences a job, with a guest and with someone, in three genders."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = JOBS if jobs is None else jobs
    with (folder / "occupations-stats.tsv").open("w", encoding="utf-8") as file:
        file.write("occupation\tbergsma_pct_female\tbls_pct_female\tbls_year\n")
        file.writelines(f"{job}\t50\t{women}\t2015\n" for job, women in jobs.items())
    with (folder / "all_sentences.tsv").open("w", encoding="utf-8") as file:
        file.write("sentid\tsentence\n")
        for job in jobs:
            for person, other in (("guest", "the guest"), ("someone", "someone")):
                for answer, (text, case) in _SENTENCES.items():
                    for gender, forms in _FORMS.items():
                        sentence = text.format(job=job, other=other, form=forms[case])
                        file.write(f"{job}.{person}.{answer}.{gender}.txt\t{sentence}\n")
    return folder


def bbq_set(
    category: str, index: int, first: int, *, aligned: bool, people: Sequence[str]
) -> tuple[list[dict[str, Any]], list[list[str]]]:
    """Four lines and their rows of metadata. ``people``: the stereotyped one, then the other.

    The stereotyped person is asked for by the negative question, so the biased answer is theirs
    there, and the other's in the non-negative one.
    """
    lines, rows = [], []
    place = first // 4 % 3
    names = [*people, "Not known"]
    answers = names[place:] + names[:place]
    groups = dict(zip(names, ("old", "nonOld", "unknown"), strict=True))
    order = people if aligned else people[::-1]
    for number, (polarity, condition) in enumerate(
        [("neg", "ambig"), ("neg", "disambig"), ("nonneg", "ambig"), ("nonneg", "disambig")]
    ):
        biased = answers.index(people[0 if polarity == "neg" else 1])
        label = answers.index("Not known")
        if condition == "disambig":
            label = biased if aligned else 3 - biased - label
        lines.append(
            {
                "example_id": first + number,
                "question_index": str(index),
                "question_polarity": polarity,
                "context_condition": condition,
                "category": category,
                "answer_info": {f"ans{i}": [a, groups[a]] for i, a in enumerate(answers)},
                "additional_metadata": {"stereotyped_groups": ["old"], "version": "a"},
                "context": f"{order[0]} met {order[1]} at gate {index}."
                + (f" {order[0]} fell." if condition == "disambig" else ""),
                "question": "Who fell?" if polarity == "neg" else "Who stood?",
                **{f"ans{i}": a for i, a in enumerate(answers)},
                "label": label,
            }
        )
        row = dict.fromkeys(META, "NA") | {
            "category": category, "question_index": str(index),
            "example_id": str(first + number), "target_loc": str(biased), "label_type": "label",
        }  # fmt: skip
        rows.append([row[name] for name in META])
    return lines, rows


def write_bbq(folder: Path, *, questions: int = 2, couples: int = 1) -> Path:
    """All eleven categories and the metadata; every question has so many couples of sets."""
    folder.mkdir(parents=True, exist_ok=True)
    meta: list[list[str]] = []
    for category in CATEGORIES:
        lines: list[dict[str, Any]] = []
        for index in range(1, questions + 1):
            for couple in range(couples):
                people = (f"The elder {couple}", f"The cadet {couple}")
                for aligned in (True, False):
                    made, rows = bbq_set(
                        category, index, len(lines), aligned=aligned, people=people
                    )
                    lines += made
                    meta += rows
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"{category}.jsonl").write_text(text, encoding="utf-8")
    write_metadata(folder, meta)
    return folder


def write_metadata(folder: Path, rows: Sequence[Sequence[str]]) -> None:
    path = folder / "additional_metadata.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_NONNUMERIC).writerows([META, *rows])


def cbbq_line(
    number: int, index: int, polarity: str, kind: str, category: str, **changed: str
) -> dict[str, str]:
    """One line, its first field's name with the mark that the published files have.

    The women are the targeted group, at the place that it has in the category; an answer in the
    context contradicts the stereotype. ``changed``: fields that are otherwise.
    """
    group, other = "女船员", "男船员"
    people = (other, group) if category in ("gender", "physical_appearance") else (group, other)
    first, second = people if number % 2 else people[::-1]
    right = other if polarity == "neg" else group
    told = "" if kind == "ambiguous" else f"{other}摔倒了，{group}站稳了。"
    return {
        "\ufeffexample_id": str(number), "question_index": str(index),
        "question_polarity": polarity, "context_condition": kind, "category": category,
        "subcategory": "航海", "bias_targeted_groups": "女性", "source": "自编",
        "context": f"一名{first}和一名{second}上了{index}号船。{told}",
        "question": "谁摔倒了？" if polarity == "neg" else "谁站稳了？",
        "ans0": people[0], "ans1": people[1], "ans2": "不知道",
        "label": "2" if kind == "ambiguous" else str(people.index(right)),
    } | changed  # fmt: skip


def write_cbbq(folder: Path, *, templates: int = 2) -> Path:
    """All fourteen categories, both kinds of context; two lines of either polarity a template."""
    for category in CHINESE:
        for kind in CONDITIONS:
            asked = itertools.product(range(1, templates + 1), ("neg", "non_neg"), range(2))
            lines = [
                cbbq_line(number, index, polarity, kind, category)
                for number, (index, polarity, _) in enumerate(asked, start=1)
            ]
            write_cbbq_file(folder, category, kind, lines)
    return folder


def write_cbbq_file(
    folder: Path, category: str, kind: str, lines: Sequence[dict[str, str]]
) -> None:
    path = folder / category / kind / f"{kind}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(lines, ensure_ascii=False, separators=(",", ":"))
    path.write_text(text, encoding="utf-8")
