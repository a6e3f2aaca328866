"""A model with its tokenizer, from text to label; used to measure latency and energy."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from avatar.data.batching import TokenTable
from avatar.data.records import Task
from avatar.data.tokenizers import PAD, SPECIAL_TOKENS, CodeTokenizer, encode_texts, train_tokenizer
from avatar.student.encoder import StudentModel
from avatar.teacher.teacher_model import TeacherModel, shape_only


class ModelInputs(NamedTuple):
    """Input of a model's forward pass for one example, on the model's device."""

    input_ids: Tensor
    attention_mask: Tensor
    members: Tensor


@dataclass(frozen=True)
class TextClassifier:
    """Any model with `forward(input_ids, attention_mask, members)`, and its tokenizer.

    `tokenize` gives the token ids of each text, cut to the model's length, without padding. `width`, if not 0, is the
    number of tokens to which each function is padded. `note` is a remark for the report about this model's numbers.
    """

    model: nn.Module
    tokenize: Callable[[Sequence[str]], list[list[int]]]
    pad_id: int = 0
    runtime: str = "torch"
    precision: str = "fp32"
    note: str = ""
    width: int = 0

    @property
    def device(self) -> torch.device:
        """The device of the model's weights."""
        return next(self.model.parameters()).device

    def prepare(self, texts: Sequence[str]) -> ModelInputs:
        """Tokenize the functions of one example and pad them to the longer one, or to `width`."""
        ids, mask = self.padded(texts)
        members = torch.arange(len(texts))[None]
        return ModelInputs(*(tensor.to(self.device) for tensor in (ids, mask, members)))

    def padded(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Token ids (texts, tokens) of the texts, and the mask of the padding (texts, tokens)."""
        rows = self.tokenize(texts)
        width = max(1, self.width, *(len(row) for row in rows))
        ids = torch.tensor([row + [self.pad_id] * (width - len(row)) for row in rows])
        lengths = torch.tensor([len(row) for row in rows])
        return ids, torch.arange(width) < lengths[:, None]

    @torch.inference_mode()
    def forward(self, inputs: ModelInputs) -> Tensor:
        """Logits (1, labels) of one prepared example."""
        logits: Tensor = self.model(*inputs)
        return logits

    def predict(self, texts: Sequence[str]) -> int:
        """The label of one example, from its functions' texts."""
        return int(self.forward(self.prepare(texts)).argmax())


def of_student(model: StudentModel, tokenizer: CodeTokenizer) -> TextClassifier:
    """The student with its tokenizer, in eval mode."""
    return TextClassifier(
        model.eval(),
        partial(_encode, tokenizer, model.arch.max_length),
        pad_id=SPECIAL_TOKENS.index(PAD),
    )


def _encode(tokenizer: CodeTokenizer, max_length: int, texts: Sequence[str]) -> list[list[int]]:
    return encode_texts(tokenizer, texts, max_length)


@dataclass(frozen=True)
class TeacherClassifier(TextClassifier):
    """A teacher, which reads a function as in its training. `read` gives the input for texts."""

    read: Callable[[Sequence[str]], TokenTable] = field(kw_only=True)

    def padded(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """The teacher's input, as `TokenTable.padded` of the kind of teacher gives it."""
        return self.read(texts).padded(np.arange(len(texts)))


def of_teacher(
    model: TeacherModel, tokenizer: PreTrainedTokenizerBase, max_length: int, languages: Mapping[str, str]
) -> TextClassifier:
    """The fine-tuned teacher with its own tokenizer, in eval mode. `languages` has the language of each text."""

    def read(texts: Sequence[str]) -> TokenTable:
        return model.table(tokenizer, texts, [languages.get(text, "") for text in texts], max_length)

    def tokens(texts: Sequence[str]) -> list[list[int]]:
        table = read(texts)
        return [table.ids[low:high].tolist() for low, high in pairwise(table.offsets)]

    return TeacherClassifier(model.eval(), tokens, pad_id=tokenizer.pad_token_id or 0, read=read)


_SHIFT = 2
"""Added to every token id: our ids start at 0, and RoBERTa's padding id is 1."""

CODEBERT_NOTE = (
    "The teacher's latency, size, FLOPs and energy are those of CodeBERT's shape (12 x 768, 12 heads) with "
    "random weights, built without a download. Its tokenizer is a byte-level BPE with at most as many entries as "
    "CodeBERT's, trained on this data, so token counts are close to CodeBERT's but not equal."
)


def codebert_shape(task: Task, texts: Sequence[str], max_length: int, seed: int) -> TextClassifier:
    """CodeBERT's architecture with random weights, to measure the costs of a recorded teacher.

    The tokenizer is a byte-level BPE of up to 50,000 entries trained on `texts`; see `CODEBERT_NOTE`.
    Functions are cut to `max_length` tokens, at most 512 (RoBERTa's position table).
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = shape_only("codebert", task)
    tokenizer = train_tokenizer("bpe", 50_000, texts)
    length = min(max_length, 512)
    return TextClassifier(
        model,
        lambda items: [[token + _SHIFT for token in row] for row in _encode(tokenizer, length, items)],
        pad_id=1,
        note=CODEBERT_NOTE,
    )
