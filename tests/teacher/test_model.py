from pathlib import Path

import numpy as np
import pytest
import torch

from avatar.common.errors import ArtifactError, ConfigError
from avatar.config.schema import TeacherConfig
from avatar.data.batching import TokenTable
from avatar.data.inference import encode_functions, predict_logits
from avatar.data.records import Task
from avatar.teacher.pair_heads import Head
from avatar.teacher.saved_teacher import read_teacher, save_teacher
from avatar.teacher.teacher_model import TeacherModel, load_teacher, shape_only
from avatar.teacher.teacher_tokens import frozen_states, tokenize

TEXTS = [
    "def add ( a ) : return a",
    "def sort ( bb )",
    "read",
    "def write ( ccc ) : return write ccc d ee fff",
]


def teacher(folder: Path, task: Task = Task.PAIR, **settings: object) -> tuple[TeacherModel, TokenTable]:
    model, tokenizer = load_teacher(TeacherConfig(model=str(folder), max_length=64, **settings), task)  # type: ignore[arg-type]
    return model, tokenize(tokenizer, TEXTS, 64)


@pytest.mark.parametrize("pooling", ["first", "mean"])
def test_padding_changes_nothing(tiny_bert: Path, pooling: str) -> None:
    model, tokens = teacher(tiny_bert, pooling=pooling)
    together = encode_functions(model, tokens, np.arange(4))
    alone = np.concatenate([encode_functions(model, tokens, np.asarray([row])) for row in range(4)])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_the_first_token_head_reads_the_first_state(tiny_bert: Path) -> None:
    model, tokens = teacher(tiny_bert)
    model.train(False)
    ids, mask = tokens.padded(np.arange(4))
    states = model.encoder(input_ids=ids, attention_mask=mask.long()).last_hidden_state
    torch.testing.assert_close(model.encode(ids, mask), states[:, 0])


def test_concat_is_the_papers_head(tiny_bert: Path) -> None:
    model, _ = teacher(tiny_bert)
    model.train(False)
    vectors = torch.randn(5, 2, 16)
    joined = torch.cat([vectors[:, 0], vectors[:, 1]], 1)
    expected = model.head.out(torch.tanh(model.head.dense(joined)))
    torch.testing.assert_close(model.classify(vectors), expected)
    assert model.head.dense.weight.shape == (16, 32)


def test_interaction_ignores_the_order_of_a_pair(tiny_bert: Path) -> None:
    model, _ = teacher(tiny_bert, head="interaction")
    model.train(False)
    vectors = torch.randn(5, 2, 16)
    torch.testing.assert_close(model.classify(vectors), model.classify(vectors.flip(1)))


@pytest.mark.parametrize(("layers", "learning"), [(0, 0), (1, 16), (3, 48)])
def test_only_upper_layers_learn(tiny_bert: Path, layers: int, learning: int) -> None:
    model, tokens = teacher(tiny_bert, Task.FUNCTION, trainable_layers=layers)
    model.train()
    ids, mask = tokens.padded(np.arange(4))
    model(ids, mask, torch.arange(4)[:, None]).sum().backward()
    moved = [name for name, weight in model.encoder.named_parameters() if weight.grad is not None]
    assert len(moved) == learning
    assert all(int(name.split(".")[2]) >= 3 - layers for name in moved)


def test_everything_learns_without_trainable_layers(tiny_bert: Path) -> None:
    model, tokens = teacher(tiny_bert, Task.FUNCTION)
    ids, mask = tokens.padded(np.arange(4))
    model(ids, mask, torch.arange(4)[:, None]).sum().backward()
    assert all(weight.grad is not None for weight in model.parameters())


def test_frozen_layers_have_no_dropout(tiny_bert: Path) -> None:
    model, tokens = teacher(tiny_bert, trainable_layers=1)
    model.train()
    ids, mask = tokens.padded(np.arange(4))
    assert torch.equal(model.lower_states(ids, mask), model.lower_states(ids, mask))
    assert not torch.equal(model.encode(ids, mask), model.encode(ids, mask))


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_cached_states_give_the_same_logits(tiny_bert: Path, layers: int) -> None:
    whole, tokens = teacher(tiny_bert, trainable_layers=None, pooling="mean")
    split, _ = teacher(tiny_bert, trainable_layers=layers, pooling="mean")
    split.head.load_state_dict(whole.head.state_dict())
    members = np.asarray([[0, 3], [3, 1], [1, 1]])
    states = frozen_states(split, tokens, np.asarray([3, 0, 1]), batch_size=2)
    expected = predict_logits(whole, tokens, members)
    np.testing.assert_allclose(predict_logits(split, tokens, members), expected, atol=1e-5)
    np.testing.assert_allclose(predict_logits(split.upper, states, members), expected, atol=5e-3)


def test_too_many_tokens_or_layers_are_config_errors(tiny_bert: Path) -> None:
    with pytest.raises(ConfigError, match="at most 64 tokens"):
        load_teacher(TeacherConfig(model=str(tiny_bert), max_length=65), Task.PAIR)
    with pytest.raises(ConfigError, match="3 layers"):
        teacher(tiny_bert, trainable_layers=4)


def test_a_stored_teacher_predicts_the_same(tiny_bert: Path, tmp_path: Path) -> None:
    model, tokenizer = load_teacher(
        TeacherConfig(model=str(tiny_bert), max_length=64, trainable_layers=1, head="interaction"), Task.PAIR
    )
    save_teacher(model, tokenizer, tmp_path / "saved")
    again, same_tokenizer = read_teacher(tmp_path / "saved")
    tokens = tokenize(tokenizer, TEXTS, 64)
    assert tokenize(same_tokenizer, TEXTS, 64).ids.tolist() == tokens.ids.tolist()
    members = np.asarray([[0, 1], [2, 3]])
    np.testing.assert_allclose(
        predict_logits(again, tokens, members), predict_logits(model, tokens, members), atol=1e-6
    )


def test_a_damaged_teacher_is_an_artifact_error(tiny_bert: Path, tmp_path: Path) -> None:
    model, tokenizer = load_teacher(TeacherConfig(model=str(tiny_bert), max_length=64), Task.PAIR)
    save_teacher(model, tokenizer, tmp_path / "saved")
    weights = tmp_path / "saved" / "teacher.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(ArtifactError, match="unreadable"):
        read_teacher(tmp_path / "saved")


def test_codeberts_shape_has_codeberts_parameters() -> None:
    with torch.device("meta"):
        model = shape_only("codebert", Task.FUNCTION)
    encoder = sum(weight.numel() for weight in model.encoder.parameters())
    assert encoder == 124_645_632 - 590_592  # roberta-base's, less the pooler


def test_a_last_batch_of_one_function_can_be_trained_on() -> None:
    head = Head(Task.FUNCTION, 8, "interaction").train()
    logits = head(torch.randn(1, 1, 8, generator=torch.Generator().manual_seed(1)))
    assert bool(logits.isfinite().all())
