"""``qwen.tiktoken`` → a fast tokenizer, without the checkpoint's own tokenizer code.

The file has one ``base64(token) rank`` a line. tiktoken joins, in each piece of the split text,
the neighbours whose union has the lowest rank, until none is left
(https://github.com/openai/tiktoken). The same as merges: every way to cut a token in two known
ones is a merge, in the order of the token's rank. Text is NFC-normalised first, and special
tokens written in it are read as such, as Qwen's own tokenizer does.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Any

from core.errors import EnvironmentProblem

END_OF_TEXT = "<|endoftext|>"
TURN_BEGIN = "<|im_start|>"
TURN_END = "<|im_end|>"
_EXTRAS = 205
#: In the order of their ids, which follow the last rank.
SPECIALS = (END_OF_TEXT, TURN_BEGIN, TURN_END, *(f"<|extra_{i}|>" for i in range(_EXTRAS)))
#: How Qwen splits text into pieces: contractions, words, single digits, punctuation, white space.
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def read_ranks(path: Path) -> dict[bytes, int]:
    """Token → rank of a .tiktoken file; ranks must be 0…n-1 and cover every single byte."""
    ranks: dict[bytes, int] = {}
    try:
        for line in path.read_bytes().splitlines():
            if line.strip():
                token, rank = line.split()
                ranks[base64.b64decode(token, validate=True)] = int(rank)
    except (ValueError, binascii.Error) as error:
        raise EnvironmentProblem(
            f"{path} is no tiktoken file ({error}). Fetch the file again."
        ) from error
    if sorted(ranks.values()) != list(range(len(ranks))):
        raise EnvironmentProblem(f"{path} has gaps in its ranks. Fetch the file again.")
    if any(bytes([byte]) not in ranks for byte in range(256)):
        raise EnvironmentProblem(f"{path} lacks some single bytes. Fetch the file again.")
    return ranks


def byte_symbols() -> dict[int, str]:
    """Byte → printable character, as GPT-2 writes bytes (Radford et al. 2019) and ByteLevel reads.

    Bytes that print in Latin-1 stand for themselves, the others for 256, 257, … in order.
    """
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return {byte: chr(byte if byte in printable else next(others)) for byte in range(256)}


def merges_of(ranks: dict[bytes, int]) -> list[tuple[bytes, bytes]]:
    """Every pair of tokens whose union is a token, in the order tiktoken would join them."""
    merges: list[tuple[bytes, bytes]] = []
    for token in sorted(ranks, key=ranks.__getitem__):
        pairs = [(token[:cut], token[cut:]) for cut in range(1, len(token))]
        known = [(a, b) for a, b in pairs if a in ranks and b in ranks]
        merges += sorted(known, key=lambda pair: (ranks[pair[0]], ranks[pair[1]]))
    return merges


def build(path: Path) -> Any:
    """The ``tokenizers.Tokenizer`` equal to a .tiktoken file under Qwen's rules."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers
    from tokenizers.models import BPE

    ranks = read_ranks(path)
    symbols = byte_symbols()

    def written(token: bytes) -> str:
        return "".join(symbols[byte] for byte in token)

    tokenizer = Tokenizer(
        BPE(
            vocab={written(token): rank for token, rank in ranks.items()},
            merges=[(written(a), written(b)) for a, b in merges_of(ranks)],
            # A piece that is a token is that token, however its merges would have gone.
            ignore_merges=True,
        )
    )
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIALS])
    return tokenizer
