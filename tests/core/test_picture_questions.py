"""Questions with pictures through transformers, on tiny random models of three families."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import EnvironmentProblem
from core.models.base import GenerateRequest, Image, Message, Sampling, ScoreRequest
from core.models.chat import ChatRenderer
from core.models.image_prompts import PicturePrompts, picture_renderer
from core.models.load import load_backend
from core.models.pictures import open_picture
from core.models.processors import load_processor
from core.models.resolve import resolve
from core.models.transformers_backend import TransformersBackend
from tests.core.tiny_models import make_model, make_tokenizer, save_model
from tests.core.tiny_vlm import FAMILIES, save_pictures, save_text_adapter, save_vlm

torch = pytest.importorskip("torch")
pytest.importorskip("PIL")

QUESTION: tuple[Message, ...] = ({"role": "user", "content": "Who is it?"},)
PREFILLED: tuple[Message, ...] = (
    {"role": "system", "content": "Be brief."},
    *QUESTION,
    {"role": "assistant", "content": "It is"},
)
TAILS = (" a man", " a woman", " a", "")
GREEDY = Sampling(max_tokens=10, temperature=0.0)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Image]:
    return save_pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_vlm(tmp_path_factory.mktemp("idefics3") / "model")


def load(folder: Path, **options: Any) -> TransformersBackend:
    backend = load_backend(resolve(str(folder)), backend="transformers", **options)
    assert isinstance(backend, TransformersBackend)
    return backend


@pytest.fixture(scope="module")
def backend(folder: Path) -> TransformersBackend:
    return load(folder)


def ask(backend: TransformersBackend, requests: list[Any]) -> dict[str, Any]:
    how: Any = backend.score if isinstance(requests[0], ScoreRequest) else backend.generate
    return {a.key: a for batch in how(requests) for a in batch}


class Plainly:
    """One question at a time by the processor and the model's forward pass, nothing else."""

    def __init__(self, backend: TransformersBackend, folder: Path) -> None:
        self.processor = load_processor(folder)
        self.model = backend._model

    def inputs(self, text: str, images: tuple[Image, ...]) -> dict[str, Any]:
        opened = [open_picture(i) for i in images]
        options: dict[str, Any] = {"images": [opened]} if opened else {}
        return dict(
            self.processor(text=[text], return_tensors="pt", add_special_tokens=False, **options)
        )

    def logits(self, text: str, images: tuple[Image, ...], more: list[int]) -> Any:
        inputs = self.inputs(text, images)
        n = inputs["input_ids"].shape[1]
        for name, value in inputs.items():
            if value.shape[:2] == (1, n) and value.ndim == 2:
                tail = more if name == "input_ids" else [int(name == "attention_mask")] * len(more)
                inputs[name] = torch.cat([value, torch.tensor([tail], dtype=value.dtype)], dim=1)
        with torch.no_grad():
            return self.model(**inputs, use_cache=False).logits[0, n - 1 :].float()

    def answer(self, text: str, images: tuple[Image, ...]) -> str:
        found: list[int] = []
        while len(found) < GREEDY.max_tokens:
            token = int(self.logits(text, images, found)[-1].argmax())
            if token == self.processor.tokenizer.eos_token_id:
                break
            found.append(token)
        return str(self.processor.tokenizer.decode(found, skip_special_tokens=True))

    def score(self, text: str, images: tuple[Image, ...], tail: str) -> list[float]:
        ids = self.processor.tokenizer.encode(tail, add_special_tokens=False)
        rows = self.logits(text, images, ids).log_softmax(-1)
        return [float(rows[n, token]) for n, token in enumerate(ids)]


