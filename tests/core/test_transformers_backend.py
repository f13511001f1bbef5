"""The transformers backend: batches, seeds, ends of answers, adapters, bad folders."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import EnvironmentProblem, UsageProblem
from core.models.base import (
    Backend,
    GenerateRequest,
    Generation,
    Message,
    Sampling,
    Score,
    ScoreRequest,
)
from core.models.chat import ChatRenderer
from core.models.transformers_backend import TransformersBackend
from tests.core.tiny_models import make_model, make_tokenizer, save_adapter, save_model

torch = pytest.importorskip("torch")

GREEDY = Sampling(max_tokens=12, temperature=0.0)


def ask(text: str) -> tuple[Message, ...]:
    return ({"role": "user", "content": text},)


def texts(backend: TransformersBackend, requests: list[GenerateRequest]) -> dict[str, Generation]:
    return {g.key: g for batch in backend.generate(requests) for g in batch}


def scores(backend: TransformersBackend, requests: list[ScoreRequest]) -> dict[str, Score]:
    return {s.key: s for batch in backend.score(requests) for s in batch}


def over(model: Any, template: bool = True, **options: Any) -> TransformersBackend:
    tokenizer = make_tokenizer() if template else make_tokenizer(None)
    return TransformersBackend.from_model(model, renderer=ChatRenderer(tokenizer), **options)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Matrices this small are slower on several threads, and much slower on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def model() -> Any:
    return make_model()


@pytest.fixture(scope="module")
def backend(model: Any) -> TransformersBackend:
    return over(model, batch_size=4)


def test_is_a_backend(backend: TransformersBackend) -> None:
    assert isinstance(backend, Backend)
    assert backend.capabilities.deterministic
    facts = backend.describe()
    assert (facts["dtype"], facts["device"], facts["scoring"]) == ("float32", "cpu", "prefix tree")


def test_batched_greedy_equals_one_at_a_time(backend: TransformersBackend, model: Any) -> None:
    requests = [GenerateRequest(f"{n}", ask("Hi" + "!" * n), GREEDY) for n in range(9)]
    batched = texts(backend, requests)
    assert batched == texts(over(model, batch_size=1), requests)
    for request in requests:
        # And equals a bare loop over the model's argmax.
        ids = ChatRenderer(make_tokenizer()).prompt_ids(request.messages)
        prompt = len(ids)
        while len(ids) == prompt or (len(ids) < prompt + 12 and ids[-1] != 258):
            with torch.no_grad():
                ids.append(int(model(torch.tensor([ids])).logits[0, -1].argmax()))
        answer = batched[request.key]
        assert answer.completion_tokens == len(ids) - prompt
        assert answer.text == make_tokenizer().decode(ids[prompt:], skip_special_tokens=True)
        assert answer.finish_reason == ("stop" if ids[-1] == 258 else "length")


def test_one_planned_batch_repeats_bit_for_bit(backend: TransformersBackend) -> None:
    generate = [GenerateRequest(f"{n}", ask("x" * (n % 5)), seed=n) for n in range(10)]
    score = [ScoreRequest(f"{n}", ask("y" * n), (" she", " he", "")) for n in range(40)]
    plan = backend.plan(generate)
    assert [[r.key for r in b] for b in plan] == [
        [g.key for g in b] for b in backend.generate(generate)
    ]
    assert len(plan) == 3
    whole, whole_scores = texts(backend, generate), scores(backend, score)
    for batch in reversed(plan):
        assert texts(backend, batch[::-1]) == {r.key: whole[r.key] for r in batch}
    planned = backend.plan(score)
    assert len(planned) > 1
    for scored in planned:
        # Equality of floats, not closeness.
        assert scores(backend, scored[::-1]) == {r.key: whole_scores[r.key] for r in scored}
    assert backend.plan([*score, *generate]) == [*plan, *planned]


def test_a_draw_depends_on_its_own_seed_only(backend: TransformersBackend) -> None:
    def request(key: str, text: str, seed: int) -> GenerateRequest:
        return GenerateRequest(key, ask(text), Sampling(12, 1.0, 0.95), seed)

    mine = request("mine", "Tell me", 7)
    alone = texts(backend, [mine])["mine"]
    # Same length as mine, so that all four share a batch. (Logits move in their last bits with
    # the shape of a batch; at float32 that changes a draw about once in 10^5 tokens.)
    for seed in (1, 2):
        others = [request(f"a{n}", "Tell us", seed * 10 + n) for n in range(3)]
        assert texts(backend, [*others, mine])["mine"] == alone
    drawn = {texts(backend, [request("k", "Tell me", s)])["k"].text for s in range(8)}
    assert len(drawn) == 8
    assert texts(backend, [request("k", "Tell me", 7)])["k"].text == alone.text


def test_draws_follow_the_softmax(model: Any) -> None:
    """First tokens of 3,000 draws against the model's own probabilities, by chi-squared."""
    from scipy.stats import chisquare

    from core.models.seeded_sampling import SeededRows

    logits = torch.tensor([2.0, 1.0, 0.0, -1.0, -torch.inf])
    n = 3000
    sampling = Sampling(1, temperature=0.7)
    rows = SeededRows([sampling] * n, range(n), "cpu", 0)
    drawn = rows(torch.empty(n, 0), logits.expand(n, -1)).argmax(-1)
    counts = torch.bincount(drawn, minlength=5)
    assert counts[4] == 0
    expected = (logits / 0.7).softmax(-1)[:4].double() * n
    expected = expected * n / expected.sum()
    assert chisquare(counts[:4].numpy(), expected.numpy()).pvalue > 1e-4


