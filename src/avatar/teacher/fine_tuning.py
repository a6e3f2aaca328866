"""Fine-tuning a teacher on the labelled half of a corpus."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from avatar.common.errors import DataError
from avatar.common.logging import get_logger
from avatar.common.seeding import derive_seed
from avatar.config.schema import TeacherConfig, TrainerConfig
from avatar.data.batching import Examples, TokenTable
from avatar.data.datamodule import CodeDataModule
from avatar.data.inference import Encoder, classify_vectors, encode_functions
from avatar.data.lightning_training import Fitted, fit
from avatar.data.records import Corpus, SplitName, Task
from avatar.teacher.teacher_model import TeacherModel, load_teacher
from avatar.teacher.teacher_tokens import (
    MAX_STATE_BYTES,
    StateTable,
    frozen_states,
    state_bytes,
    tokenize,
    vector_table,
)
from avatar.teacher.tuning_module import TeacherModule

log = get_logger("teacher")


@dataclass(frozen=True)
class FineTuned:
    """A trained teacher, its tokens of the corpus, and the result of its training.

    `states` are the outputs of the frozen layers for every function. It is None if all layers are trained, or if
    the outputs need too much memory.
    """

    model: TeacherModel
    tokenizer: PreTrainedTokenizerBase
    tokens: TokenTable
    states: StateTable | None
    fitted: Fitted
    device: str = "cpu"

    def function_vectors(self, rows: NDArray[np.int64], batch_size: int = 64) -> NDArray[np.float32]:
        """Vectors (rows, hidden) of the functions `rows` of the corpus, for `classify_vectors`."""
        model: Encoder = self.model if self.states is None else self.model.upper
        table = self.tokens if self.states is None else self.states
        return encode_functions(model, table, rows, batch_size, self.device, "encoding with the teacher")

    def predict_logits(self, members: NDArray[np.int64], batch_size: int = 64) -> NDArray[np.float32]:
        """Logits (examples, 2) of examples whose `members` are function rows of the corpus."""
        distinct, indices = np.unique(members, return_inverse=True)
        vectors = self.function_vectors(distinct, batch_size)
        return classify_vectors(self.model, vectors, indices.reshape(members.shape), device=self.device)


def torch_device(cfg: TrainerConfig) -> str:
    """The device of everything except training: cuda if the trainer would use a GPU and there is one, else cpu."""
    return "cuda" if cfg.accelerator in ("gpu", "cuda", "auto") and torch.cuda.is_available() else "cpu"


def only_head_learns(cfg: TeacherConfig) -> bool:
    """Whether only the head is trained, so that the functions' vectors are those of the pretrained encoder."""
    return cfg.trainable_layers == 0


def frozen_vectors(texts: Sequence[str], cfg: TeacherConfig, trainer: TrainerConfig) -> NDArray[np.float32]:
    """Vectors (texts, hidden) of the pretrained encoder, which training does not change."""
    model, tokenizer = load_teacher(cfg, Task.FUNCTION)
    tokens = tokenize(tokenizer, texts, cfg.max_length)
    log.info(
        "encoding %d functions (%d tokens) once with the frozen encoder of the teacher", len(texts), len(tokens.ids)
    )
    rows = np.arange(len(texts))
    vectors = encode_functions(model, tokens, rows, 64, torch_device(trainer), "frozen encoder of the teacher")
    if wrong := int((~np.isfinite(vectors).all(axis=1)).sum()):
        raise DataError(
            f"teacher.model={cfg.model}: the vectors of {wrong:,} functions are not finite",
            "choose another teacher, or trainer.precision=32-true",
        )
    return vectors


def fine_tune(
    corpus: Corpus,
    cfg: TeacherConfig,
    trainer: TrainerConfig,
    seed: int,
    folder: Path,
    metric: str = "accuracy",
    vectors: NDArray[np.float32] | None = None,
) -> FineTuned:
    """Train the teacher that `cfg` names; it gets the weights of its best epoch on valid, by `metric`.

    A restarted training continues from the newest checkpoint in `folder` and gives the same weights. If only the
    head is trained, `vectors` (functions, hidden) may have the result of `frozen_vectors` for the corpus.
    """
    torch.manual_seed(derive_seed(seed, "teacher", "head"))
    model, tokenizer = load_teacher(cfg, corpus.task)
    texts = [function.code for function in corpus.functions.values()]
    tokens = tokenize(tokenizer, texts, cfg.max_length)
    device = torch_device(trainer)
    if only_head_learns(cfg):
        states: StateTable | None = vector_table(frozen_vectors(texts, cfg, trainer) if vectors is None else vectors)
    else:
        states = _states(model, tokens, corpus, device)
    table = tokens if states is None else states
    train, valid = (
        Examples(table, corpus.members(split), corpus.labels(split)) for split in (SplitName.LABELED, SplitName.VALID)
    )
    data = CodeDataModule(train, valid, cfg.batch_size, derive_seed(seed, "teacher", "order"), 64, trainer.num_workers)
    fitted = fit(
        TeacherModule(model if states is None else model.upper, cfg, metric),
        data,
        trainer,
        epochs=cfg.epochs,
        seed=derive_seed(seed, "teacher", "dropout"),
        folder=folder,
        label=f"teacher {cfg.name}",
        examples=len(train),
        batch_size=cfg.batch_size,
    )
    model.train(False)
    return FineTuned(model, tokenizer, tokens, states, fitted, device)


def _states(model: TeacherModel, tokens: TokenTable, corpus: Corpus, device: str) -> StateTable | None:
    """The outputs of the frozen layers for every function of an example; None if they need too much memory."""
    if model.split is None:
        return None
    rows = np.unique(np.concatenate([corpus.members(split).ravel() for split in corpus.splits]))
    size = state_bytes(tokens, rows, model.hidden_size)
    text = "running %d functions (%d tokens) through %d frozen layers "
    counts = (len(rows), int(tokens.lengths[rows].sum()), model.split)
    if size > MAX_STATE_BYTES:
        log.info(text + "in each epoch: to keep the outputs would need %.1f GB of memory", *counts, size / 1e9)
        return None
    log.info(text + "once: the outputs need %.2f GB of memory", *counts, size / 1e9)
    return frozen_states(model, tokens, rows, device)
