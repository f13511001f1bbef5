"""Questions with pictures that two engines are asked, and their answers as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.errors import EnvironmentProblem
from core.models.base import Backend, GenerateRequest, Image, Message, Sampling, ScoreRequest

QUESTION: tuple[Message, ...] = ({"role": "user", "content": "Who is it?"},)
PREFILLED: tuple[Message, ...] = (
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Is it a doctor?"},
    {"role": "assistant", "content": "It is"},
)
TAILS = (" a man", " a woman", " a")


def answers(backend: Backend, pictures: Path) -> dict[str, Any]:
    """Greedy texts, log-probabilities and prompt lengths with every picture of the folder alone,
    with two of them and with none; by key."""
    images = [Image(path.stem, path) for path in sorted(pictures.glob("*.png"))]
    shown = {image.id: (image,) for image in images} | {"two": tuple(images[:2]), "none": ()}
    cases = {
        f"{name}/{n}": (messages, seen)
        for name, seen in shown.items()
        for n, messages in enumerate((QUESTION, PREFILLED))
    }
    greedy = Sampling(12, 0.0)
    texts = [GenerateRequest(k, m, greedy, 0, seen) for k, (m, seen) in cases.items()]
    scores = [ScoreRequest(k, m, TAILS, seen) for k, (m, seen) in cases.items()]
    generated = {g.key: g for batch in backend.generate(texts) for g in batch}
    scored = {s.key: s for batch in backend.score(scores) for s in batch}
    return {
        "texts": {k: generated[k].text for k in cases},
        "scores": {k: [list(row) for row in scored[k].token_logprobs] for k in cases},
        "prompt_tokens": {k: [generated[k].prompt_tokens, scored[k].prompt_tokens] for k in cases},
    }


def too_long(backend: Backend, picture: Path) -> str:
    """What is said of a question that fits without its picture and not with it."""
    words: tuple[Message, ...] = ({"role": "user", "content": "x" * (512 - 25)},)
    seen = (Image("the/picture", picture),)
    try:
        list(backend.score([ScoreRequest("far", words, (" a",), seen)]))
    except EnvironmentProblem as problem:
        return str(problem)
    return ""


def bad_picture(backend: Backend) -> str:
    """What is said of a picture that is not there; the backend answers on afterwards."""
    lost = (Image("lost/one", Path("/nonexistent/one.png")),)
    good = GenerateRequest("good", QUESTION, Sampling(2, 0.0))
    said = ""
    try:
        list(backend.generate([good, GenerateRequest("bad", QUESTION, images=lost)]))
    except EnvironmentProblem as problem:
        said = str(problem)
    assert [g.key for batch in backend.generate([good]) for g in batch] == ["good"]
    return said
