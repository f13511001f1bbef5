"""``tokenizer.model`` (SentencePiece, BPE) → a fast tokenizer, checked against SentencePiece.

Kudo and Richardson 2018 (arXiv:1808.06226). Everything is read from the model file: what counts
as a merge and its order (the pieces' scores), whether unknown characters fall back to bytes,
whether a space goes in front of the text. Pieces of the kind *control* (``<s>``) are special
tokens; those of the kind *user defined* (InternLM's ``<eoa>``) are matched in the text first, as
SentencePiece does, and get no space of their own. One difference is left: a text that is such a
piece and nothing else gets no space in front, where SentencePiece puts one. Because the options
of such files are many, the result is compared with SentencePiece itself on texts of many scripts
before it is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.errors import EnvironmentProblem

SPACE = "▁"
_NORMAL, _CONTROL, _USER_DEFINED = 1, 3, 4
_BPE = 2
#: Read by both tokenizers before the new one is trusted.
CHECKED_TEXTS = (
    "The nurse said she would call the engineer back at 10:45.",
    "  two  spaces,\ttab\nnew line \n\n and the end ",
    "护士说她会再打电话给工程师。价格是３５０元！",
    "看護師さんは、もう一度電話すると言いました。",
    "Die Ärztin übergab dem Bäcker 1234567 €; ça va? ¿Qué tal, señor?",
    "Медсестра сказала, что перезвонит. الممرضة قالت إنها ستتصل. आप कैसे हैं?",
    "for (int i = 0; i < 10; ++i) { x[i] += 3.14e-5; }  # naïve café",
    "👩🏽‍⚕️🧑‍🚒 𝒳 ﬁ Ω \u00a0 \u3000 \u200b.",
    "Aa aA AAAA aaaaaaa ---- ======== ....",
)


def _proto(path: Path) -> Any:
    try:
        from sentencepiece import sentencepiece_model_pb2
    except ImportError as error:
        raise EnvironmentProblem(
            f"Reading {path} needs the packages sentencepiece and protobuf. "
            "Run: pip install sentencepiece protobuf"
        ) from error
    proto = sentencepiece_model_pb2.ModelProto()
    try:
        proto.ParseFromString(path.read_bytes())
    except Exception as error:  # protobuf's DecodeError moves between its implementations
        raise EnvironmentProblem(
            f"{path} is no SentencePiece model. Fetch the file again."
        ) from error
    if proto.trainer_spec.model_type != _BPE or proto.trainer_spec.treat_whitespace_as_suffix:
        raise EnvironmentProblem(
            f"{path} is not the kind of SentencePiece model these families have (BPE, spaces in "
            "front). Fetch the model's original tokenizer.model."
        )
    return proto


def _merges(scores: dict[str, float]) -> list[tuple[str, str]]:
    """Every pair of pieces whose union is a piece, best score of the union first."""
    return [
        (piece[:cut], piece[cut:])
        for piece in sorted(scores, key=scores.__getitem__, reverse=True)
        for cut in range(1, len(piece))
        if piece[:cut] in scores and piece[cut:] in scores
    ]


def _normalisers(proto: Any, user_defined: list[str]) -> Iterator[Any]:
    from tokenizers import Regex, normalizers

    spec = proto.normalizer_spec
    if spec.precompiled_charsmap:
        yield normalizers.Precompiled(spec.precompiled_charsmap)
    if spec.remove_extra_whitespaces:
        yield normalizers.Strip(left=True, right=True)
        yield normalizers.Replace(Regex(" {2,}"), " ")
    if spec.add_dummy_prefix:
        # Added tokens are normalised too before they are looked for: they must stay as they are.
        apart = "|".join(re.escape(piece) for piece in user_defined)
        guard = rf"(?!(?:{apart})\z)" if apart else "(?!\\z)"
        yield normalizers.Replace(Regex(rf"\A{guard}"), SPACE)
    yield normalizers.Replace(" ", SPACE)


def build(path: Path, *, add_bos: bool, end: str | None) -> tuple[Any, dict[str, str]]:
    """(the fast tokenizer, its ``unk``/``bos``/``eos`` tokens by those names).

    ``end`` is a user-defined piece that ends an answer: it is left out of decoded text.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, normalizers, processors
    from tokenizers.models import BPE

    proto = _proto(path)
    pieces = list(proto.pieces)
    trainer = proto.trainer_spec
    user_defined = [p.piece for p in pieces if p.type == _USER_DEFINED]
    control = [p.piece for p in pieces if p.type == _CONTROL]
    tokenizer = Tokenizer(
        BPE(
            vocab={p.piece: i for i, p in enumerate(pieces)},
            merges=_merges({p.piece: p.score for p in pieces if p.type == _NORMAL}),
            unk_token=trainer.unk_piece,
            fuse_unk=True,
            byte_fallback=bool(trainer.byte_fallback),
        )
    )
    tokenizer.normalizer = normalizers.Sequence(list(_normalisers(proto, user_defined)))
    steps = [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    if proto.normalizer_spec.add_dummy_prefix:
        steps.append(decoders.Strip(" ", 1, 0))
    tokenizer.decoder = decoders.Sequence(steps)
    tokenizer.add_special_tokens(
        [AddedToken(t, special=True, normalized=False) for t in (trainer.unk_piece, *control)]
    )
    tokenizer.add_tokens([AddedToken(t, special=t == end, normalized=True) for t in user_defined])
    if add_bos:
        bos = trainer.bos_piece
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{bos}:0 $A:0",
            pair=f"{bos}:0 $A:0 {bos}:1 $B:1",
            special_tokens=[(bos, tokenizer.token_to_id(bos))],
        )
    return tokenizer, {
        "unk": trainer.unk_piece,
        "bos": trainer.bos_piece,
        "eos": trainer.eos_piece,
    }


def check_equal(tokenizer: Any, path: Path) -> None:
    """Refuse a tokenizer that reads any of :data:`CHECKED_TEXTS` otherwise than SentencePiece."""
    from sentencepiece import SentencePieceProcessor

    original = SentencePieceProcessor(model_file=str(path))
    for text in CHECKED_TEXTS:
        if original.encode(text) != tokenizer.encode(text, add_special_tokens=False).ids:
            raise EnvironmentProblem(
                f"{path} uses SentencePiece options that cannot be reproduced (it reads {text!r} "
                "otherwise than its conversion). Please report the model's name."
            )
