"""What holds for every text."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audit.schema import Label
from remediate.counterfactual_data import english_words, swap_zh
from remediate.counterfactual_data.swap import gendered_words, swap_gender
from tests.remediate.counterfactual_data.swap_cases import ANY, CHINESE, ENGLISH, rebuild

_LANGS = st.sampled_from(("en", "zh"))
_TO = st.sampled_from((None, Label.WOMAN, Label.MAN))


@given(ENGLISH)
@settings(max_examples=400, deadline=None)
@example("Her book was there. We saw her at noon, and the bag was hers.")
def test_english_swapped_twice_is_the_source(text: str) -> None:
    assert swap_gender(swap_gender(text, "en").text, "en").text == text


@given(CHINESE)
@settings(max_examples=400, deadline=None)
@example("王女士和她的丈夫见过一位男士。")
def test_chinese_swapped_twice_is_the_source(text: str) -> None:
    assert swap_gender(swap_gender(text, "zh").text, "zh").text == text


@given(ANY, _LANGS, _TO)
@settings(max_examples=600, deadline=None)
def test_any_text_changes_only_where_it_says(text: str, lang: str, to: Label | None) -> None:
    swap = swap_gender(text, lang, to=to)
    assert rebuild(text, swap) == swap.text
    assert swap.undo() == text
    assert swap.text.count("\n") == text.count("\n")
    assert all(change.before != change.after for change in swap.changes)
    assert swap == swap_gender(text, lang, to=to)
    found = {(word.start, word.end) for word in gendered_words(text, lang)}
    assert {(change.start, change.end) for change in swap.changes} <= found


@given(ANY, _LANGS)
@settings(max_examples=300, deadline=None)
def test_kept_words_stay(text: str, lang: str) -> None:
    for word in gendered_words(text, lang)[:2]:
        swap = swap_gender(text, lang, keep=[word.word])
        assert all(change.start != word.start for change in swap.changes)


#: Repeated to 20,000 characters. "·" is a space, "¶" the end of a line.
PATHOLOGICAL = """
her· her he/ he·or· he/she/ -her her- her·-· her,·very· 's her's· a@ @ _ ¶ ¶·¶ · Mr.· Mrs King·
Mary· man- red·and· her·red·and· gave·her·lovely· her·`` "her· (· his·of· king·james· no·man's·
saw·her·duck· men·and· 1 her·1· é ladies'· mother-in- old·wives her·much· his·and·
"""


@pytest.mark.parametrize("piece", PATHOLOGICAL.split())
def test_english_work_grows_with_length_and_no_faster(
    piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts looks at tokens, not seconds: every rule looks a bounded way around a word."""
    looks = 0
    original = english_words.Sentence.at

    def counted(self: english_words.Sentence, index: int) -> english_words.Token | None:
        nonlocal looks
        looks += 1
        return original(self, index)

    monkeypatch.setattr(english_words.Sentence, "at", counted)
    piece = piece.replace("·", " ").replace("¶", "\n")
    text = (piece * 20_000)[:20_000]
    swap = swap_gender(text, "en")
    assert swap.undo() == text
    assert looks <= 400 * (len(english_words.tokens(text)) + 1)


@pytest.mark.parametrize(
    "piece", ["他", "她", "他们", "女", "男人和", "王女士", "先", "外公", "小红小", "他或"]
)
def test_chinese_work_grows_with_length_and_no_faster(
    piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every place is looked up once at most, with as many slices as there are word lengths."""
    places: list[int] = []
    original = swap_zh._longest

    def counted(text: str, at: int) -> str | None:
        places.append(at)
        return original(text, at)

    monkeypatch.setattr(swap_zh, "_longest", counted)
    text = (piece * 20_000)[:20_000]
    assert swap_gender(text, "zh").undo() == text
    assert places == sorted(set(places))
    assert len(swap_zh._by_length()) < 16