@pytest.mark.parametrize("family", FAMILIES)
def test_load_generate_score(family: str, tmp_path: Path, pictures: list[Image]) -> None:
    folder = save_vlm(tmp_path / family, family)
    try:
        load_processor(folder)
    except EnvironmentProblem as problem:
        pytest.skip(f"the image processor of {family} cannot be imported here: {problem}")
    backend = load(folder)
    assert backend.capabilities.images
    shown = {
        "none": (), "red": (pictures[0],), "green": (pictures[1],), "wide": (pictures[2],),
        "two": tuple(pictures[1:]),
    }  # fmt: skip
    cases = {
        f"{name}/{n}": (messages, images)
        for name, images in shown.items()
        for n, messages in enumerate((QUESTION, PREFILLED))
    }
    answers = ask(backend, [GenerateRequest(k, m, GREEDY, images=i) for k, (m, i) in cases.items()])
    scores = ask(backend, [ScoreRequest(k, m, TAILS, i) for k, (m, i) in cases.items()])
    plainly = Plainly(backend, folder)
    for key, (messages, images) in cases.items():
        text = backend._renderer.render(messages, len(images))
        assert answers[key].text == plainly.answer(text, images)
        length = plainly.inputs(text, images)["input_ids"].shape[1]
        assert answers[key].prompt_tokens == scores[key].prompt_tokens == length
        for tail, values in zip(TAILS, scores[key].token_logprobs, strict=True):
            assert values == pytest.approx(plainly.score(text, images, tail), abs=1e-4)
    # The model looks at what it is shown, so the above is more than an agreement on nothing.
    totals = [scores[f"{name}/0"].totals()[0] for name in shown]
    assert len({round(t, 2) for t in totals}) == len(shown)


def test_planned_batches_repeat_bit_for_bit(
    backend: TransformersBackend, pictures: list[Image]
) -> None:
    def images(n: int) -> tuple[Image, ...]:
        return tuple(pictures[(n + k) % 3] for k in range(n % 3))

    def words(n: int) -> tuple[Message, ...]:
        return ({"role": "user", "content": "Who?" + "!" * (n % 7)},)

    score: list[Any] = [ScoreRequest(f"s{n}", words(n), TAILS, images(n)) for n in range(24)]
    generate: list[Any] = [
        GenerateRequest(f"g{n}", words(n), Sampling(6, 1.0), n, images(n)) for n in range(24)
    ]
    for requests in (score, generate):
        plan = backend.plan(requests)
        assert len(plan) >= 3
        assert all(len({len(r.images) for r in batch}) == 1 for batch in plan)
        assert sorted(r.key for batch in plan for r in batch) == sorted(r.key for r in requests)
        whole = ask(backend, requests)
        for batch in plan:
            assert backend.plan(batch) == [batch]
            # Equality of floats, not closeness.
            assert ask(backend, batch[::-1]) == {r.key: whole[r.key] for r in batch}


def test_a_draw_does_not_depend_on_its_company(
    backend: TransformersBackend, pictures: list[Image]
) -> None:
    mine = GenerateRequest("mine", QUESTION, Sampling(8, 1.0), 5, (pictures[0],))
    others = [
        GenerateRequest(f"o{n}", QUESTION, Sampling(8, 1.0), n, (pictures[n % 3],))
        for n in range(6, 9)
    ]
    assert ask(backend, [mine, *others])["mine"] == ask(backend, [mine])["mine"]
    assert len({a.text for a in ask(backend, [mine, *others]).values()}) > 1


def test_pictures_stand_before_the_words_of_the_first_user_turn(
    backend: TransformersBackend,
) -> None:
    later: tuple[Message, ...] = (
        *PREFILLED[:2],
        {"role": "assistant", "content": "A."},
        {"role": "user", "content": "Sure?"},
    )
    assert backend._renderer.render(later, 2) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n"
        "<|im_start|>user\n<image><image>Who is it?<|im_end|>\n"
        "<|im_start|>assistant\nA.<|im_end|>\n"
        "<|im_start|>user\nSure?<|im_end|>\n<|im_start|>assistant\n"
    )
    with pytest.raises(ValueError, match="user turn"):
        backend._renderer.render(PREFILLED[:1], 1)


def test_templates_that_read_strings_get_strings() -> None:
    strings = (
        "{% for m in messages %}[{{ m['role'] }}]{{ '' + m['content'] }}{% endfor %}"
        "{% if add_generation_prompt %}[answer]{% endif %}"
    )
    as_text = "{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}{% endfor %}"
    for template in (strings, as_text):
        renderer = ChatRenderer(make_tokenizer(template), picture_token="<img>")
        assert renderer.render(QUESTION, 2).startswith("[user]<img>\n<img>\nWho is it?")
        assert renderer.render(QUESTION).startswith("[user]Who is it?")
    plain = ChatRenderer(make_tokenizer(None), picture_token="<img>")
    assert plain.render(QUESTION, 1) == "Question: <img>\nWho is it?\n\nAnswer:\n"


def test_the_turns_end_is_found_in_parts(backend: TransformersBackend) -> None:
    renderer = backend._renderer
    ids = renderer.answer_ids(QUESTION, "A man.", pictures=1)
    assert renderer.tokenizer.decode(ids) == "A man.<|im_end|>"


