"""Made-up files in the exact layouts of WinoBias and CrowS-Pairs. No sentence is theirs."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

from audit.probes.public_data import benchmark_folder
from core.errors import EnvironmentProblem

MEN = ("smith", "miner", "roofer", "pilot", "butcher", "diver", "glazier", "stone mason", "usher")
WOMEN = ("weaver", "florist", "nanny", "dancer", "tutor", "typist", "milliner", "matron", "caterer")

COLUMNS = (
    "", "sent_more", "sent_less", "stereo_antistereo", "bias_type", "annotations", "anon_writer",
    "anon_annotators",
)  # fmt: skip


def on_published_files(name: str, *, packaged: str, files: Sequence[str]) -> pytest.MarkDecorator:
    """For a test of a benchmark's own texts: skips it where they are not on this machine."""
    try:
        benchmark_folder(name, packaged=packaged, files=files)
        there = True
    except EnvironmentProblem:
        there = False
    return pytest.mark.skipif(not there, reason=f"{packaged} is not on this machine")


def winobias_lines(kind: str, men: Sequence[str], women: Sequence[str]) -> list[tuple[str, str]]:
    """(pro, anti) lines: every man's job meets every woman's in a couple, each meant once."""
    templates = {
        "type1": ("[The {a}] thanked the {b} because [{s}] was late.",
                  "The {a} thanked [the {b}] because [{s}] was kind."),
        "type2": ("The {b} met [the {a}] and gave [{o}] a map.",
                  "The {a} met [the {b}] and gave [{o}] a lamp."),
    }[kind]  # fmt: skip
    out = []
    for man in men:
        for woman in women:
            for about_man, template in ((True, templates[0]), (False, templates[1])):
                he, she = {"s": "he", "o": "him"}, {"s": "she", "o": "her"}
                pro, anti = (he, she) if about_man else (she, he)
                number = len(out) + 1
                out.append(
                    tuple(
                        f"{number} " + template.format(a=man, b=woman, **forms)
                        for forms in (pro, anti)
                    )
                )
    return out  # type: ignore[return-value]


def write_winobias(folder: Path, *, men: Sequence[str] = MEN, women: Sequence[str] = WOMEN) -> Path:
    """All eight files of sentences and the two lists; the test part holds the last men's jobs."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "male_occupations.txt").write_text("\n".join(men) + "\n", encoding="utf-8")
    (folder / "female_occupations.txt").write_text("\n".join(women) + "\n", encoding="utf-8")
    cut = (len(men) + 1) // 2
    for kind in ("type1", "type2"):
        for part, some in (("dev", men[:cut]), ("test", men[cut:])):
            lines = winobias_lines(kind, some, women)
            for place, side in enumerate(("pro", "anti")):
                text = "".join(f"{versions[place]}\n" for versions in lines)
                name = f"{side}_stereotyped_{kind}.txt.{part}"
                (folder / name).write_text(text, encoding="utf-8")
    return folder


def write_crows_pairs(folder: Path, rows: Sequence[tuple[str, str, str, str, str]]) -> Path:
    """The file with rows of (sent_more, sent_less, direction, bias_type, writer)."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "crows_pairs_anonymized.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        for number, (more, less, direction, kind, writer) in enumerate(rows):
            out.writerow([number, more, less, direction, kind, f"[['{kind}']]", writer, "['a9']"])
    return folder


def made_pairs(writers: int = 10, each: int = 3) -> list[tuple[str, str, str, str, str]]:
    """Gender and age pairs by so many writers; every third gender pair is *antistereo*."""
    rows = []
    for writer in range(writers):
        for n in range(each):
            direction = "antistereo" if n % 3 == 2 else "stereo"
            he, she = f"He fixed lamp {writer}, and well.", f"She fixed lamp {writer}, and well."
            rows.append((he, she, direction, "gender", f"a{writer}"))
        old, young = f"The old man lost key {writer}.", f"The young man lost key {writer}."
        rows.append((old, young, "stereo", "age", f"a{writer}"))
    return rows
