"""A tiny BERT in a folder and a small corpus of pairs, so that teachers train in a second."""

import itertools
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from avatar.data.records import Corpus, Function, Pair, Sample, SplitName, Task

VARIABLES = ("a", "bb", "ccc", "d", "ee", "fff")
NAMES = ("add", "sort", "read", "write", "split")


def code(name: str, variable: str) -> str:
    return f"def {name} ( {variable} ) : return {name} {variable} " + "{name} " * (len(variable) % 3)


def functions() -> dict[str, Function]:
    made = itertools.product(NAMES, VARIABLES)
    return {f"{n}_{v}": Function(f"{n}_{v}", code(n, v)) for n, v in made}


@pytest.fixture
def corpus() -> Corpus:
    known = functions()
    pairs = [
        Pair(first, second, int(first.split("_")[0] == second.split("_")[0]))
        for first, second in itertools.combinations(known, 2)
    ]
    clones = [pair for pair in pairs if pair.label]
    others = [pair for pair in pairs if not pair.label][::4][: len(clones)]
    mixed = list(itertools.chain.from_iterable(zip(clones, others, strict=True)))
    halves = {
        SplitName.LABELED: mixed[:60],
        SplitName.UNLABELED: mixed[40:90],
        SplitName.VALID: mixed[90:120],
        SplitName.TEST: mixed[120:],
    }
    return Corpus("tiny", Task.PAIR, known, halves)


@pytest.fixture
def sample_corpus() -> Corpus:
    known = functions()
    samples = [Sample(name, int(name.startswith("add"))) for name in known]
    return Corpus("tiny", Task.FUNCTION, known, dict.fromkeys(SplitName, samples))


@pytest.fixture
def tiny_bert(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "def", "return", "(", ")", ":", *NAMES, *VARIABLES]
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", None, [("[CLS]", 2), ("[SEP]", 3)])
    folder = tmp_path / "tiny_bert"
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]")
    fast.save_pretrained(folder)
    shape = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=len(words), max_position_embeddings=64, **shape)).save_pretrained(folder)
    return folder