def test_a_text_model_says_that_it_takes_no_pictures(pictures: list[Image]) -> None:
    text = TransformersBackend.from_model(make_model(), renderer=ChatRenderer(make_tokenizer()))
    assert not text.capabilities.images
    asked = GenerateRequest("k", QUESTION, GREEDY, images=(pictures[0],))
    with pytest.raises(EnvironmentProblem, match="k shows a picture, and this model takes none"):
        text.plan([asked])
    with pytest.raises(EnvironmentProblem, match="takes none as it is loaded"):
        ChatRenderer(make_tokenizer()).render(QUESTION, 1)


def test_without_its_processor_a_model_is_asked_in_words_alone(
    folder: Path, tmp_path: Path, pictures: list[Image], backend: TransformersBackend
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for file in folder.iterdir():
        if file.name != "processor_config.json":
            (bare / file.name).symlink_to(file)
    words = load(bare)
    assert not words.capabilities.images
    assert any("pictures cannot be asked about" in note for note in words.capabilities.notes)
    with pytest.raises(EnvironmentProblem, match="k shows a picture"):
        ask(words, [GenerateRequest("k", QUESTION, GREEDY, images=(pictures[0],))])


def test_unreadable_pictures_are_named(
    backend: TransformersBackend, pictures: list[Image], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    whole = pictures[0].path.read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.png").write_text("no picture")
    for name in ("cut.png", "text.png", "missing.png"):
        image = Image(f"bad/{name}", tmp_path / name)
        for request in (
            GenerateRequest("k", QUESTION, GREEDY, images=(image,)),
            ScoreRequest("k", QUESTION, TAILS, (image,)),
        ):
            with pytest.raises(EnvironmentProblem, match=f"The picture bad/{name} cannot be read"):
                ask(backend, [request])
    import PIL.Image

    for limit in (700, 300):  # a warning of Pillow's, and its error
        monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(EnvironmentProblem, match="square/red cannot be read"):
            open_picture(pictures[0])


def test_a_question_longer_than_the_context_is_refused(
    backend: TransformersBackend, pictures: list[Image]
) -> None:
    long: tuple[Message, ...] = ({"role": "user", "content": "word " * 120},)
    with pytest.raises(EnvironmentProblem, match=r"Request far .* 512"):
        ask(backend, [GenerateRequest("far", long, GREEDY, images=(pictures[0],))])


def test_an_adapter_on_the_language_model_changes_the_answer(
    folder: Path, backend: TransformersBackend, pictures: list[Image], tmp_path: Path
) -> None:
    adapter = save_text_adapter(tmp_path / "adapter", folder)
    tuned = load(folder, adapter=adapter)
    request = ScoreRequest("k", QUESTION, TAILS, (pictures[0],))
    before, after = (ask(b, [request])["k"].totals()[0] for b in (backend, tuned))
    assert abs(before - after) > 1e-2


def test_a_folder_without_a_processor_of_pictures_says_so(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="has no processor of pictures"):
        load_processor(save_model(tmp_path / "text"))


def test_a_processor_that_batches_differently_is_not_trusted(
    folder: Path, pictures: list[Image]
) -> None:
    whole = load_processor(folder)

    class Moody:
        tokenizer, image_token = whole.tokenizer, whole.image_token
        chat_template = whole.chat_template

        def __call__(self, text: list[str], **options: Any) -> Any:
            return whole(text=[t + "!" * (len(text) > 1) for t in text], **options)

    processor = Moody()
    prompts = PicturePrompts(processor, picture_renderer(processor))
    shown = [(QUESTION, (picture,)) for picture in pictures]
    assert prompts.inputs(shown[:1], [()], left=True)["input_ids"].shape[0] == 1
    with pytest.raises(EnvironmentProblem, match="other tokens of a question in company"):
        prompts.inputs(shown, [()] * 3, left=True)


def test_a_picture_the_processor_fails_on_is_named(folder: Path, pictures: list[Image]) -> None:
    whole = load_processor(folder)
    # One placeholder too few for the picture.
    whole.chat_template = "{% for m in messages %}{{ m['content'][-1]['text'] }}{% endfor %}"
    prompts = PicturePrompts(whole, picture_renderer(whole))
    with pytest.raises(EnvironmentProblem, match="cannot prepare the question with square/red"):
        prompts.prompt_ids(QUESTION, pictures[:1])