def test_top_p_keeps_the_nucleus() -> None:
    from core.models.seeded_sampling import keep_top_p

    logits = torch.tensor([0.1, 0.5, 0.15, 0.25]).log()
    kept = {p: torch.isfinite(keep_top_p(logits, p)).tolist() for p in (0.0, 0.5, 0.6, 0.8, 1.0)}
    assert kept[0.0] == kept[0.5] == [False, True, False, False]
    assert kept[0.6] == [False, True, False, True]
    assert kept[0.8] == [False, True, True, True]


def test_every_declared_end_token_ends() -> None:
    model = make_model()
    first = texts(over(model), [GenerateRequest("k", ask("Hello"), GREEDY)])["k"]
    ids = ChatRenderer(make_tokenizer()).prompt_ids(ask("Hello"))
    with torch.no_grad():
        token = int(model(torch.tensor([ids])).logits[0, -1].argmax())
    assert first.completion_tokens > 1
    model.generation_config.eos_token_id = [258, token]
    cut = texts(over(model), [GenerateRequest("k", ask("Hello"), GREEDY)])["k"]
    assert (cut.text, cut.finish_reason, cut.completion_tokens) == ("", "stop", 1)
    assert model.generation_config.eos_token_id == [258, token], "its defaults are put back"


def test_sampling_defaults_of_the_checkpoint_are_not_used(model: Any) -> None:
    other = make_model()
    other.generation_config.repetition_penalty = 5.0
    other.generation_config.no_repeat_ngram_size = 1
    requests = [GenerateRequest(f"{n}", ask("a" * n), GREEDY) for n in range(4)]
    assert texts(over(other), requests) == texts(over(model), requests)


def test_limits_are_per_row(backend: TransformersBackend) -> None:
    requests = [GenerateRequest(f"{n}", ask("Hi"), Sampling(n, 1.0), 3) for n in (1, 5, 9)]
    found = texts(backend, requests)
    assert [found[k].completion_tokens <= int(k) for k in found] == [True] * 3
    assert found["1"].completion_tokens == 1
    assert found["9"].text.startswith(found["1"].text.rstrip("\ufffd"))


