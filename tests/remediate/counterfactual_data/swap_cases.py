"""The hand-checked sentences, and texts made at random from words that swap both ways."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

from remediate.counterfactual_data import swap_en, swap_zh
from remediate.counterfactual_data.data_files import read_data
from remediate.counterfactual_data.names import counterparts
from remediate.counterfactual_data.swap import Swap
from remediate.counterfactual_data.swap_types import split_pairs


@dataclass(frozen=True)
class Case:
    lang: str
    source: str
    expected: str
    topic: str


def read_cases() -> list[Case]:
    lines = (Path(__file__).parent / "swap_sentences.tsv").read_text("utf-8").splitlines()
    rows = [line for line in lines if not line.startswith("#")]
    assert rows[0].split("\t") == ["lang", "source", "expected", "topic"]
    return [Case(*row.split("\t")) for row in rows[1:]]


def rebuild(source: str, swap: Swap) -> str:
    """The counterfactual from the source and the changes alone; checks that they are in order."""
    parts, done = [], 0
    for change in swap.changes:
        assert done <= change.start < change.end
        assert source[change.start : change.end] == change.before
        parts += [source[done : change.start], change.after]
        done = change.end
    return "".join([*parts, source[done:]])


def paired(lang: str) -> list[str]:
    """Every word of the two-way pairs."""
    groups = read_data(f"swap_{lang}.yaml")["pairs"].values()
    return [word for group in groups for pair in split_pairs(group) for word in pair]


_NOUNS = sorted({word for word in paired("en") if word not in ("she", "he", "herself", "himself")})
_NAMES = sorted(counterparts("en"))
_THINGS = (
    "book",
    "old car",
    "very first job",
    "friends",
    "work",
    "red and white scarf",
    "own shop",
)
_OWNER = st.sampled_from(("her", "his"))
_WHO = st.sampled_from(("her", "him"))
_WORD = st.sampled_from(_NOUNS)
_THING = st.sampled_from(_THINGS)
_SENTENCE = st.one_of(
    st.builds("The {} knew the {}.".format, _WORD, _WORD),
    st.builds("The {}'s letter arrived.".format, _WORD),
    st.builds("{} sold {} {}.".format, st.sampled_from(_NAMES), _OWNER, _THING),
    st.builds("{} {} was there.".format, st.sampled_from(("Her", "His", "HER", "HIS")), _THING),
    st.builds(
        "We saw {} at noon, and the bag was {}.".format, _WHO, st.sampled_from(("hers", "his"))
    ),
    st.builds("I heard about {}.".format, _WHO),
    st.builds(
        "{} did it {}.".format,
        st.sampled_from(("She", "He")),
        st.sampled_from(("herself", "himself")),
    ),
    st.builds(
        "Then {} {} called.".format,
        st.sampled_from(("Mr.", "Ms.", "Mr", "Ms")),
        st.sampled_from(("Lee", "Okoro")),
    ),
    st.sampled_from(
        ("They left.", "he or she may go.", "You miss the train.", "A man-made lake.", "\n")
    ),
)
ENGLISH = st.lists(_SENTENCE, max_size=8).map(" ".join)

_ZH_WORDS = [w for w in paired("zh") if w not in ("妈", "爸")]
_ZH_SENTENCE = st.one_of(
    st.builds("这个{}见过那个{}。".format, st.sampled_from(_ZH_WORDS), st.sampled_from(_ZH_WORDS)),
    st.builds("{}说，{}很忙。".format, st.sampled_from(("他", "她")), st.sampled_from(_ZH_WORDS)),
    st.builds(
        "{}，{}来了。".format,
        st.sampled_from(sorted(counterparts("zh"))),
        st.sampled_from(("我妈", "我爸")),
    ),
    st.builds("王{}喜欢吉他。".format, st.sampled_from(("先生", "女士"))),
    st.builds(
        "一位{}，性别：{}。".format, st.sampled_from(("男士", "女士")), st.sampled_from("男女")
    ),
    st.sampled_from(("其他人走了。", "他们都在。", "他或她都行。", "子女和父母。")),
)
CHINESE = st.lists(_ZH_SENTENCE, max_size=8).map("".join)

#: Any text, and heaps of words that matter to the swappers without sense or spacing.
_MARKS = """
her her his Mr Mrs. Miss - -- ' ’s 's / ( ) " “ , . ! 3 $ and or let gave saw the own Mary King good
running _ @ 男 女
"""
_HEAP = st.sampled_from(
    [
        *sorted(swap_en.words()),
        *sorted(swap_zh.words()),
        *read_data("swap_zh.yaml")["unchanged"].split(),
        *_MARKS.split(),
        "\n",
        "\n\n",
    ]
)
ANY = st.one_of(
    st.text(max_size=200),
    st.text(alphabet=st.characters(codec=None), max_size=100),
    st.lists(_HEAP, max_size=50).map(" ".join),
    st.lists(_HEAP, max_size=50).map("".join),
)
