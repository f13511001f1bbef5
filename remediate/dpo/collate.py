"""A batch of encoded pairs as tensors.

The two sides of a pair share their prompt, and twins share their text up to the first gendered
word. :class:`SharedPrefixCollator` lays both sides into one row that computes the shared part
once; :class:`PairCollator` is TRL's two rows a pair, for models whose attention takes no mask of
our own. :func:`remediate.dpo.reference.agrees` says which of them a model may be given. Both take
a :class:`~remediate.dpo.pictures.PictureReader` for pairs that show pictures; the batch's
``pictures`` then holds what the model is given beside the tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from trl.trainer.dpo_trainer import DataCollatorForPreference

if TYPE_CHECKING:
    from torch import Tensor

    from remediate.dpo.pictures import PictureReader

#: Columns that are numbers of a pair, with their torch dtype's name.
NUMBERS = {
    "row": "long", "kind": "long", "group": "long", "probe": "long", "target": "float32",
    "weight": "float32", "ref_chosen_logps": "float32", "ref_rejected_logps": "float32",
}  # fmt: skip


class PairCollator:
    """Two rows a pair, prompt + completion each, chosen half first (TRL's layout)."""

    def __init__(self, pad_token_id: int, reader: PictureReader | None = None) -> None:
        self._inner = DataCollatorForPreference(pad_token_id=pad_token_id)
        self._reader = reader

    def __call__(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        batch: dict[str, Any] = self._inner(examples)
        length = batch["input_ids"].shape[1]
        return batch | _numbers(examples) | _pictures(self._reader, examples, length, sides=2)


class SharedPrefixCollator:
    """One row a pair: shared prefix, rest of chosen, last shared token again, rest of rejected.

    The repeated token takes its own position again and sees the prefix before it, so that the
    rejected side's first own token is predicted from where the chosen side's was. ``attention``
    (batch, 1, length, length) is true where a token sees another; ``position_ids`` (batch,
    length) restart for the rejected side; ``sides`` (batch, 2, length) marks the tokens whose
    log-probability counts for chosen and for rejected (shared completion tokens for both).
    """

    def __init__(self, pad_token_id: int, reader: PictureReader | None = None) -> None:
        self._pad = pad_token_id
        self._reader = reader

    def __call__(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        import torch

        rows = [_Row(example) for example in examples]
        length = max(len(row.ids) for row in rows)
        ids = torch.full((len(rows), length), self._pad)
        positions = torch.zeros((len(rows), length), dtype=torch.long)
        sides = torch.zeros((len(rows), 2, length), dtype=torch.long)
        seen = torch.zeros((len(rows), length, length), dtype=torch.bool)
        causal = torch.ones((length, length), dtype=torch.bool).tril()
        for i, row in enumerate(rows):
            n = len(row.ids)
            ids[i, :n] = torch.tensor(row.ids)
            positions[i, :n] = torch.tensor(row.positions)
            sides[i, 0, row.prompt : row.second - 1] = 1
            sides[i, 1, row.prompt : row.shared] = 1
            sides[i, 1, row.second : n] = 1
            seen[i] = causal
            # The second branch does not see the first, nor the token it repeats.
            seen[i, row.second - 1 : n, row.shared - 1 : row.second - 1] = False
        batch = {
            "input_ids": ids,
            "position_ids": positions,
            "attention": seen.unsqueeze(1),
            "sides": sides,
            "lengths": sides.sum(dim=2),
        }
        return batch | _numbers(examples) | _pictures(self._reader, examples, length, sides=1)


class _Row:
    """One pair laid out; ``shared`` and ``second`` are where the two sides' own tokens begin."""

    def __init__(self, example: dict[str, Any]) -> None:
        prompt: list[int] = example["prompt_ids"]
        first, other = prompt + example["chosen_ids"], prompt + example["rejected_ids"]
        self.prompt = len(prompt)
        self.shared = common_prefix(first, other)
        self.second = len(first) + 1
        self.ids = [*first, first[self.shared - 1], *other[self.shared :]]
        self.positions = [*range(len(first)), *range(self.shared - 1, len(other))]


def common_prefix(one: Sequence[int], two: Sequence[int]) -> int:
    """Length of the common beginning."""
    n = 0
    for a, b in zip(one, two, strict=False):
        if a != b:
            break
        n += 1
    return n


def _pictures(
    reader: PictureReader | None, examples: list[dict[str, Any]], length: int, *, sides: int
) -> dict[str, Any]:
    if reader is None:
        return {}
    return {"pictures": reader.columns(examples, length, sides=sides)}


def _numbers(examples: list[dict[str, Any]]) -> dict[str, Tensor]:
    import torch

    return {
        name: torch.tensor([example[name] for example in examples], dtype=getattr(torch, dtype))
        for name, dtype in NUMBERS.items()
        if name in examples[0]
    }
