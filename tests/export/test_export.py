import json
import stat
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from avatar.bundle import CONFIG, ENCODER, HEAD, README, TOKENIZER, WEIGHTS, read_bundle
from avatar.common.errors import ArtifactError
from avatar.data.records import Task
from avatar.data.tokenizers import encode_texts
from avatar.export import bundle as export_module
from avatar.export import export_bundle
from avatar.serve import Predictor
from avatar.space.architecture import Architecture
from avatar.student.encoder import StudentModel
from students import TEXTS, tiny_architecture, tiny_bundle, tiny_student, tiny_tokenizer


def torch_logits(model: StudentModel, texts: list[str], members: list[list[int]]) -> np.ndarray:
    """Logits of one function at a time, without padding: a reference without the predictor's batching."""
    rows = encode_texts(tiny_tokenizer(), texts, model.arch.max_length)
    with torch.inference_mode():
        vectors = [model.encode(torch.tensor([row]), torch.ones(1, len(row), dtype=torch.int64))[0] for row in rows]
        return model.classify(torch.stack(vectors)[torch.tensor(members)]).numpy()


@pytest.mark.parametrize(
    ("task", "genes"),
    [
        (Task.PAIR, {"head": "concat", "pooling": "first"}),
        (Task.PAIR, {"head": "interaction", "pooling": "mean", "layers": 2, "embedding_size": 8}),
        (Task.PAIR, {"head": "interaction", "layers": 0, "position": "none", "pooling": "first"}),
        (Task.PAIR, {"position": "relative_key_query", "hidden_act": "silu"}),
        (Task.FUNCTION, {"position": "relative_key", "pooling": "max", "hidden_act": "gelu_new"}),
        (Task.FUNCTION, {"layers": 0, "position": "none", "pooling": "attention"}),
    ],
    ids=str,
)
def test_predictor_answers_as_torch_does(tmp_path: Path, task: Task, genes: dict[str, object]) -> None:
    tiny_bundle(tmp_path / "b", task, **genes)
    model = tiny_student(tiny_architecture(**genes), task)
    count = len(TEXTS)
    members = [[row, (row * 7 + 3) % count][: task.arity] for row in range(count)]
    expected = torch.softmax(torch.from_numpy(torch_logits(model, TEXTS, members)), -1).numpy()
    examples = [tuple(TEXTS[row] for row in one) for one in members]
    result = Predictor(tmp_path / "b", threads=1).predict(
        examples if task is Task.PAIR else [one[0] for one in examples]  # type: ignore[arg-type]
    )
    np.testing.assert_allclose(result, expected, atol=1e-4)
    if genes.get("layers") != 0 or genes["pooling"] != "first":  # with <s> as the only token, all answers are equal
        assert np.ptp(result[:, 1]) > 1e-3, "all answers equal: the comparison would prove nothing"


def test_writes_weights_config_card_and_tokenizer(tmp_path: Path) -> None:
    check = tiny_bundle(tmp_path / "b", Task.PAIR)
    arch = tiny_architecture()
    model = tiny_student(arch, Task.PAIR)
    stored = load_file(tmp_path / "b" / WEIGHTS)
    assert set(stored) == set(model.state_dict())
    assert all(torch.equal(stored[name], tensor) for name, tensor in model.state_dict().items())
    config = read_bundle(tmp_path / "b").config
    assert (config.task, config.max_length, config.labels) == ("pair", 48, ("different", "clone"))
    assert Architecture.from_dict(config.architecture) == arch
    assert (tmp_path / "b" / README).read_text().startswith("# A tiny student\n\n## Files\n")
    assert json.loads((tmp_path / "b" / TOKENIZER).read_text())["truncation"]["max_length"] == 48
    assert check.examples == 8
    assert check.largest_difference <= 1e-4
    assert check.size_bytes == sum(path.stat().st_size for path in (tmp_path / "b").iterdir())


def test_weights_are_stored_once(tmp_path: Path) -> None:
    tiny_bundle(tmp_path / "b", Task.PAIR, vocab_size=4000)
    weights = 4 * sum(tensor.numel() for tensor in load_file(tmp_path / "b" / WEIGHTS).values())
    graphs = sum((tmp_path / "b" / name).stat().st_size for name in (ENCODER, HEAD))
    assert weights > 400_000
    assert graphs < 50_000


def test_a_difference_from_torch_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def altered(model: StudentModel, path: Path) -> None:
        other = tiny_student(model.arch, model.task)
        with torch.no_grad():
            other.tokens.weight.add_(0.5 * torch.randn(other.tokens.weight.shape))
        write(other, path)

    write = export_module.write_encoder
    monkeypatch.setattr(export_module, "write_encoder", altered)
    with pytest.raises(ArtifactError, match="differ from torch"):
        tiny_bundle(tmp_path / "b", Task.PAIR)
    assert not list(tmp_path.iterdir())


def test_weights_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    arch = tiny_architecture()
    model = tiny_student(arch, Task.FUNCTION)
    with torch.no_grad():
        model.norm.bias.fill_(float("nan"))
    with pytest.raises(ArtifactError, match="differ from torch"):
        export_bundle(model, tiny_tokenizer(), arch, Task.FUNCTION, tmp_path / "b", TEXTS[:3], "card")
    assert not list(tmp_path.iterdir())


def test_replaces_an_older_bundle(tmp_path: Path) -> None:
    tiny_bundle(tmp_path / "b", Task.PAIR)
    tiny_bundle(tmp_path / "b", Task.FUNCTION)
    assert read_bundle(tmp_path / "b").config.task == "function"
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_leaves_the_model_in_training_as_it_was(tmp_path: Path) -> None:
    arch = tiny_architecture()
    model = tiny_student(arch, Task.PAIR).train()
    export_bundle(model, tiny_tokenizer(), arch, Task.PAIR, tmp_path / "b", TEXTS[:3], "card")
    assert model.training
    assert not any(getattr(module, "plain_attention", False) for module in model.modules())


def test_needs_examples_to_check_with(tmp_path: Path) -> None:
    arch = tiny_architecture()
    with pytest.raises(ArtifactError, match="example texts"):
        export_bundle(tiny_student(arch, Task.PAIR), tiny_tokenizer(), arch, Task.PAIR, tmp_path, TEXTS[:1], "card")


def test_an_unwritable_place_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ArtifactError, match="cannot write the folder"):
        tiny_bundle(tmp_path / "file" / "b", Task.PAIR)


def test_others_may_read_the_folder(tmp_path: Path) -> None:
    tiny_bundle(tmp_path / "b", Task.PAIR)
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) & 0o055 == 0o055
    assert all(path.stat().st_mode & 0o044 for path in (tmp_path / "b").iterdir())
    assert (tmp_path / "b" / CONFIG).is_file()
