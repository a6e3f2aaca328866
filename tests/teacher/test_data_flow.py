"""GraphCodeBERT: the input with the data flow, its mask against a plain reference, and the training of a small one."""

import dataclasses
import itertools
import json
import logging
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from torch import Tensor
from transformers import AutoTokenizer, BertConfig, BertModel, PreTrainedTokenizerBase

from avatar.code.dataflow import CodeFlow, Edge, data_flow
from avatar.common.errors import ConfigError, DataError
from avatar.config.schema import TeacherConfig, TrainerConfig
from avatar.data.inference import encode_functions
from avatar.data.records import Corpus, Function, Pair, SplitName, Task
from avatar.measure.classifier import of_teacher
from avatar.teacher.data_flow_model import DataFlowModel
from avatar.teacher.data_flow_table import DataFlowTable, Subwords, data_flow_table, function_input
from avatar.teacher.fine_tuning import fine_tune
from avatar.teacher.kinds import TEACHERS
from avatar.teacher.saved_teacher import read_teacher, save_teacher
from avatar.teacher.teacher_model import load_teacher
from tiny_roberta import tiny_roberta

CLS, PAD, SEP, UNK = range(4)
JAVA = [
    "int f(int a) { int b = a; b = g(a, b); return b; }",
    "void f() { }",
    "int f(int n) { int s = 0; for (int i = 0; i < n; i++) { if (i > 2) s = s + i; else s = i; } return s; }",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_roberta(tmp_path / "roberta")


@pytest.fixture
def tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(folder)


def config(folder: Path, **settings: object) -> TeacherConfig:
    plain = TeacherConfig(
        kind="data_flow", model=str(folder), max_length=100, data_flow_length=40, epochs=2, batch_size=8
    )
    return dataclasses.replace(plain, **settings)  # type: ignore[arg-type]


def table(tokenizer: PreTrainedTokenizerBase, texts: list[str], length: int = 100, nodes: int = 40) -> DataFlowTable:
    return data_flow_table(tokenizer, texts, ["java"] * len(texts), length, nodes, 512)


def loaded(folder: Path, **settings: object) -> DataFlowModel:
    model, _ = load_teacher(config(folder, **settings), Task.PAIR)
    assert isinstance(model, DataFlowModel)
    return model.train(False)  # type: ignore[return-value]


def subwords(tokenizer: PreTrainedTokenizerBase, tokens: list[str]) -> list[list[int]]:
    """Each token alone: the first as it is, each other after a space."""
    spaced = [tokenizer(("@ " if row else "") + token, add_special_tokens=False) for row, token in enumerate(tokens)]
    return [made["input_ids"][1 if row else 0 :] for row, made in enumerate(spaced)]


def plain_mask(flow: CodeFlow, words: list[list[int]], length: int, nodes: int, width: int) -> list[list[bool]]:
    """The mask of one function, entry by entry, from the paper's description (section 4.2) and the authors' lengths."""
    read = [(token, part) for token, word in enumerate(words) for part in word]
    read = read[: min(length + nodes - 3 - min(len(flow.edges), nodes), 512 - 3)]
    text = len(read) + 2
    kept = flow.edges[: length + nodes - text]
    token_of = [None, *(token for token, _ in read), None]
    last = {edge.token: row for row, edge in enumerate(kept)}
    whole = {token: sum(1 for other in token_of if other == token) == len(words[token]) for token, _ in read}

    def attends(query: int, key: int) -> bool:
        if query == key:
            return True
        if max(query, key) >= text + len(kept):
            return False  # padding
        if query < text and key < text:
            return True
        if query in (0, text - 1):
            return True
        if query >= text and key >= text:
            sources = kept[query - text].sources
            return any(last.get(source) == key - text for source in sources)
        node, token = (query, key) if query >= text else (key, query)
        if token_of[token] is None:
            return False
        return token_of[token] == kept[node - text].token and whole[kept[node - text].token]

    return [[attends(query, key) for key in range(width)] for query in range(width)]


@pytest.mark.parametrize(("length", "nodes"), [(100, 40), (20, 10), (12, 30), (40, 5)])
def test_the_mask_is_that_of_a_plain_reference(tokenizer: PreTrainedTokenizerBase, length: int, nodes: int) -> None:
    made = table(tokenizer, JAVA, length, nodes)
    ids, mask = made.padded(np.array([2, 0, 1]))
    assert mask.shape == (3, ids.shape[1], ids.shape[1])
    assert mask.dtype == torch.bool
    for row, text in enumerate((JAVA[2], JAVA[0], JAVA[1])):
        flow = data_flow(text, "java")
        assert flow is not None
        expected = plain_mask(flow, subwords(tokenizer, flow.tokens), length, nodes, ids.shape[1])
        assert mask[row].tolist() == expected


def test_ids_and_positions(tokenizer: PreTrainedTokenizerBase) -> None:
    made = table(tokenizer, JAVA)
    ids, mask = made.padded(np.arange(3))
    for row, text in enumerate(JAVA):
        flow = data_flow(text, "java")
        assert flow is not None
        words = list(itertools.chain.from_iterable(subwords(tokenizer, flow.tokens)))
        nodes, width = len(flow.edges), ids.shape[1]
        filled = len(words) + 2 + nodes
        assert made.lengths[row] == filled
        assert ids[row, :, 0].tolist() == [CLS, *words, SEP, *[UNK] * nodes, *[PAD] * (width - filled)]
        expected = [*range(2, len(words) + 4), *[0] * nodes, *[1] * (width - filled)]
        assert ids[row, :, 1].tolist() == expected
        assert mask[row, 0].tolist() == [True] * filled + [False] * (width - filled)


@pytest.mark.parametrize(
    ("tokens", "edges", "expected"),
    [
        (600, 0, (511, 0)),  # the positions end
        (600, 10, (503, 10)),
        (600, 114, (399, 114)),
        (600, 300, (399, 115)),  # three places are kept for two special tokens, as by the authors
        (100, 300, (102, 300)),  # a short function has room for more nodes
        (100, 500, (102, 412)),
    ],
)
def test_it_is_cut_as_by_the_authors(tokens: int, edges: int, expected: tuple[int, int]) -> None:
    flow = CodeFlow(["a"] * tokens, [Edge("a", row % tokens, "comesFrom", ["a"], [0]) for row in range(edges)])
    made = function_input([[7]] * tokens, flow, 400, 114, 512, (CLS, SEP, UNK))
    assert (made.tokens, len(made.ids) - made.tokens) == expected
    assert all(max(pair) < len(made.ids) and max(pair) >= made.tokens for pair in made.pairs)


def test_every_token_but_the_first_is_read_after_a_space(tokenizer: PreTrainedTokenizerBase) -> None:
    tokens = ["int", "f", "(", "int", "", " a", "@", "int"]
    made = Subwords(tokenizer)
    assert made.of(tokens) == subwords(tokenizer, tokens)
    assert made.of(tokens) == subwords(tokenizer, tokens)  # from memory
    assert made.of([]) == []


def test_a_node_starts_as_the_mean_of_its_tokens(folder: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    model = loaded(folder)
    ids, mask = table(tokenizer, JAVA).padded(np.array([0]))
    given = model.embedded(ids, mask)
    words = model.encoder.embeddings.word_embeddings.weight
    embeddings = model.encoder.embeddings
    for entry, (token, position) in enumerate(ids[0].tolist()):
        if position:
            mean = words[token]
        else:
            own = [ids[0, key, 0] for key in range(len(ids[0])) if mask[0, entry, key] and ids[0, key, 1] > 1]
            assert own
            mean = torch.stack([words[one] for one in own]).mean(0)
        summed = mean + embeddings.position_embeddings.weight[position] + embeddings.token_type_embeddings.weight[0]
        torch.testing.assert_close(given[0, entry], embeddings.LayerNorm(summed), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("layers", [None, 1])
@pytest.mark.parametrize("pooling", ["first", "mean", "max"])
def test_padding_changes_nothing(folder: Path, tokenizer: PreTrainedTokenizerBase, pooling: str, layers: int) -> None:
    model = loaded(folder, pooling=pooling, trainable_layers=layers)
    made = table(tokenizer, JAVA)
    together = encode_functions(model, made, np.arange(3))
    alone = np.concatenate([encode_functions(model, made, np.array([row])) for row in range(3)])
    assert np.isfinite(together).all()
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_frozen_layers_change_no_vector(folder: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    ids, mask = table(tokenizer, JAVA).padded(np.arange(3))
    whole, split = loaded(folder), loaded(folder, trainable_layers=1)
    torch.testing.assert_close(whole.encode(ids, mask), split.encode(ids, mask), atol=1e-5, rtol=1e-4)


def test_attention_follows_the_mask(folder: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    """With one layer, the state of an entry depends on exactly the entries that it attends to."""
    model = loaded(folder, encoder_layers=1)
    ids, mask = table(tokenizer, [JAVA[0]]).padded(np.array([0]))
    embedded = model.embedded(ids, mask).detach().requires_grad_()
    model.embedded = lambda *_: embedded  # type: ignore[method-assign]
    states: Tensor = model.all_states(ids, mask)
    for entry in range(states.shape[1]):
        (gradient,) = torch.autograd.grad(states[0, entry, 0], embedded, retain_graph=True)
        assert (gradient[0].abs().sum(1) > 0).tolist() == mask[0, entry].tolist()


def corpus(language: str = "java") -> Corpus:
    forms = {
        "add": "int f(int {a}) {{ int r = {a}; r = r + {a}; return r; }}",
        "loop": "int f(int {a}) {{ int s = 0; while (s < {a}) {{ s++; }} return s; }}",
    }
    known = {
        f"{name}_{variable}": Function(f"{name}_{variable}", form.format(a=variable))
        for name, form in forms.items()
        for variable in ("a", "bb", "c", "dd", "e")
    }
    pairs = [Pair(a, b, int(a.split("_")[0] == b.split("_")[0])) for a, b in itertools.combinations(known, 2)]
    splits = {split: pairs[row::4] for row, split in enumerate(SplitName)}
    return Corpus("tiny", Task.PAIR, known, splits, languages=(language,) if language else ())


def test_it_is_fine_tuned_and_labels(folder: Path, tmp_path: Path) -> None:
    cfg = config(folder, learning_rate=5e-3)
    before = loaded(folder).encoder.encoder.layer[0].attention.self.query.weight.detach().clone()
    tuned = fine_tune(corpus(), cfg, TrainerConfig(progress="none"), 1, tmp_path / "work")
    assert isinstance(tuned.model, DataFlowModel)
    assert isinstance(tuned.tokens, DataFlowTable)
    after = tuned.model.encoder.encoder.layer[0].attention.self.query.weight
    assert not torch.equal(after, before)
    losses = [epoch["train/loss"] for epoch in tuned.fitted.history]
    assert np.isfinite(losses).all()
    logits = tuned.predict_logits(corpus().members(SplitName.TEST))
    assert logits.shape == (len(corpus().splits[SplitName.TEST]), 2)
    assert np.isfinite(logits).all()

    save_teacher(tuned.model, tuned.tokenizer, tmp_path / "saved")
    model, tokenizer = read_teacher(tmp_path / "saved")
    assert isinstance(model, DataFlowModel)
    assert model.data_flow_length == 40
    assert model.positions(100) == 140
    texts = [one.code for one in corpus().functions.values()]
    again = encode_functions(model, model.table(tokenizer, texts, ["java"] * len(texts), 100), np.arange(len(texts)))
    np.testing.assert_allclose(again, tuned.function_vectors(np.arange(len(texts))), atol=1e-5)

    timed = of_teacher(model, tokenizer, 100, dict.fromkeys(texts, "java"))
    pair = timed.prepare(texts[:2])
    assert pair.input_ids.shape[2] == 2
    expected = model.classify(torch.from_numpy(again[None, :2]))
    torch.testing.assert_close(timed.forward(pair), expected, atol=1e-4, rtol=1e-3)
    assert [len(row) for row in timed.tokenize(texts[:2])] == tuned.tokens.lengths[:2].tolist()


@pytest.mark.parametrize("layers", [1, 0])
def test_lower_layers_can_be_frozen(folder: Path, tmp_path: Path, layers: int) -> None:
    cfg = config(folder, trainable_layers=layers, epochs=1)
    tuned = fine_tune(corpus(), cfg, TrainerConfig(progress="none"), 1, tmp_path / "work")
    logits = tuned.predict_logits(corpus().members(SplitName.VALID))
    assert np.isfinite(logits).all()


def test_the_data_flow_matters(folder: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    model = loaded(folder)
    made = table(tokenizer, [JAVA[0]])
    without = dataclasses.replace(made, pairs=made.pairs[:0], starts=np.zeros_like(made.starts))
    vectors = [encode_functions(model, one, np.array([0])) for one in (made, without)]
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-4


def test_a_function_without_data_flow_is_read_as_text(
    tokenizer: PreTrainedTokenizerBase, caplog: pytest.LogCaptureFixture
) -> None:
    hostile = "int a = " + "(" * 2000 + "1" + ")" * 2000
    with caplog.at_level(logging.WARNING, logger="avatar"):
        made = table(tokenizer, [hostile, JAVA[0]], 60, 10)
    assert made.texts[0] == made.lengths[0] == 69
    assert made.ids[1:60].tolist() == tokenizer(hostile, add_special_tokens=False)["input_ids"][:59]
    assert "1 functions are too long or too deeply nested" in caplog.text


def test_the_language_must_be_known(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"needs the language of every function, but 10 of 10 have ''"):
        fine_tune(corpus(""), config(folder), TrainerConfig(progress="none"), 1, tmp_path / "work")


def test_other_encoders_are_refused(tmp_path: Path) -> None:
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    with pytest.raises(ConfigError, match=r"a bert model .* has no position for the nodes"):
        DataFlowModel(BertModel(BertConfig(vocab_size=10, **shape)), Task.PAIR)


def test_the_shipped_config_has_the_authors_lengths() -> None:
    path = Path(__file__).parents[2] / "conf" / "teacher" / "graphcodebert.yaml"
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert (values["kind"], values["max_length"], values["data_flow_length"]) == ("data_flow", 400, 114)


def test_a_data_flow_without_nodes_is_a_problem() -> None:
    kind = TEACHERS.get("data_flow")
    assert kind.needs_language
    problems = list(kind.problems(TeacherConfig(kind="data_flow", data_flow_length=0)))
    assert len(problems) == 1
    assert "teacher.data_flow_length is 0" in problems[0]
    problems = list(TEACHERS.get("encoder").problems(TeacherConfig(data_flow_length=114)))
    assert len(problems) == 1
    assert "teacher.data_flow_length is 114; teacher.kind=encoder reads tokens only" in problems[0]


def test_old_saved_teachers_are_read(tmp_path: Path, folder: Path) -> None:
    """Teachers saved before there were kinds read tokens."""
    plain, tokenizer = load_teacher(TeacherConfig(model=str(folder), max_length=64), Task.PAIR)
    save_teacher(plain, tokenizer, tmp_path / "saved")
    path = tmp_path / "saved" / "teacher.json"
    described = json.loads(path.read_text(encoding="utf-8"))
    assert described["kind"] == "encoder"
    path.write_text(json.dumps({key: described[key] for key in ("task", "pooling", "head", "trainable_layers")}))
    model, _ = read_teacher(tmp_path / "saved")
    assert type(model) is type(plain)
