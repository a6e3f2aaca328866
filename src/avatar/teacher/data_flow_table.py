"""The input of GraphCodeBERT (Guo et al. 2021): the tokens of a function, then the nodes of its data flow."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from avatar.code.dataflow import CodeFlow, data_flow
from avatar.common.logging import get_logger, progress
from avatar.data.batching import TokenTable
from avatar.teacher.teacher_tokens import MAX_CHARACTERS

NODE_POSITION = 0
"""Position of every node. A padding token has the padding id as position, the first token the next number."""

log = get_logger("teacher")


@dataclass(frozen=True)
class DataFlowTable(TokenTable):
    """A token table with nodes behind the tokens of each function.

    `texts` (functions,) is how many of its entries are tokens. Of `pairs` (n, 2) int32, those of function `row` are
    `pairs[starts[row]:starts[row + 1]]`: entry `pair[0]` attends to entry `pair[1]`, and one or both are nodes.
    `position_id` is the position of the first token, after the padding id.
    """

    texts: NDArray[np.int64]
    pairs: NDArray[np.int32]
    starts: NDArray[np.int64]
    position_id: int

    def padded(self, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Ids and positions (rows, longest, 2) int64, and mask (rows, longest, longest) bool of the functions `rows`.

        Row i of a mask has what entry i attends to. Tokens attend to tokens; the first and the last token also to all
        nodes; a node to itself, to the nodes that its value comes from, and to its tokens, which attend to it. The
        first row is the mask of the padding. A padding entry attends to itself alone.
        """
        ids, filled = super().padded(rows)
        length, texts = ids.shape[1], torch.from_numpy(self.texts[rows])
        columns = torch.arange(length)
        token = columns < texts[:, None]
        positions = torch.where(token, columns + self.position_id, NODE_POSITION)
        positions[~filled] = self.position_id - 1
        mask = token[:, :, None] & token[:, None, :]
        mask[:, 0] = filled
        mask[torch.arange(len(rows)), texts - 1] = filled
        mask |= torch.eye(length, dtype=torch.bool)
        counts = (self.starts[rows + 1] - self.starts[rows]).tolist()
        pairs = np.concatenate([self.pairs[self.starts[row] : self.starts[row + 1]] for row in rows.tolist()])
        functions = np.repeat(np.arange(len(rows)), counts)
        mask[
            torch.from_numpy(functions), torch.from_numpy(pairs[:, 0]).long(), torch.from_numpy(pairs[:, 1]).long()
        ] = True
        return torch.stack([ids, positions], dim=2), mask


@dataclass(frozen=True)
class FunctionInput:
    """One function: ids of its tokens and nodes, the number of its tokens, and pairs as in `DataFlowTable`."""

    ids: list[int]
    tokens: int
    pairs: list[tuple[int, int]]


def function_input(
    words: Sequence[Sequence[int]],
    flow: CodeFlow,
    max_length: int,
    data_flow_length: int,
    longest: int,
    special: tuple[int, int, int],
) -> FunctionInput:
    """The input of one function, from the subword ids of each token of its flow.

    It has at most `max_length + data_flow_length` entries. Nodes have their own length only if there are that many of
    them; otherwise more of the tokens are read, and of a short function more nodes. The tokens are at most `longest`
    with the special ones. `special` are the ids of the first token, the last token and a node.
    """
    first, last, node = special
    total, ends = max_length + data_flow_length, [1]
    for word in words:
        ends.append(ends[-1] + len(word))
    space = min(total - 3 - min(len(flow.edges), data_flow_length), longest - 3)
    text = [first, *[token for word in words for token in word][: max(0, space)], last]
    nodes = flow.edges[: total - len(text)]
    newest = {edge.token: len(text) + row for row, edge in enumerate(nodes)}
    pairs: list[tuple[int, int]] = []
    for row, edge in enumerate(nodes, len(text)):
        low, high = ends[edge.token], ends[edge.token + 1]
        if high < len(text):
            pairs += [pair for token in range(low, high) for pair in ((row, token), (token, row))]
        pairs += [(row, newest[source]) for source in edge.sources if source in newest]
    return FunctionInput([*text, *[node] * len(nodes)], len(text), pairs)


def data_flow_table(
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    languages: Sequence[str],
    max_length: int,
    data_flow_length: int,
    longest: int,
) -> DataFlowTable:
    """The input of every function, as in `function_input`. A function without data flow has its text only."""
    special = (int(tokenizer.cls_token_id), int(tokenizer.sep_token_id), int(tokenizer.unk_token_id))
    subwords = Subwords(tokenizer)
    inputs: list[FunctionInput] = []
    missing = 0
    cut = [text[:MAX_CHARACTERS] for text in texts]
    for text, language in progress(list(zip(cut, languages, strict=True)), "data flow", len(cut)):
        flow = data_flow(text, language)
        missing += flow is None
        flow = CodeFlow([text], []) if flow is None else flow
        inputs.append(function_input(subwords.of(flow.tokens), flow, max_length, data_flow_length, longest, special))
    if missing:
        log.warning(
            "%d functions are too long or too deeply nested for their data flow; the teacher reads their text", missing
        )
    return _table(inputs, int(tokenizer.pad_token_id), special[2])


def _table(inputs: Sequence[FunctionInput], pad_id: int, unknown_id: int) -> DataFlowTable:
    plain = TokenTable.from_lists([one.ids for one in inputs], pad_id, unknown_id)
    starts = np.zeros(len(inputs) + 1, dtype=np.int64)
    np.cumsum([len(one.pairs) for one in inputs], out=starts[1:])
    pairs = np.array([pair for one in inputs for pair in one.pairs], dtype=np.int32).reshape(-1, 2)
    tokens = np.array([one.tokens for one in inputs], dtype=np.int64)
    return DataFlowTable(plain.ids, plain.offsets, pad_id, unknown_id, tokens, pairs, starts, pad_id + 1)


class Subwords:
    """The subword ids of the tokens of code. Every token but a function's first one is read as after a space."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._known: dict[str, list[int]] = {}
        self._before = len(self._ids(["@"])[0])

    def of(self, tokens: Sequence[str]) -> list[list[int]]:
        """Ids of each token."""
        new = [token for token in dict.fromkeys(tokens[1:]) if token not in self._known]
        if new:
            ids = self._ids([f"@ {token}" for token in new])
            self._known |= {token: row[self._before :] for token, row in zip(new, ids, strict=True)}
        return [*self._ids(tokens[:1]), *(self._known[token] for token in tokens[1:])]

    def _ids(self, texts: Iterable[str]) -> list[list[int]]:
        texts = list(texts)
        made: list[list[int]] = self._tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else []
        return made
