"""Pairs → token ids and the numbers a loss needs beside them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from core.errors import EnvironmentProblem
from core.models.chat import ChatRenderer
from remediate.counterfactual_data.pairs import Kind, Pair, Part
from remediate.dpo.config import TrainingConfig

if TYPE_CHECKING:
    from remediate.dpo.pictures import PictureReader

KINDS = tuple(Kind)
GROUPS = ("", "men", "mixed", "women", "pro", "anti")


@dataclass(frozen=True, slots=True)
class Encoded:
    """One pair as the collator takes it; ``row`` is its place in the pairs file.

    ``kind`` and ``group`` index :data:`KINDS` and :data:`GROUPS`; ``target`` is in nats.
    ``pictures`` are paths; ``token_kinds`` as :meth:`remediate.dpo.pictures.PictureReader.prompt`
    gives them.
    """

    row: int
    prompt_ids: list[int]
    chosen_ids: list[int]
    rejected_ids: list[int]
    kind: int
    group: int
    probe: str
    target: float
    weight: float
    pictures: list[str] = field(default_factory=list)
    token_kinds: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        """Tokens of prompt and both sides."""
        return len(self.prompt_ids) + len(self.chosen_ids) + len(self.rejected_ids)


def encode(
    pairs: Sequence[Pair],
    renderer: ChatRenderer,
    config: TrainingConfig,
    reader: PictureReader | None = None,
) -> list[Encoded]:
    """Tokenise every pair, prompts by the same renderer as the audit's.

    ``reader`` is wanted by pairs that show pictures. Raises :class:`EnvironmentProblem` for a pair
    longer than ``max_length``, whose sides are the same tokens or whose completion is empty:
    nothing is cut silently; and where some pairs show pictures and others do not.
    """
    if len({bool(pair.images) for pair in pairs}) > 1:
        raise EnvironmentProblem(
            "Some pairs of pairs.jsonl show pictures and others do not: a batch is of one sort, so "
            "train on them one after the other."
        )
    return [_encode(row, pair, renderer, config, reader) for row, pair in enumerate(pairs)]


def by_length(pairs: Sequence[Encoded], batch: int) -> list[Encoded]:
    """Each ``batch`` in a row sorted by length: its micro-batches then pad little.

    A step learns from the same pairs as before, and its gradient is their mean as before.
    """
    return [
        pair
        for start in range(0, len(pairs), batch)
        for pair in sorted(pairs[start : start + batch], key=len)
    ]


def _encode(
    row: int,
    pair: Pair,
    renderer: ChatRenderer,
    config: TrainingConfig,
    reader: PictureReader | None,
) -> Encoded:
    if reader is not None and pair.images:
        prompt, token_kinds = reader.prompt(pair.prompt, pair.images)
    else:
        prompt, token_kinds = renderer.prompt_ids(pair.prompt), []
    token_ids = renderer.answer_ids if pair.ends else renderer.continuation_ids
    sides = [token_ids(pair.prompt, text, len(pair.images)) for text in pair.sides]
    longest = len(prompt) + max(map(len, sides))
    if longest > config.max_length:
        raise EnvironmentProblem(
            f"The pair {pair.id} has {longest} tokens, more than --max-length "
            f"{config.max_length}: raise it or shorten the pair; texts are never cut."
        )
    if min(map(len, sides)) == 0 or sides[0] == sides[1]:
        raise EnvironmentProblem(
            f"The two sides of the pair {pair.id} are the same tokens (or none) for this "
            "tokenizer: remove the pair from pairs.jsonl."
        )
    return Encoded(
        row=row,
        prompt_ids=prompt,
        chosen_ids=sides[0],
        rejected_ids=sides[1],
        kind=KINDS.index(pair.kind),
        group=GROUPS.index(pair.group),
        probe=pair.probe,
        target=_target(pair, config),
        weight=pair.weight * _KIND_WEIGHT[pair.kind](config),
        pictures=[str(image.path) for image in pair.images],
        token_kinds=token_kinds,
    )


_KIND_WEIGHT: dict[Kind, Any] = {
    Kind.TWIN: lambda config: 1.0,
    Kind.NEUTRAL: lambda config: config.neutral_weight,
    Kind.ANCHOR: lambda config: config.anchor_weight,
    Kind.SHOWN: lambda config: 1.0,
}


def training_rows(
    pairs: Sequence[Pair], encoded: Sequence[Encoded], reference: Any, config: TrainingConfig
) -> list[dict[str, Any]]:
    """Columns of the training set: encoded pairs with their reference, sides as the loss wants.

    ``reference``: (pairs, 2) as the pairs file has the sides; ``probe`` becomes the index into
    :func:`probe_names`. A preference loss gets the anti-stereotyped twin as the chosen side.
    """
    probes = probe_names(pairs)
    rows = []
    for item in encoded:
        sides = [
            (item.chosen_ids, float(reference[item.row, 0])),
            (item.rejected_ids, float(reference[item.row, 1])),
        ]
        if _anti_first(pairs[item.row], config):
            sides.reverse()
        (chosen, ref_chosen), (rejected, ref_rejected) = sides
        rows.append(
            columns(item)
            | {
                "probe": probes.index(item.probe),
                "chosen_ids": chosen,
                "rejected_ids": rejected,
                "ref_chosen_logps": ref_chosen,
                "ref_rejected_logps": ref_rejected,
            }
        )
    return rows


def columns(item: Encoded) -> dict[str, Any]:
    """A pair's row as the collators take it; those of texts have no columns about pictures."""
    row = asdict(item)
    if not item.pictures:
        del row["pictures"], row["token_kinds"]
    return row


def probe_names(pairs: Sequence[Pair]) -> list[str]:
    """What the column ``probe`` indexes."""
    return sorted({pair.probe for pair in pairs})


def _anti_first(pair: Pair, config: TrainingConfig) -> bool:
    """Twins come women's side first; a preference loss wants the anti-stereotyped one first."""
    if pair.kind is not Kind.TWIN or pair.part is Part.VALIDATION or config.loss == "parity":
        return False
    return pair.reference is not None and pair.reference > 0.5


def _target(pair: Pair, config: TrainingConfig) -> float:
    """Wanted margin in nats: the pair's own, or the log-odds of the occupation's share."""
    if config.target == "labour" and pair.kind is Kind.TWIN and pair.reference is not None:
        share = min(max(pair.reference, 0.01), 0.99)
        return math.log(share / (1 - share))
    return pair.target


def show(pair: Encoded, renderer: ChatRenderer) -> str:
    """One tokenised pair for a person: what is masked, what is learned, token by token."""
    decode = renderer.tokenizer.decode
    prompt = decode(pair.prompt_ids)
    if pair.pictures:
        # A picture is one placeholder many times over.
        prompt = re.sub(r"(<[^<>]+>)\1{3,}", r"\1…", prompt)
    lines = [f"masked ({len(pair.prompt_ids)} tokens): {prompt!r}"]
    for name, ids in (("chosen", pair.chosen_ids), ("rejected", pair.rejected_ids)):
        tokens = " ".join(f"{decode([i])!r}" for i in ids)
        lines.append(f"{name} ({len(ids)} tokens learned): {tokens}")
    return "\n".join(lines)
