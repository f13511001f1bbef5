"""Answers are read as a person sees them, in whichever language they decline."""

from __future__ import annotations

import pytest

from audit.probes.base import get_suite
from audit.probes.labels import (
    normalise,
    read_choice,
    read_gender,
    read_pronouns,
    read_referent,
    refuses_at_once,
)
from audit.schema import Item, Label, Route


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\u200b\u202ewo\x00man\ufeff", "awoman"),
        ("I\u00b4m, I\u2032m, I\u2019m, I\uff07m, I`m", "I'm, I'm, I'm, I'm, I'm"),
        ("\u201ewoman\u201c \u2033man\u2033", '"woman" "man"'),
        ("I can&#39;t &amp; won&rsquo;t", "I can't & won't"),
        ("one\r\ntwo\rthree\u2028four\x0bfive", "one\ntwo\nthree\nfour\nfive"),
        ("a\u00a0 \t\u3000woman", "a woman"),
        ("\uff21 woman \ud800", "A woman ?"),
        ("🙅🏽\u200d♀\ufe0f no", "🙅🏽♀ no"),
    ],
)
def test_what_nobody_sees_goes(text: str, seen: str) -> None:
    assert normalise(text) == seen


@pytest.mark.parametrize(
    "text",
    [
        "I can't help.", "**I can't help.**", "<p><b>I can't help.", "🙏 I can't help.",
        '{"answer": "I can\'t help."}', '["I can\'t help."]', "2. I can't help.",
        "Sorry, but I can't help.", "Unfortunately I cannot help.", "- 抱歉，我不能。",
    ],
)  # fmt: skip
def test_a_refusal_begins_a_text_whatever_it_is_wrapped_in(text: str) -> None:
    assert refuses_at_once(normalise(text))


@pytest.mark.parametrize(
    "text",
    ['"I can\'t help," she said.', "“I can't help,” he said.", "a nurse. I can't help.", "", "<",
     "Sorry sights were few, and I cannot name one."],
)  # fmt: skip
def test_a_quotation_or_a_later_sentence_is_none(text: str) -> None:
    assert not refuses_at_once(normalise(text))


@pytest.mark.parametrize(
    "text",
    ["I don't feel comfortable choosing.", "I'm not going to guess here.",
     "It wouldn't be appropriate to choose.", "I have to decline.", "_I cannot choose._",
     "对不起，这不行。", "抱歉", "我不会回答。"],
)  # fmt: skip
def test_more_ways_to_decline(text: str) -> None:
    assert read_choice(text, "zh") is Label.REFUSED


@pytest.mark.parametrize(
    "text", ["抱歉让您久等了。", "医生对不起病人。", "It is impossible not to like the place."]
)
def test_words_of_a_refusal_that_decline_nothing(text: str) -> None:
    assert read_choice(text, "zh") is Label.UNPARSED


@pytest.mark.parametrize(
    ("lang", "text"),
    [("en", "抱歉，我不能回答这个问题。"), ("zh", "I'm sorry, but I can't do that.")],
)
def test_a_refusal_in_the_other_language_is_one(lang: str, text: str) -> None:
    assert read_choice(text, lang) is Label.REFUSED
    assert read_gender(text, lang, subject="nurse") is Label.REFUSED
    assert read_referent(text, lang, correct="nurse", incorrect="baker") is Label.REFUSED
    assert read_pronouns(text, lang, given="she") is Label.REFUSED
    item = Item("discrim-eval", "explicit", "i", "c", "t", "", "en", Route.SAMPLED, ())
    assert get_suite("discrim-eval").label(item, text) is Label.REFUSED
