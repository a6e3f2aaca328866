"""A Hugging Face encoder with the paper's heads."""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    AutoModel,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    RobertaConfig,
    RobertaModel,
)
from transformers.masking_utils import create_bidirectional_mask
from transformers.utils.logging import disable_progress_bar

from avatar.common.errors import ConfigError, DataError
from avatar.config.schema import TeacherConfig
from avatar.data.records import Task
from avatar.teacher.model_location import locate
from avatar.teacher.names import POOLINGS
from avatar.teacher.pair_heads import Head
from avatar.teacher.usable import check_encoder, check_tokenizer, check_weights, no_encoder

LAYERED = {"bert", "camembert", "electra", "roberta", "xlm-roberta"}
"""Model types whose layers can be run one by one, so that the lower ones can be frozen."""


class Upper(nn.Module):
    """The trainable part of a teacher: the layers that are not frozen, pooling and head.

    It is an encoder whose input are the states (functions, tokens, hidden) after the frozen layers. It shares its
    weights with the teacher.
    """

    def __init__(self, config: PreTrainedConfig, layers: nn.ModuleList, head: Head, pooling: str) -> None:
        super().__init__()
        self.config = config
        self.layers = layers
        self.head = head
        self.pooling = pooling

    def encode(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Vectors (functions, hidden); `input_ids` are states (functions, tokens, hidden) instead of token ids."""
        states = input_ids.to(self.head.out.weight.dtype)
        return pool(run_layers(self.config, self.layers, states, attention_mask), attention_mask, self.pooling)

    def classify(self, vectors: Tensor) -> Tensor:
        """Logits (examples, 2) of vectors (examples, arity, hidden)."""
        return self.head(vectors)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, members: Tensor) -> Tensor:
        """Logits (examples, 2) of a batch that has states instead of token ids."""
        return self.classify(self.encode(input_ids, attention_mask)[members])


class TeacherModel(nn.Module):
    """An encoder and a head for functions or pairs; both functions of a pair are encoded separately.

    `pooling` is "first" (the first token's state, as in the paper), "mean" or "max". `split` is the number of frozen
    layers; the embeddings are then frozen too. It is None if everything is trained.
    """

    encoder: Any

    def __init__(
        self,
        encoder: PreTrainedModel,
        task: Task,
        pooling: str = "first",
        head: str = "concat",
        head_dropout: float = 0.1,
    ) -> None:
        super().__init__()
        POOLINGS.get(pooling)  # an unknown name is an error before anything is computed
        self.encoder = encoder
        if getattr(encoder, "pooler", None) is not None:
            self.encoder.pooler = None  # it would get no gradient
        self.task = task
        self.pooling = pooling
        self.head_kind = head
        self.head = Head(task, encoder.config.hidden_size, head, head_dropout)
        self.split: int | None = None

    @property
    def hidden_size(self) -> int:
        """Length of a function's vector."""
        return int(self.encoder.config.hidden_size)

    @property
    def trainable_layers(self) -> int | None:
        """Number of trainable upper layers, or None if everything is trained."""
        return None if self.split is None else len(self.encoder.encoder.layer) - self.split

    def freeze_lower(self, trainable_layers: int | None) -> None:
        """Freeze the embeddings and all layers except the upper `trainable_layers`; None freezes nothing."""
        self.encoder.requires_grad_(True)
        self.split = None
        if trainable_layers is None:
            return
        if self.encoder.config.model_type not in LAYERED:
            raise ConfigError(
                f"teacher.trainable_layers={trainable_layers}: layers of a {self.encoder.config.model_type} "
                "model cannot be frozen one by one",
                f"set teacher.trainable_layers=null, or use one of these kinds: {', '.join(sorted(LAYERED))}",
            )
        layers = self.encoder.encoder.layer
        if not 0 <= trainable_layers <= len(layers):
            raise ConfigError(
                f"teacher.trainable_layers={trainable_layers}, but the model has {len(layers)} layers",
                f"choose 0 to {len(layers)}, or null to train the embeddings too",
            )
        self.split = len(layers) - trainable_layers
        self.encoder.requires_grad_(False)
        layers[self.split :].requires_grad_(True)
        self.train(self.training)

    def train(self, mode: bool = True) -> "TeacherModel":
        """Like `nn.Module.train`, but dropout stays off in frozen layers, so that their output is constant."""
        super().train(mode)
        if self.split is not None:
            self.encoder.eval()
            self.encoder.encoder.layer[self.split :].train(mode)
        return self

    @property
    def upper(self) -> Upper:
        """The trainable part of a teacher with frozen layers."""
        return Upper(self.encoder.config, self.encoder.encoder.layer[self.split :], self.head, self.pooling)

    @torch.no_grad()
    def lower_states(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """States (functions, tokens, hidden) after the frozen layers."""
        states = self.encoder.embeddings(input_ids=input_ids)
        if hasattr(self.encoder, "embeddings_project"):
            states = self.encoder.embeddings_project(states)
        layers = self.encoder.encoder.layer[: self.split]
        return run_layers(self.encoder.config, layers, states, attention_mask)

    def encode(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Vectors (functions, hidden) of padded functions (functions, tokens)."""
        if self.split is not None:
            return self.upper.encode(self.lower_states(input_ids, attention_mask), attention_mask)
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask.long()).last_hidden_state
        return pool(states, attention_mask, self.pooling)

    def classify(self, vectors: Tensor) -> Tensor:
        """Logits (examples, 2) of vectors (examples, arity, hidden)."""
        return self.head(vectors)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, members: Tensor) -> Tensor:
        """Logits of examples whose `members` (examples, arity) are rows of the padded functions."""
        return self.classify(self.encode(input_ids, attention_mask)[members])


def run_layers(config: PreTrainedConfig, layers: nn.ModuleList, states: Tensor, attention_mask: Tensor) -> Tensor:
    """States (functions, tokens, hidden) after `layers` of an encoder with BERT's structure."""
    mask = create_bidirectional_mask(config=config, inputs_embeds=states, attention_mask=attention_mask.bool())
    for layer in layers:
        states = layer(states, mask)
    return states


def pool(states: Tensor, attention_mask: Tensor, pooling: str) -> Tensor:
    """One vector per function, (functions, hidden), by the pooling with this name."""
    vectors: Tensor = POOLINGS.get(pooling)(states, attention_mask)
    return vectors


def load_teacher(cfg: TeacherConfig, task: Task) -> tuple[TeacherModel, PreTrainedTokenizerBase]:
    """The pretrained encoder that `cfg.model` names, with a new untrained head, and its tokenizer."""
    folder = locate(cfg.model)
    disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        encoder, loading = AutoModel.from_pretrained(
            folder, dtype=torch.float32, weights_only=True, output_loading_info=True
        )
    except Exception as error:  # of wrong files, the library raises errors of many classes
        raise DataError(f"teacher.model={cfg.model}: {folder} contains no usable encoder: {error}") from error
    check_weights(loading["missing_keys"], cfg.model, folder)
    check_tokenizer(tokenizer, cfg.model, folder)
    if cfg.encoder_layers is not None:
        keep_lower(encoder, cfg.encoder_layers)
    longest = longest_input(encoder)
    if longest is not None and cfg.max_length > longest:
        raise ConfigError(
            f"teacher.max_length={cfg.max_length}, but '{cfg.name}' reads at most {longest} tokens",
            f"set teacher.max_length={longest} or less",
        )
    if not isinstance(getattr(encoder.config, "hidden_size", None), int):
        raise no_encoder(cfg.model, encoder.config.model_type, "its vectors have no fixed width")
    model = TeacherModel(encoder, task, cfg.pooling, cfg.head, cfg.head_dropout)
    check_encoder(model, tokenizer, cfg.model)
    model.freeze_lower(cfg.trainable_layers)
    return model, tokenizer


def keep_lower(encoder: PreTrainedModel, layers: int) -> None:
    """Remove all layers except the lowest `layers`."""
    if encoder.config.model_type not in LAYERED:
        raise ConfigError(
            f"teacher.encoder_layers={layers}: layers of a {encoder.config.model_type} model cannot be removed",
            f"set teacher.encoder_layers=null, or use one of these kinds: {', '.join(sorted(LAYERED))}",
        )
    stack: Any = encoder.encoder
    available = len(stack.layer)
    if not 1 <= layers <= available:
        raise ConfigError(
            f"teacher.encoder_layers={layers}, but the model has {available} layers", f"choose 1 to {available}"
        )
    stack.layer = stack.layer[:layers]
    encoder.config.num_hidden_layers = layers


def longest_input(encoder: PreTrainedModel) -> int | None:
    """Largest number of tokens for an encoder's position table, or None if it has no table."""
    positions = getattr(encoder.config, "max_position_embeddings", None)
    if positions is None:
        return None
    offset = (encoder.config.pad_token_id or 0) + 1 if "roberta" in encoder.config.model_type else 0
    return int(positions) - offset


def shape_only(name: str, task: Task) -> TeacherModel:
    """A model with the architecture of `name` and random weights, only for timing. The only name is codebert."""
    if name != "codebert":
        raise ConfigError(f"there is no model architecture '{name}' for timing", "available: codebert")
    config = RobertaConfig(
        vocab_size=50265, max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1
    )
    model = TeacherModel(RobertaModel(config, add_pooling_layer=False), task)
    model.train(False)
    return model
