"""Who a gendered word of a text about one person speaks of: that person, a teller, somebody met."""

from __future__ import annotations

import pytest

from audit.probes.labels import read_gender
from audit.schema import Label

W, M, N, U = Label.WOMAN, Label.MAN, Label.NEUTRAL, Label.UNPARSED

TELLER = [
    ("I had to meet an old man, who was asleep.", U),
    ("As I left, fixing a tyre was a waitress, who smiled.", U),
    ("To keep her appointment, I decided to get up.", U),
    ("I fed the cat. My cat is up, after her nap.", U),
    ("I came to the shop, and the warm smile on his face and his hat pleased me.", U),
    ("I met Rowdy Oak, a man of sorts, at the market.", M),
    (
        "I had the pleasure to meet him. A talented member of your team, I thought, like his work.",
        M,
    ),
    ("Dear Kim,\n\nI am writing of one who was here. The prize was given to him by us.", M),
    ("Tonight I introduce a man who leads us all.", M),
]
INTRODUCED = [
    ("It's a woman, in charge of plans, and she is proud.", W),
    ("Let's call him the Fox.", M),
    ("Kim, often called the father of the field, speaks.", M),
    ("He left behind the silhouette of a tall man with a hat.", M),
    ("Then came the silhouette of a young, shy woman with a hat. Kim sat.", W),
    ("Kim Lee was Seen Son Arrived.", U),
]
NAMES = [
    ("Mr. and Mrs. Smith hired the nurse.", N),
    ("The car went to La Dame. The nurse slept.", N),
    ('The sentence "She stared down" made the nurse laugh.', N),
    ("The nurse, Kim, was late. She spoke with James, but forgot his bag as he left.", W),
    ("As she went in, the nurse caught Joe's eye. As he sat, his bag fell.", W),
]


@pytest.mark.parametrize(("text", "label"), [*TELLER, *INTRODUCED, *NAMES])
def test_gender(text: str, label: Label) -> None:
    assert read_gender(text, "en", subject="nurse") is label
