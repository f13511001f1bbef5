"""What one model can do, measured by transformers in a process of its own.

``python -m remediate.gates.measure SETTINGS.json`` loads a model and writes item by item:
negative log-likelihood per token of neutral passages, the base's answers to everyday requests with
their per-token log-probabilities (for KL), and whether the stated gender's pronoun is the likelier
one. Judging is :mod:`remediate.gates.judge`'s, which compares two such files.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from audit.manifest import read_json
from core.datafile import read_yaml
from remediate.workers import chat_renderer, pad_id

ANSWER_TOKENS = 32


def load_data(name: str) -> dict[str, Any]:
    """A data file of the gates by name; see :func:`core.datafile.read_yaml`."""
    return cast(dict[str, Any], read_yaml(Path(__file__).parent / "data" / name))


def main(settings_path: Path) -> None:
    """``settings``: model, out, langs, occupations (ids); adapter and answers (a base's file) or
    null."""
    from core.models.causal_lm import attach_adapter, choose_device, choose_dtype, load_model
    from core.models.quiet import no_progress_bars

    settings = read_json(settings_path)
    path = Path(settings["model"])
    device = choose_device("auto")
    with no_progress_bars():
        model = load_model(path, dtype=choose_dtype("auto", device), device=device)
        if settings["adapter"]:
            model = attach_adapter(model, Path(settings["adapter"]))
    renderer = chat_renderer(settings, path)
    langs = settings["langs"]
    answers = read_json(Path(settings["answers"]))["answers"] if settings["answers"] else None
    found = {
        "passages": passages_nll(model, renderer.tokenizer, langs),
        "stated": stated_correct(model, renderer, langs, settings["occupations"]),
        "answers": everyday(model, renderer, langs, answers),
    }
    if "picture_set" in settings:
        from remediate.gates.measure_pictures import measure_pictures

        found |= measure_pictures(model, renderer, settings)
    out = Path(settings["out"])
    # Not write_json: a broken model's NaN must get through to the judgement, which names it.
    partial = out.with_name(out.name + ".partial")
    partial.write_text(json.dumps(found), encoding="utf-8")
    partial.replace(out)


def passages_nll(model: Any, tokenizer: Any, langs: Sequence[str]) -> dict[str, dict[str, float]]:
    """Passage → {nll: nats summed, tokens}; the first token is given, not predicted."""
    texts = {
        f"{lang}/{number}": text
        for lang in langs
        for number, text in enumerate(load_data("passages.yaml")[lang])
    }
    out = {}
    for key, text in texts.items():
        ids = tokenizer(text)["input_ids"]
        values = token_logprobs(model, ids)
        out[key] = {"nll": -sum(values), "tokens": len(values)}
    return out


def token_logprobs(model: Any, ids: Sequence[int], start: int = 1) -> list[float]:
    """log P(ids[i] | ids[:i]) for i ≥ start, nats."""
    import torch

    with torch.inference_mode():
        tokens = torch.tensor([list(ids)], device=next(model.parameters()).device)
        logits = model(input_ids=tokens).logits[0, start - 1 : -1].float()
        picked = torch.log_softmax(logits, dim=-1).gather(1, tokens[0, start:, None])
    return cast(list[float], picked[:, 0].cpu().tolist())


def stated_correct(
    model: Any, renderer: Any, langs: Sequence[str], ids: Sequence[str]
) -> dict[str, int]:
    """Sentence → 1 where the stated gender's pronoun is likelier, else 0."""
    from core.models.base import Message
    from remediate.counterfactual_data.wordings import jobs_by_id, slots

    data = load_data("stated.yaml")
    out = {}
    for lang in langs:
        pronouns: Mapping[str, list[str]] = data["pronouns"][lang]
        for number, pair in enumerate(data["sentences"][lang]):
            for name in ids:
                for gender, opening in pair.items():
                    messages = (
                        Message(role="user", content=data["request"][lang]),
                        Message(
                            role="assistant",
                            content=opening.format(**slots(jobs_by_id()[name], lang)),
                        ),
                    )
                    likely = _likeliest(model, renderer, messages, pronouns)
                    out[f"{lang}/{number}/{name}/{gender}"] = int(likely == gender)
    return out


def _likeliest(
    model: Any, renderer: Any, messages: Any, pronouns: Mapping[str, Sequence[str]]
) -> str:
    """The gender whose pronoun the model would rather write next.

    Pronouns are compared by their first tokens that differ, which is the first one for every
    tokenizer met so far: one forward pass gives them all. Where they begin alike, each is scored
    whole.
    """
    import torch

    prompt = renderer.prompt_ids(messages)
    tails = {
        gender: [renderer.continuation_ids(messages, text) for text in texts]
        for gender, texts in pronouns.items()
    }
    firsts = [tail[0] for own in tails.values() for tail in own]
    if len(set(firsts)) == len(firsts):
        with torch.inference_mode():
            tokens = torch.tensor([prompt], device=next(model.parameters()).device)
            logits = model(input_ids=tokens).logits[0, -1].float()
        scores = {g: max(float(logits[t[0]]) for t in own) for g, own in tails.items()}
    else:
        scores = {
            g: max(sum(token_logprobs(model, [*prompt, *t], start=len(prompt))) for t in own)
            for g, own in tails.items()
        }
    return max(scores, key=lambda gender: scores[gender])


def everyday(
    model: Any, renderer: Any, langs: Sequence[str], given: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The base's greedy answers (made here where ``given`` is None) and this model's own.

    Per request: ``ids`` of the base's answer, ``text`` of this model's greedy answer, and
    ``logprobs``: log-probabilities (nats) of every next token after each of the base's answer
    tokens, reduced to the 64 likeliest of the base (``top``), enough for KL (the rest is a lump).
    """
    import torch

    from core.models.base import Message

    out = {}
    device = next(model.parameters()).device
    for lang in langs:
        for number, request in enumerate(load_data("everyday.yaml")[lang]):
            key = f"{lang}/{number}"
            prompt = renderer.prompt_ids((Message(role="user", content=request),))
            with torch.inference_mode():
                tokens = torch.tensor([prompt], device=device)
                own = model.generate(
                    input_ids=tokens,
                    attention_mask=torch.ones_like(tokens),
                    max_new_tokens=ANSWER_TOKENS,
                    do_sample=False,
                    pad_token_id=pad_id(renderer.tokenizer),
                )[0, len(prompt) :].tolist()
                base = given[key]["ids"] if given else own
                whole = torch.tensor([[*prompt, *base]], device=device)
                logits = model(input_ids=whole).logits[0, len(prompt) - 1 : -1].float()
                logprobs = torch.log_softmax(logits, dim=-1).cpu()
            out[key] = answer_row(renderer, own, base, logprobs, given[key] if given else None)
    return out


def answer_row(
    renderer: Any, own: list[int], base: list[int], logprobs: Any, given: Mapping[str, Any] | None
) -> dict[str, Any]:
    """One request's row of :func:`everyday`; ``logprobs``: (base's tokens, vocabulary)."""
    import torch

    top = (
        torch.tensor(given["top"])
        if given
        else logprobs.topk(min(64, logprobs.shape[1]), dim=1).indices
    )
    return {
        "ids": base,
        "text": renderer.tokenizer.decode(own, skip_special_tokens=True),
        "top": top.tolist(),
        "logprobs": logprobs.gather(1, top).tolist(),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
