"""What a conversion leaves behind: config, ids, chat template, notes, provenance."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.models.convert import convert, is_legacy, why_not
from core.models.fingerprint import fingerprint_model
from tests.core.convert.legacy_checkpoints import make_baichuan, make_internlm1, make_qwen1


def _json(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value


def test_qwen_files(tmp_path: Path) -> None:
    source = make_qwen1(tmp_path / "legacy")
    converted = convert(source, tmp_path / "cache")
    config = _json(converted.path / "config.json")
    assert config["architectures"] == ["Qwen2ForCausalLM"]
    assert config["intermediate_size"] == 96
    assert config["rope_parameters"] == {"rope_type": "default", "rope_theta": 10000.0}
    assert config["max_position_embeddings"] == converted.max_context == 8192
    assert "auto_map" not in config
    assert any("capped at 8,192 tokens" in note for note in converted.notes)
    record = _json(converted.path / "conversion.json")
    assert record["source_fingerprint"] == fingerprint_model(source)
    generation = _json(converted.path / "generation_config.json")
    first = _json(source / "generation_config.json")["eos_token_id"]
    assert generation == {"eos_token_id": [first + 2, first], "pad_token_id": first}
    assert is_legacy(_json(source / "config.json"))
    assert not is_legacy(config)


def test_first_release_is_capped_where_it_was_trained(tmp_path: Path) -> None:
    converted = convert(make_qwen1(tmp_path / "legacy", first_release=True), tmp_path / "cache")
    assert converted.max_context == 2048
    assert any("capped at 2,048 tokens" in note for note in converted.notes)


def test_only_chat_checkpoints_get_the_chatml_template(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    chat = convert(make_qwen1(tmp_path / "chat", chat=True), tmp_path / "cache")
    base = convert(make_qwen1(tmp_path / "base", chat=False), tmp_path / "cache")
    assert chat.path != base.path, "same weights, another tokenizer: another result"
    tokenizer = AutoTokenizer.from_pretrained(chat.path)
    turns = [{"role": "user", "content": "你好"}, {"role": "assistant", "content": "Hi."}]
    system = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    said = "<|im_start|>user\n你好<|im_end|>\n<|im_start|>assistant\nHi.<|im_end|>\n"
    assert tokenizer.apply_chat_template(turns, tokenize=False) == system + said
    own = [{"role": "system", "content": "Be brief."}, turns[0]]
    assert tokenizer.apply_chat_template(own, tokenize=False, add_generation_prompt=True) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n"
        "<|im_start|>user\n你好<|im_end|>\n<|im_start|>assistant\n"
    )
    assert tokenizer.eos_token == "<|im_end|>"
    plain = AutoTokenizer.from_pretrained(base.path)
    assert plain.chat_template is None
    assert plain.eos_token == "<|endoftext|>"


def test_special_tokens_survive_loading_and_are_left_out_of_answers(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(
        convert(make_qwen1(tmp_path / "legacy"), tmp_path / "cache").path
    )
    ids = tokenizer.encode("<|im_start|>user\nhi<|im_end|>")
    assert ids[0] == tokenizer.convert_tokens_to_ids("<|im_start|>")
    assert tokenizer.decode(ids, skip_special_tokens=True) == "user\nhi"


@pytest.mark.parametrize(("chat", "ends"), [(True, [4, 2]), (False, [2])])
def test_internlm_answers_end_at_its_own_token(tmp_path: Path, chat: bool, ends: list[int]) -> None:
    from transformers import AutoTokenizer

    converted = convert(make_internlm1(tmp_path / "legacy", chat=chat), tmp_path / "cache")
    assert _json(converted.path / "generation_config.json")["eos_token_id"] == ends
    assert _json(converted.path / "config.json")["attention_bias"] is True
    tokenizer = AutoTokenizer.from_pretrained(converted.path)
    assert tokenizer.encode("hi")[0] == tokenizer.bos_token_id == 1
    answer = tokenizer.encode("She is.<eoa>", add_special_tokens=False)
    assert tokenizer.decode(answer, skip_special_tokens=True) == (
        "She is." if chat else "She is.<eoa>"
    )


def test_baichuan_says_what_was_folded_in(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    second = convert(make_baichuan(tmp_path / "2"), tmp_path / "cache")
    first = convert(make_baichuan(tmp_path / "1", generation=1), tmp_path / "cache")
    assert "normalised head" in second.notes[0]
    assert "normalised head" not in first.notes[0]
    tokenizer = AutoTokenizer.from_pretrained(second.path)
    ids = tokenizer.encode("<reserved_106>Who is a nurse?<reserved_107>")
    assert (ids[0], ids[-1]) == (3, 4), "no <s> in front: its tokenizer_config says so"
    assert tokenizer.pad_token == "<unk>"


def test_no_sampling_settings_are_carried_over(tmp_path: Path) -> None:
    """A repetition penalty applied unasked would change what an audit measures."""
    for make in (make_qwen1, make_baichuan):
        source = make(tmp_path / make.__name__)
        assert "repetition_penalty" in _json(source / "generation_config.json")
        converted = convert(source, tmp_path / "cache")
        kept = _json(converted.path / "generation_config.json")
        assert set(kept) <= {"eos_token_id", "pad_token_id", "bos_token_id"}


@pytest.mark.parametrize(
    ("config", "generation"),
    [
        ({"architectures": ["BaiChuanForCausalLM"], "vocab_size": 64000}, "Baichuan to"),
        ({"architectures": ["BaichuanForCausalLM"], "vocab_size": 125696}, "Baichuan2 to"),
        # A published vocabulary outweighs the spelling; a resized one leaves the spelling.
        ({"architectures": ["BaichuanForCausalLM"], "vocab_size": 64000}, "Baichuan to"),
        ({"architectures": ["BaiChuanForCausalLM"], "vocab_size": 64008}, "Baichuan to"),
    ],
)
def test_which_baichuan(config: dict[str, Any], generation: str) -> None:
    from core.models.convert.baichuan import recipe

    sizes = {"hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
             "num_attention_heads": 32, "max_position_embeddings": 4096}  # fmt: skip
    assert generation in recipe(config | sizes).notes[0]
    assert why_not(config | sizes) is None


def test_looking_at_a_config_imports_nothing_heavy() -> None:
    code = (
        "import sys; from core.models.convert import is_legacy, why_not;"
        "config = {'architectures': ['QWenLMHeadModel']};"
        "assert is_legacy(config) and why_not(config) is None;"
        "print([m for m in ('torch', 'transformers', 'tokenizers', 'sentencepiece') "
        "if m in sys.modules])"
    )
    root = Path(__file__).parents[3]
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=root, check=True, capture_output=True, text=True
    )
    assert found.stdout.strip() == "[]"
