"""GraphCodeBERT (Guo et al. 2021): an encoder that reads the data flow of a function beside its tokens."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from avatar.code.languages import LANGUAGES
from avatar.common.errors import ConfigError, DataError
from avatar.config.schema import TeacherConfig
from avatar.data.batching import TokenTable
from avatar.data.records import Task
from avatar.teacher.data_flow_table import NODE_POSITION, data_flow_table
from avatar.teacher.teacher_model import TeacherModel, attention_bias, longest_input

ENCODERS = ("camembert", "roberta", "xlm-roberta")
"""Model types whose positions start after the padding id, so that the nodes have a position of their own."""


class DataFlowModel(TeacherModel):
    """A teacher whose `input_ids` (functions, entries, 2) are ids and positions of tokens and nodes.

    Its `attention_mask` is (functions, entries, entries), as `DataFlowTable.padded` gives them. The embedding of a node
    is the mean of the embeddings of its tokens.
    """

    caches_states: ClassVar[bool] = False

    def __init__(
        self,
        encoder: PreTrainedModel,
        task: Task,
        pooling: str = "first",
        head: str = "concat",
        head_dropout: float = 0.1,
        data_flow_length: int = 114,
    ) -> None:
        kind, pad = encoder.config.model_type, encoder.config.pad_token_id
        if kind not in ENCODERS or not pad:
            raise ConfigError(
                f"teacher.kind=data_flow: a {kind} model with the padding id {pad} has no position for the nodes "
                "of the data flow",
                f"set teacher.kind=encoder, or use a model of one of these kinds: {', '.join(ENCODERS)}",
            )
        super().__init__(encoder, task, pooling, head, head_dropout)
        self.data_flow_length = data_flow_length

    @classmethod
    def options(cls, cfg: TeacherConfig) -> dict[str, Any]:
        """The number of nodes."""
        return {"data_flow_length": cfg.data_flow_length}

    def described(self) -> Mapping[str, Any]:
        """The number of nodes."""
        return {"data_flow_length": self.data_flow_length}

    def table(
        self, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], languages: Sequence[str], max_length: int
    ) -> TokenTable:
        """The tokens and the data flow of each text; a text of an unknown language is a DataError."""
        unknown = sorted(set(languages) - set(LANGUAGES.names()))
        if unknown:
            raise DataError(
                f"teacher.kind=data_flow needs the language of every function, but "
                f"{sum(name in unknown for name in languages)} of {len(texts)} have {', '.join(map(repr, unknown))}",
                f"set dataset.language to one of {', '.join(LANGUAGES.names())}, or set teacher.kind=encoder",
            )
        longest = longest_input(self.encoder) or max_length
        return data_flow_table(tokenizer, texts, languages, max_length, self.data_flow_length, longest)

    def positions(self, max_length: int) -> int:
        """Tokens and nodes."""
        return max_length + self.data_flow_length

    def embedded(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Embeddings (functions, entries, hidden)."""
        ids, positions = input_ids.unbind(-1)
        words = self.encoder.embeddings.word_embeddings(ids)
        node, token = positions == NODE_POSITION, positions > self.encoder.config.pad_token_id
        weights = (attention_mask & node[:, :, None] & token[:, None, :]).to(words.dtype)
        means = weights @ words / weights.sum(-1, keepdim=True).clamp_min(1)
        words = torch.where(node[:, :, None], means.to(words.dtype), words)
        embeddings: Tensor = self.encoder.embeddings(inputs_embeds=words, position_ids=positions)
        return embeddings

    def all_states(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """States (functions, entries, hidden) after all layers."""
        states = self.embedded(input_ids, attention_mask)
        bias = attention_bias(attention_mask, states.dtype)
        return self.encoder.encoder(states, attention_mask=bias).last_hidden_state  # type: ignore[no-any-return]