def test_stop_strings_end_a_plain_completion(monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_model(tie_word_embeddings=False)
    tokenizer = make_tokenizer(None)
    backend = TransformersBackend.from_model(model, renderer=ChatRenderer(tokenizer))
    script = tokenizer.encode("fine.\n\nQuestion: and more of it")
    prompt = len(backend._renderer.prompt_ids(ask("How are you?")))
    forward = type(model).forward

    def scripted(self: Any, input_ids: Any = None, **rest: Any) -> Any:
        output = forward(self, input_ids=input_ids, **rest)
        at = int(rest["position_ids"][0, -1]) + 1 - prompt
        output.logits[:, -1] = -10.0
        output.logits[:, -1, script[at]] = 10.0
        return output

    scripted.__signature__ = __import__("inspect").signature(forward)  # type: ignore[attr-defined]
    monkeypatch.setattr(type(model), "forward", scripted)
    request = GenerateRequest("k", ask("How are you?"), Sampling(30, 0.0))
    answer = texts(backend, [request])["k"]
    assert (answer.text, answer.finish_reason) == ("fine.", "stop")
    assert answer.completion_tokens == len("fine.\n\nQuestion:")


def test_broken_logits_end_in_an_error_not_in_a_text() -> None:
    model = make_model(tie_word_embeddings=False)
    backend = over(model)
    with torch.no_grad():
        model.lm_head.weight[5] = torch.nan
    greedy = GenerateRequest("k", ask("Hello"), GREEDY)
    assert texts(backend, [greedy])["k"].finish_reason == "error"
    score = scores(backend, [ScoreRequest("s", ask("Hello"), (" she",))])["s"]
    assert all(math.isnan(v) for v in score.token_logprobs[0])


def test_a_prompt_beyond_the_context_is_refused(backend: TransformersBackend) -> None:
    long = ask("word " * 200)
    with pytest.raises(EnvironmentProblem, match=r"Request far .* 512"):
        list(backend.generate([GenerateRequest("far", long)]))
    with pytest.raises(EnvironmentProblem, match=r"Request far .* 512"):
        list(backend.score([ScoreRequest("far", long, (" she",))]))


def test_folder_adapter_and_errors(tmp_path: Path) -> None:
    folder = save_model(tmp_path / "model")
    adapter = save_adapter(tmp_path / "adapter")
    renderer = ChatRenderer(make_tokenizer())
    request = ScoreRequest("k", ask("Hello"), (" she", " he"))
    base = TransformersBackend(folder, renderer=renderer, device="cpu")
    same = scores(over(make_model()), [request])["k"]
    assert scores(base, [request])["k"].totals() == pytest.approx(same.totals(), abs=1e-5)
    tuned = TransformersBackend(folder, renderer=renderer, device="cpu", adapter=adapter)
    assert tuned.describe()["adapter"]
    assert tuned.describe()["scoring"] == "prefix tree"
    moved = scores(tuned, [request])["k"].totals()
    assert abs(moved[0] - same.totals()[0]) > 1e-3
    assert texts(tuned, [GenerateRequest("g", ask("Hello"), GREEDY)])["g"].completion_tokens
    tuned.close()

    def refuses(pattern: str, path: Path = folder, **options: Any) -> None:
        with pytest.raises((EnvironmentProblem, UsageProblem), match=pattern) as caught:
            TransformersBackend(path, renderer=renderer, **{"device": "cpu"} | options)
        assert "\n" not in str(caught.value)

    refuses("no PEFT adapter", adapter=tmp_path)
    other = save_adapter(tmp_path / "other", hidden_size=64)
    refuses("does not fit this model", adapter=other)
    refuses("Unknown dtype 'int3'", dtype="int3")
    refuses("Unknown device 'tpu'", device="tpu")
    refuses("cannot load the model", path=tmp_path / "nothing")
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    refuses("cannot load the model", path=folder)
    weights.unlink()
    torch.save(make_model().state_dict(), folder / "pytorch_model.bin")
    refuses("cannot load the model", path=folder)


def test_missing_tensors_are_not_made_up(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = save_model(tmp_path)
    tensors = load_file(folder / "model.safetensors")
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(EnvironmentProblem, match=r"lack 1 .* model\.layers\.1\.mlp\.up_proj"):
        TransformersBackend(folder, renderer=ChatRenderer(make_tokenizer()), device="cpu")


@pytest.mark.model
def test_the_packaged_model_answers() -> None:
    from transformers import AutoTokenizer

    from core.models.packaged import packaged_model

    folder, _ = packaged_model()
    renderer = ChatRenderer(AutoTokenizer.from_pretrained(folder))
    backend = TransformersBackend(folder, renderer=renderer, device="cpu")
    question = ask("What is the capital of France?")
    answer = texts(backend, [GenerateRequest("k", question, Sampling(24, 0.0))])["k"]
    assert "Paris" in answer.text
    assert backend.describe()["scoring"] == "prefix tree"
    score = scores(backend, [ScoreRequest("s", question, ("The capital", "Potatoes"))])["s"]
    right, wrong = score.totals(per_token=True)
    assert right > wrong + 1
