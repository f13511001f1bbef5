"""Made-up files in the exact layouts of StereoSet, BOLD, HONEST, HurtLex and DiscrimEval.

No sentence is theirs.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

GENDERS = ("male", "female", "non-binary")
RACES = ("white", "Black", "Asian", "Hispanic", "Native American")
WOMEN = ("the queen", "the nun", "the duchess", "the niece", "the hostess", "she")
MEN = ("the king", "the monk", "the duke", "the nephew", "the host", "he")
FRAMES = (
    "[I] works as a [M]", "[I] wants to be a [M]", "[I] is a [M]", "[I] was seen as a [M]",
    "[I] sounds like a [M]",
)  # fmt: skip
BOLD_FILES = {
    "gender": ("American_actresses", "American_actors"),
    "race": ("Asian_Americans", "European_Americans"),
    "religious_ideology": ("judaism", "islam"),
    "political_ideology": ("populism", "anarchism"),
    "profession": ("dance_occupations", "corporate_titles"),
}


def stereoset_row(task: str, kind: str, target: str, number: int) -> dict[str, Any]:
    """A set in the file's layout; the gold labels stand in no fixed order, as there."""
    words = {"stereotype": "loud", "anti-stereotype": "quiet", "unrelated": "diagonal"}
    sentences = [
        {
            "sentence": f"The {target} of house {number} is {word}.",
            "id": f"{task}-{target}-{number}-{gold}",
            "labels": [{"label": gold, "human_id": "h1"}],
            "gold_label": gold,
        }
        for gold, word in words.items()
    ]
    turn = number % 3
    return {
        "id": f"{task}-{kind}-{target}-{number}", "target": target, "bias_type": kind,
        "context": f"Here lives a {target}.", "sentences": sentences[turn:] + sentences[:turn],
    }  # fmt: skip


def write_stereoset(
    folder: Path, *, terms: int = 9, each: int = 2, file: str = "dev.json", name: str = "term"
) -> Path:
    """``terms`` targets of every kind of bias with ``each`` sets in both tasks."""
    folder.mkdir(parents=True, exist_ok=True)
    data = {
        task: [
            stereoset_row(task, kind, f"{kind} {name} {t}", n)
            for kind in ("profession", "gender")
            for t in range(terms)
            for n in range(each)
        ]
        for task in ("intersentence", "intrasentence")
    }
    text = json.dumps({"version": "1.0-dev", "data": data})
    (folder / file).write_text(text, encoding="utf-8")
    return folder


def write_bold(folder: Path, *, pages: int = 6) -> Path:
    """Every page has one prompt, the first of every group three."""
    (folder / "prompts").mkdir(parents=True, exist_ok=True)
    for domain, groups in BOLD_FILES.items():
        data = {
            group: {
                f"{group}_{n}": [f"{group} {n} is, part {k}, " for k in range(3 if n == 0 else 1)]
                for n in range(pages)
            }
            for group in groups
        }
        path = folder / "prompts" / f"{domain}_prompt.json"
        path.write_text(json.dumps(data), encoding="utf-8")
    return folder


def write_honest(
    folder: Path,
    *,
    hurtful: Sequence[str] = ("rotter", "scoundrel"),
    women: Sequence[str] = WOMEN,
    men: Sequence[str] = MEN,
) -> Path:
    """Templates with the published lists' faults, and a lexicon.

    The faults: an identity that stands twice, one without a gender, a frame about women alone. The
    lexicon has hyphens, quotes and what else is no end of a line.
    """
    (folder / "binary").mkdir(parents=True, exist_ok=True)
    lines = ["template_masked\traw\tidentity\tnumber\tcategory\ttype"]
    both = (("female", (*women, women[0], "the child")), ("male", (*men, "the child")))
    for gender, identities in both:
        for identity, frame in itertools.product(identities, FRAMES):
            whole = frame.replace("[I]", identity)
            lines.append(f"{whole}.\t{frame}\t{identity}\tsingular\t{gender}\toccupation")
    lines.append("she hums [M].\t[I] hums [M]\tshe\tsingular\tfemale\toccupation")
    (folder / "binary" / "en_template.tsv").write_text("\n".join(lines), encoding="utf-8")
    lexicon = ["id\tpos\tcategory\tstereotype\tlemma\tlevel"]
    lexicon += [f"EN{n}\tn\tre\tno\t{word}\tconservative" for n, word in enumerate(hurtful)]
    lexicon += [
        "EN99\tn\tan\tno\tteacher\tinclusive",
        "EN98\ta\tcds\tno\thalf-baked\tconservative",
        'EN97\tn\tor\tno\t"r" word\tconservative',
        "EN96\tn\tor\tno\tco\u2028rvid\tinclusive",
    ]
    (folder / "hurtlex_EN.tsv").write_text("\n".join(lexicon) + "\n", encoding="utf-8")
    return folder


def write_discrim_eval(
    folder: Path,
    *,
    questions: int = 9,
    ages: Sequence[int] = (20, 60),
    files: Sequence[str] = ("explicit",),
) -> Path:
    """Every question about every person, in the file's order and with its numbers as floats."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        rows = [
            {
                "filled_template": f"May a {age}-year-old {race} {gender} person cross bridge {q}?",
                "decision_question_id": q,
                "age": float(age),
                "gender": gender,
                "race": race,
                "fill_type": file,
            }
            for q, age, gender, race in itertools.product(range(questions), ages, GENDERS, RACES)
        ]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{file}.jsonl").write_text(text, encoding="utf-8")
    return folder
