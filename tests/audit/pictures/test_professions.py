"""The data file of professions, what is made of it, and how names find it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from audit.pictures import STYLES, drawn_professions, professions
from audit.pictures.names import find_profession, near_profession, profession_id, slug
from audit.pictures.sequences import sequence, text


def test_every_drawn_profession_was_looked_at_in_every_style() -> None:
    for profession in drawn_professions():
        assert set(profession.looks) == set(STYLES), profession.id
        for style, look in profession.looks.items():
            assert look.use in ("yes", "marked", "no")
            assert look.notes, (profession.id, style)
            assert all(note.endswith(".") for note in look.notes)


def test_every_profession_has_a_name_in_both_languages() -> None:
    for profession in professions().values():
        assert profession.label["en"].isascii()
        assert not profession.label["zh"].isascii()
        assert profession.article == ("an" if profession.label["en"][0] in "aeio" else "a")


def test_the_side_follows_from_the_share() -> None:
    sides = {name: p.stereotype.side for name, p in professions().items()}
    assert (sides["mechanic"], sides["teacher"], sides["judge"]) == ("man", "woman", "none")
    for profession in professions().values():
        found = profession.stereotype
        assert found.why, profession.id
        if found.share is None:
            assert (found.side, found.source) == ("none", "")
        else:
            assert found.source
            assert found.year in (2015, 2022)
            expected = "woman" if found.share >= 0.7 else "man" if found.share <= 0.3 else "none"
            assert found.side == expected


def test_shares_agree_with_the_table_of_labour_statistics() -> None:
    """Of professions that stand in both, under the same row's name."""
    table = Path("audit/probes/data/occupations.tsv")
    with table.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader((x for x in file if not x.startswith("#")), delimiter="\t")
        shares = {row["category"]: float(row["share"]) for row in rows}
    compared = 0
    for profession in drawn_professions():
        category = profession.stereotype.why.split(":")[0].split(" (")[0]
        if category in shares:
            assert profession.stereotype.share == shares[category], profession.id
            compared += 1
    assert compared >= 9


@pytest.mark.parametrize(
    ("name", "presentation", "skin", "expected"),
    [
        ("health_worker", "woman", "medium_dark", "1F469-1F3FE-200D-2695-FE0F"),
        ("cook", "neutral", "none", "1F9D1-200D-1F373"),
        ("police_officer", "man", "dark", "1F46E-1F3FF-200D-2642-FE0F"),
        ("guard", "neutral", "light", "1F482-1F3FB"),
        ("detective", "woman", "none", "1F575-FE0F-200D-2640-FE0F"),
        ("detective", "woman", "medium", "1F575-1F3FD-200D-2640-FE0F"),
    ],
)
def test_sequences(name: str, presentation: str, skin: str, expected: str) -> None:
    found = sequence(professions()[name], presentation, skin)  # type: ignore[arg-type]
    assert "-".join(found) == expected
    assert len(text(found)) == len(found)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Police officer", "police_officer"),
        ("police-officer", "police_officer"),
        ("飞行员", "pilot"),
        ("DENTIST", "dentist"),
        ("unicorn groomer", None),
    ],
)
def test_names_find_professions(name: str, expected: str | None) -> None:
    assert find_profession(name) == expected


def test_a_name_of_a_public_set_is_kept() -> None:
    assert profession_id("Crane operator") == "crane_operator"
    assert profession_id("Unicorn groomer") == "unicorn_groomer"
    assert near_profession("machanic") == "mechanic"
    assert near_profession("xylophonist") is None
    assert slug("  A-b  c ") == "a_b_c"
