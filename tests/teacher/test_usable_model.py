"""A model or tokenizer that cannot be a teacher is refused: many load without a word, and teach nothing."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    BertConfig,
    BertModel,
    CLIPConfig,
    CLIPModel,
    GPT2Config,
    GPT2Model,
    PreTrainedModel,
    T5Config,
    T5Model,
    ViTConfig,
    ViTModel,
)

from avatar.common.errors import ArtifactError, DataError
from avatar.config.schema import TeacherConfig
from avatar.data.records import Task
from avatar.teacher.local import local_folder
from avatar.teacher.saved_teacher import read_teacher, save_teacher
from avatar.teacher.teacher_model import load_teacher
from avatar.teacher.teacher_tokens import tokenize

pytestmark = pytest.mark.timeout(120)

TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")


def load(folder: Path, **settings: object) -> None:
    load_teacher(TeacherConfig(model=str(folder), max_length=16, **settings), Task.PAIR)  # type: ignore[arg-type]


def without_tokenizer(folder: Path) -> None:
    for name in TOKENIZER:
        (folder / name).unlink(missing_ok=True)


def test_a_folder_without_a_tokenizer(tiny_bert: Path) -> None:
    without_tokenizer(tiny_bert)
    with pytest.raises(DataError, match="has no tokenizer"):
        local_folder(str(tiny_bert))
    with pytest.raises(DataError, match="has no tokenizer"):
        load(tiny_bert)


def test_a_tokenizer_that_knows_no_word(tiny_bert: Path) -> None:
    """The library makes an empty tokenizer for the kind of the model."""
    without_tokenizer(tiny_bert)
    (tiny_bert / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer"}))
    with pytest.raises(DataError, match="knows no words"):
        load(tiny_bert)


def test_a_saved_teacher_without_its_tokenizer(tiny_bert: Path, tmp_path: Path) -> None:
    save_teacher(*load_teacher(TeacherConfig(model=str(tiny_bert), max_length=16), Task.PAIR), tmp_path / "saved")
    without_tokenizer(tmp_path / "saved")
    with pytest.raises(ArtifactError, match="is unreadable"):
        read_teacher(tmp_path / "saved")


def test_a_tokenizer_of_another_language(tiny_bert: Path) -> None:
    _, tokenizer = load_teacher(TeacherConfig(model=str(tiny_bert), max_length=16), Task.PAIR)
    with pytest.raises(DataError, match="knows no part of the 2 functions"):
        tokenize(tokenizer, ["let x=1;", "let y=2;"], 16)
    assert tokenize(tokenizer, ["let x=1;", "return y"], 16).lengths.tolist() == [4, 4]


def test_a_tokenizer_larger_than_the_embedding(tiny_bert: Path) -> None:
    config = BertConfig.from_pretrained(tiny_bert)
    config.vocab_size = 9
    BertModel(config).save_pretrained(tiny_bert)
    with pytest.raises(DataError, match="the id 19, the model has 9 tokens"):
        load(tiny_bert)


def model(kind: str) -> PreTrainedModel:
    torch.manual_seed(1)
    if kind == "t5":
        return T5Model(T5Config(vocab_size=40, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2))
    if kind == "vit":
        shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
        return ViTModel(ViTConfig(image_size=8, patch_size=4, **shape))
    if kind == "clip":
        shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
        return CLIPModel(
            CLIPConfig(
                text_config={**shape, "vocab_size": 40}, vision_config={**shape, "image_size": 8, "patch_size": 4}
            )
        )
    return GPT2Model(GPT2Config(vocab_size=40, n_positions=32, n_embd=16, n_layer=1, n_head=2))


@pytest.mark.parametrize("kind", ["t5", "vit", "clip"])
def test_a_model_that_is_no_encoder_of_text(tiny_bert: Path, kind: str) -> None:
    (tiny_bert / "model.safetensors").unlink()
    model(kind).save_pretrained(tiny_bert)
    with pytest.raises(DataError, match=f"a model of the kind '{kind}' is no encoder of text") as error:
        load(tiny_bert)
    assert error.value.exit_status == 2


def test_a_decoder_whose_first_state_is_the_same_for_all(tiny_bert: Path) -> None:
    model("gpt2").save_pretrained(tiny_bert)
    with pytest.raises(DataError, match="two different functions the same vector") as error:
        load(tiny_bert, pooling="first")
    assert "mean" in error.value.hint
    load(tiny_bert, pooling="mean")


def test_weights_of_another_model(tiny_bert: Path) -> None:
    path = tiny_bert / "model.safetensors"
    weights = load_file(path)
    lost = next(name for name in weights if "layer.1" in name)
    del weights[lost]
    save_file(weights, path, metadata={"format": "pt"})
    with pytest.raises(DataError, match=r"lack 1 tensors of the model, such as .*layer\.1"):
        load(tiny_bert)


def test_weights_that_are_not_numbers(tiny_bert: Path) -> None:
    path = tiny_bert / "model.safetensors"
    weights = load_file(path)
    next(value for name, value in weights.items() if name.endswith("LayerNorm.weight")).fill_(float("nan"))
    save_file(weights, path, metadata={"format": "pt"})
    with pytest.raises(DataError, match="not finite"):
        load(tiny_bert)
