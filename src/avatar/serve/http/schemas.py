"""Requests and responses, with the limits that are part of the OpenAPI description."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from avatar.code.languages import LANGUAGES, suffixes
from avatar.serve.scan.clone_rules import MIN_LINES

MAX_CHARACTERS = 200_000
MAX_EXAMPLES = 512
MAX_FILES = 500

_NAME = (
    rf"^[^\x00-\x1f]{{1,200}}({'|'.join(one.replace('.', '[.]').replace('+', '[+]') for one in sorted(suffixes()))})$"
)

MOST_KEYS = 20

LANGUAGE = "language of all functions (default: the student's)"


def _few_files(value: Any) -> Any:
    if isinstance(value, dict) and len(value) > MAX_FILES:
        raise ValueError(f"there are {len(value)} files, more than {MAX_FILES}")
    return value


def _number(value: Any) -> Any:
    """Accept JSON numbers only: no strings and no booleans."""
    if isinstance(value, bool | str):
        raise ValueError("Input should be a number")
    return value


Code = Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS, pattern=r"\S", description="source code")]
Pair = Annotated[list[Code], Field(min_length=2, max_length=2)]
FileName = Annotated[str, Field(pattern=_NAME, description="file name; its suffix gives the language")]
Probability = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    """A model that refuses unknown keys, so that a typing mistake is an error."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def few(cls, value: Any) -> Any:
        """Refuse very many keys: the error would list each of them."""
        if isinstance(value, dict) and len(value) > MOST_KEYS:
            raise ValueError(f"there are {len(value)} keys, but only {len(cls.model_fields)} are allowed")
        return value


LanguageName = Annotated[str, Field(pattern=rf"^({'|'.join(LANGUAGES.names())})$")]


class PairRequest(_Strict):
    """Pairs to compare."""

    pairs: Annotated[list[Pair], Field(min_length=1, max_length=MAX_EXAMPLES)]
    tokens: bool = Field(default=False, strict=True, description="whether to return the tokens that the student read")
    language: LanguageName | None = Field(default=None, description=LANGUAGE)


class FunctionRequest(_Strict):
    """Functions to classify."""

    functions: Annotated[list[Code], Field(min_length=1, max_length=MAX_EXAMPLES)]
    tokens: bool = Field(default=False, strict=True, description="whether to return the tokens that the student read")
    language: LanguageName | None = Field(default=None, description=LANGUAGE)


class Answer(BaseModel):
    """The student's answer to one example; `tokens` are those of each function, if the request has `tokens`."""

    label: str
    probability: Probability = Field(description="of the second label")
    token_counts: list[int]
    tokens: list[list[str]] | None = None


class PredictResponse(BaseModel):
    """Answers in the order of the examples; `milliseconds` is the time from text to label for all examples."""

    answers: list[Answer]
    threshold: Probability
    milliseconds: float
    warnings: list[str] = Field(description="for example, that the student was not trained on this language")


class ScanRequest(_Strict):
    """Texts to scan, by file name."""

    files: Annotated[
        dict[FileName, Code],
        Field(min_length=1, max_length=MAX_FILES, json_schema_extra={"additionalProperties": False}),
        BeforeValidator(_few_files),
    ]
    threshold: Annotated[Probability | None, BeforeValidator(_number)] = None
    min_lines: Annotated[int, Field(ge=0, le=10_000), BeforeValidator(_number)] = MIN_LINES
    min_words: Annotated[Annotated[int, Field(ge=0, le=100_000)] | None, BeforeValidator(_number)] = None
    simple: bool = Field(default=False, strict=True, description="compare simple functions too")
    tests: bool = Field(default=False, strict=True, description="report groups that consist of tests only, too")
    split_copies: bool = Field(default=False, strict=True, description="report functions of copied files one by one")


class FoundFunction(BaseModel):
    """A function in a file; lines count from 1, both ends included."""

    model_config = ConfigDict(from_attributes=True)

    file: str
    name: str
    first_line: int
    last_line: int
    language: str


class FoundGroup(BaseModel):
    """Clones of each other, or one suspicious function; `exact`: they are equal up to whitespace."""

    model_config = ConfigDict(from_attributes=True)

    functions: list[FoundFunction]
    probability: Probability
    exact: bool
    kind: str = Field(description="exact, renamed, near, semantic or copied; empty if the student does not tell")
    copies: int = Field(description="if not 0, the functions are files or classes, and have so many groups in common")


class Remark(BaseModel):
    """A remark about a file that was skipped, or parsed only in part."""

    file: str
    reason: str


class Omitted(BaseModel):
    """How many functions or groups the rules left out, and the option of `avatar scan` that shows them."""

    model_config = ConfigDict(from_attributes=True)

    what: str
    count: int
    option: str


class ScanResponse(BaseModel):
    """Findings, the highest rank first."""

    label: str
    threshold: Probability
    functions: int
    findings: list[FoundGroup]
    left_out: list[Omitted]
    skipped: list[Remark]
    notes: list[Remark]
    warnings: list[str]
    milliseconds: float


class Health(BaseModel):
    """Facts about the loaded student."""

    status: str
    version: str
    task: str
    arity: int
    labels: list[str]
    languages: list[str] = Field(description="languages of the student's training; empty if unknown")
    threshold: Probability
    max_tokens: int
    bundle: str = Field(description="digest of the bundle's manifest")


class Problem(BaseModel):
    """What is wrong with a request, and how to fix it."""

    detail: str
    hint: str = ""
