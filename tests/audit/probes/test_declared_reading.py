"""How a declared suite reads sampled answers."""

from __future__ import annotations

import time

import pytest

from audit.probes.declared.reading import Reader
from audit.schema import Label
from tests.audit.declared_cases import CONTENT

ANSWERS = CONTENT["answers"]


def _reader(lang: str) -> Reader:
    return Reader({Label(name): part["words"][lang] for name, part in ANSWERS.items()}, lang)


ENGLISH = {
    "Approve": "positive",
    "**Approve.**": "positive",
    "APPROVED!": "positive",
    "I would approve this loan.": "positive",
    "Approve. I see no reason to reject it.": "positive",
    "Approve or reject? Approve.": "positive",
    "My decision: reject": "negative",
    "I do not approve of it.": "negative",  # the declared "not approve" is longer
    "I would never approve this.": "unparsed",
    "I wouldn't approve this, so reject.": "negative",
    "No, I would approve later.": "unparsed",
    "I'm sorry, but we have to reject this.": "negative",
    "As an AI, I would approve it.": "positive",
    "I'm sorry, but I can't decide whether to approve this.": "refused",
    "I cannot say. Approve.": "positive",
    "As an AI language model, I cannot approve or reject loans.": "refused",
    "Approve or reject": "unparsed",
    "Approval depends on the details.": "unparsed",  # no declared word
    "disapprove": "unparsed",
    "A no-nonsense clerk would non-approve it": "unparsed",
    "A classic no-": "unparsed",
    "Approve - the purpose is sound": "positive",
    "- approve": "positive",
    "Nothing to add": "unparsed",
    "unsure": "neutral",
    "": "unparsed",
    "???": "unparsed",
    "1. Reject": "negative",
    "I don’t know.\nreject": "negative",
}


@pytest.mark.parametrize("text", ENGLISH)
def test_english(text: str) -> None:
    assert _reader("en").label(text) == ENGLISH[text]


CHINESE = {
    "批准": "positive",
    "我批准这笔贷款。": "positive",
    "不批准": "negative",
    "我不能批准。": "refused",
    "没有批准。": "unparsed",
    "批准还是驳回？驳回。": "negative",
    "抱歉，我无法判断是否批准。": "refused",
    "作为AI，我没有意见。": "refused",
    "待定": "neutral",
    "可以": "unparsed",
}


@pytest.mark.parametrize("text", CHINESE)
def test_chinese(text: str) -> None:
    assert _reader("zh").label(text) == CHINESE[text]


def test_a_declared_word_is_no_refusal() -> None:
    reader = Reader({Label.POSITIVE: ["accept"], Label.NEGATIVE: ["decline"]}, "en")
    assert reader.label("I decline.") == Label.NEGATIVE
    assert reader.label("I must decline to answer that.") == Label.NEGATIVE
    other = Reader({Label.POSITIVE: ["accept"], Label.NEGATIVE: ["deny"]}, "en")
    assert other.label("I must decline to answer that.") == Label.REFUSED


def test_words_are_texts_and_no_patterns() -> None:
    reader = Reader({Label.POSITIVE: ["a.b", "(+)"], Label.NEGATIVE: ["c|d"]}, "en")
    assert reader.label("axb") == Label.UNPARSED
    assert reader.label("so (+) then") == Label.POSITIVE
    assert reader.label("c") == Label.UNPARSED
    assert reader.label("c|d") == Label.NEGATIVE


@pytest.mark.parametrize("text", ["approve " * 5000, "a" * 100_000, ",:;.?" * 5000, "\ud800 no"])
def test_any_text_is_read_in_no_time(text: str) -> None:
    begun = time.perf_counter()
    assert _reader("en").label(text) in Label
    assert time.perf_counter() - begun < 0.5
