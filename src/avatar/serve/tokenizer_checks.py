"""Checks a tokenizer's file before the library reads it, and the tokenizer before a student uses it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from avatar.bundle import BundleConfig
from avatar.bundle.strict_json import shown
from avatar.common.errors import ArtifactError

MOST_JSON_BYTES = 64_000_000
MOST_GROWTH = 100
"""Most bytes that normalizer and pre-tokenizer may make of one byte of a text."""
MOST_STEPS = 30
LONGEST_INSERTION = 100
"""Most bytes that a step may insert at one place."""
MOST_FIRST = 16
"""Most tokens that are added to each text, such as `<s>`."""

PROBE = "def total(values):\n    return sum(values) + 1\n"
"""A text from which every tokenizer of code makes several tokens."""

_HINT = "use a student that Avatar exported"

GROWTH = {
    "BertNormalizer": 8,
    "ByteLevel": 2,
    "Lowercase": 2,
    "Metaspace": 3,
    "NFC": 3,
    "NFD": 3,
    "NFKC": 11,
    "NFKD": 11,
    "Nmt": 1,
    "Precompiled": 11,
    "Prepend": 1,
    "Strip": 1,
    "StripAccents": 1,
    "BertPreTokenizer": 1,
    "CharDelimiterSplit": 1,
    "Digits": 1,
    "FixedLength": 1,
    "Punctuation": 1,
    "Split": 1,
    "UnicodeScripts": 1,
    "Whitespace": 1,
    "WhitespaceSplit": 1,
}
"""Most bytes of UTF-8 that a step makes of one byte, by its type. Not here: `Replace` and `Sequence`."""


@contextmanager
def library_errors(path: Path, problem: str) -> Iterator[None]:
    """Turn the library's errors into an ArtifactError. A panic of Rust is a BaseException, like an interrupt."""
    try:
        yield
    except ArtifactError:
        raise
    except Exception as error:
        raise ArtifactError(f"{path} {problem}: {str(error)[:500]}", _HINT) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise ArtifactError(f"{path} {problem}: its library failed: {str(error)[:500]}", _HINT) from error


def check_file(path: Path, content: Mapping[str, Any]) -> None:
    """Refuse, with an ArtifactError, a tokenizer that makes much text of little, or gives random tokens."""
    growth = steps = 1
    for key in ("normalizer", "pre_tokenizer"):
        for step in _steps(content.get(key), path):
            growth *= _growth(step, path)
            steps += 1
            if growth > MOST_GROWTH or steps > MOST_STEPS:
                raise ArtifactError(
                    f"{path} is refused: its normalizer and pre-tokenizer have more than {MOST_STEPS} steps, or make "
                    f"more than {MOST_GROWTH} bytes of one",
                    _HINT,
                )
    model = content.get("model")
    if not isinstance(model, dict):
        raise ArtifactError(f"{path} is not a tokenizer: model is {shown(model)}", _HINT)
    if model.get("dropout"):
        raise ArtifactError(f"{path} is refused: it leaves out merges by chance (dropout)", _HINT)


def check_tokenizer(path: Path, tokenizer: Tokenizer, config: BundleConfig) -> None:
    """Refuse, with an ArtifactError, a tokenizer that reads nothing of a text, or does not fit the student."""
    first = tokenizer.encode("").ids
    if not 1 <= len(first) <= min(MOST_FIRST, config.max_length):
        raise ArtifactError(f"{path} is refused: it adds {len(first):,} tokens to a text, not a few", _HINT)
    if len(set(tokenizer.encode(PROBE).ids) - set(first)) < min(2, config.max_length - len(first)):
        raise ArtifactError(f"{path} is refused: it makes no tokens of code", _HINT)
    rows = config.architecture.get("vocab_size")
    if type(rows) is not int:
        return
    largest = max(tokenizer.get_vocab(with_added_tokens=True).values(), default=0)
    for name, value in (("a token with the id", largest), ("the padding id", config.pad_id)):
        if value >= rows:
            raise ArtifactError(
                f"{path} does not fit the student: it has {name} {value:,}, the student has {rows:,} tokens", _HINT
            )


def _steps(part: Any, path: Path) -> Iterator[Mapping[str, Any]]:
    """The steps of a normalizer or pre-tokenizer in order, without the sequences around them."""
    waiting = [part]
    while waiting:
        step = waiting.pop()
        if step is None:
            continue
        if not isinstance(step, dict) or len(waiting) > MOST_STEPS:
            raise ArtifactError(f"{path} is not a tokenizer: a step is {shown(step)}", _HINT)
        if step.get("type") != "Sequence":
            yield step
            continue
        inner = step.get("normalizers", step.get("pretokenizers"))
        if not isinstance(inner, list):
            raise ArtifactError(f"{path} is not a tokenizer: a sequence is {shown(inner)}", _HINT)
        waiting += reversed(inner)


def _growth(step: Mapping[str, Any], path: Path) -> int:
    kind = step.get("type")
    for key in ("content", "prepend", "replacement"):
        if len(str(step.get(key, "")).encode("utf-8", "replace")) > LONGEST_INSERTION:
            raise ArtifactError(f"{path} is refused: a step inserts {shown(step[key])}", _HINT)
    if kind == "Replace":
        inserted = len(str(step.get("content", "")).encode("utf-8", "replace"))
        pattern = step.get("pattern")
        replaced = len(str(pattern.get("String", "")).encode("utf-8", "replace")) if isinstance(pattern, dict) else 0
        return max(1, -(-inserted // max(1, replaced)))
    if not isinstance(kind, str) or kind not in GROWTH:
        raise ArtifactError(f"{path} is refused: it has the unknown step {shown(kind)}", _HINT)
    return GROWTH[kind]
