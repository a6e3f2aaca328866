"""Probabilities from a bundle, on onnxruntime and tokenizers alone."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from avatar.bundle import ENCODER, HEAD, TOKENIZER, Bundle, read_bundle
from avatar.common.errors import ArtifactError, DataError

TOKENS_OF_A_BATCH = 8192
"""Tokens, padding counted, that go through the encoder at once."""


class Predictor:
    """A student loaded from its folder; safe to share between threads.

    `threads` are onnxruntime's within one operator (0: all cores). A damaged folder is an ArtifactError.
    """

    def __init__(self, folder: Path | str, threads: int = 0) -> None:
        self.bundle: Bundle = read_bundle(folder)
        self.config = self.bundle.config
        self._tokenizer = _load_tokenizer(self.bundle)
        self._encoder = load_session(self.bundle.path(ENCODER), threads)
        self._head = load_session(self.bundle.path(HEAD), threads)
        self.hidden_size: int = self._encoder.get_outputs()[0].shape[-1]

    def tokenize(self, codes: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, `<s>` first, cut at the student's length."""
        texts = [code[: self.config.max_characters] for code in codes]
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts)]

    def encode(self, codes: Sequence[str]) -> NDArray[np.float32]:
        """One vector a function, (n, hidden_size), in input order."""
        rows = self.tokenize(codes)
        vectors = np.zeros((len(rows), self.hidden_size), dtype=np.float32)
        for batch in length_batches([len(row) for row in rows]):
            ids, mask = padded([rows[index] for index in batch], self.config.pad_id)
            vectors[batch] = self._encoder.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return vectors

    def logits(self, *vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (n, 2) from one array of vectors (functions) or two of equal length (pairs)."""
        if len(vectors) != self.config.arity:
            raise DataError(
                f"this student reads {self.config.arity} function(s) an example, {len(vectors)} were given",
                f"its task is '{self.config.task}'",
            )
        if len({len(part) for part in vectors}) != 1:
            raise DataError(
                f"there are {' and '.join(str(len(part)) for part in vectors)} vectors",
                "give as many on both sides",
            )
        if not len(vectors[0]):
            return np.zeros((0, 2), dtype=np.float32)
        names = [entry.name for entry in self._head.get_inputs()]
        logits: NDArray[np.float32] = self._head.run(None, dict(zip(names, vectors, strict=True)))[0]
        return logits

    def compare(self, *vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probabilities (n, 2) from vectors that `encode` gave; for pairs, row i with row i."""
        return softmax(self.logits(*vectors) / self.config.temperature)

    def predict(self, examples: Sequence[str] | Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """Probabilities (n, 2) of functions, or of pairs; each distinct function is encoded once."""
        functions = [[example] if isinstance(example, str) else list(example) for example in examples]
        for row, members in enumerate(functions):
            if len(members) != self.config.arity:
                raise DataError(
                    f"example {row} has {len(members)} function(s), this student reads {self.config.arity}",
                    f"its task is '{self.config.task}'",
                )
        place = {
            code: row for row, code in enumerate(dict.fromkeys(code for one in functions for code in one))
        }
        vectors = self.encode(list(place))
        sides = [[place[one[side]] for one in functions] for side in range(self.config.arity)]
        return self.compare(*(vectors[np.asarray(side, dtype=np.int64)] for side in sides))

    def label(self, probabilities: NDArray[np.float64]) -> list[str]:
        """The name of each row's class: the second where its probability reaches the threshold."""
        return [self.config.labels[int(row[1] >= self.config.threshold)] for row in probabilities]


def load_session(path: Path, threads: int = 0) -> onnxruntime.InferenceSession:
    """An onnxruntime session on the CPU; a file that it cannot load is an ArtifactError."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0" if threads == 1 else "1")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions share no base class but this
        raise ArtifactError(f"onnxruntime cannot load {path}: {error}", "export the student again") from error


def _load_tokenizer(bundle: Bundle) -> Tokenizer:
    path = bundle.path(TOKENIZER)
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises plain Exception
        raise ArtifactError(f"{path} is no tokenizer: {error}", "export the student again") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(bundle.config.max_length)
    return tokenizer


def length_batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Rows grouped so that a batch holds similar lengths and at most `TOKENS_OF_A_BATCH` padded tokens."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[row] > TOKENS_OF_A_BATCH:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def padded(rows: Sequence[Sequence[int]], pad_id: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ids and mask, (n, longest), of rows of token ids; the mask is 1 on tokens."""
    longest = max(1, max(map(len, rows)))
    ids = np.full((len(rows), longest), pad_id, dtype=np.int64)
    mask = np.zeros_like(ids)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = row
        mask[place, : len(row)] = 1
    return ids, mask


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Softmax over the last axis, in double precision."""
    shifted = np.asarray(logits, dtype=np.float64)
    powers = np.exp(shifted - shifted.max(axis=-1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return shares
