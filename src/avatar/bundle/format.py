"""The format of a bundle: file names, and the typed content of config.json."""

import dataclasses
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from avatar.bundle.pair_head import PairHead
from avatar.bundle.strict_json import list_of_names, number, shown, whole, yes_or_no
from avatar.code.sketches import SketchRules
from avatar.code.text import AS_IT_IS, TextRules
from avatar.common.errors import ArtifactError

VERSION = 2
"""The version that is written. Version 2 (2026) added `languages`, `text`, `reads_a_set` and `symmetric`."""
READ = (1, 2)
"""The versions that are read."""
ENCODER = "encoder.onnx"
HEAD = "head.onnx"
WEIGHTS = "model.safetensors"
CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
README = "README.md"
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Parts:
    """File names of a student's two graphs in one precision, and of the weights file that both refer to.

    `head` is "" if the student has none.
    """

    encoder: str
    head: str
    weights: str

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(dict.fromkeys(name for name in (self.encoder, self.head, self.weights) if name))


PRECISIONS: Mapping[str, Parts] = {
    "fp32": Parts(ENCODER, HEAD, WEIGHTS),
    "int8": Parts("encoder.int8.onnx", "head.int8.onnx", "model.int8.safetensors"),
}
"""A bundle has all parts of at least one precision. The first one that it has is the default."""

TERNARY = "ternary"
NGRAMS = Parts("ngrams.safetensors", "", "ngrams.safetensors")
"""An n-gram student has no graphs: its vectors are sums of the rows of one file (see `ngram_weights`)."""

ALWAYS = (CONFIG, TOKENIZER, README)
"""Every bundle also has these files. The manifest is written last, and lists all files with their digests."""

ARITY = {"function": 1, "pair": 2, "embedding": 2}
"""Functions that a student of each task needs for one answer. Of an embedding, the answer for a pair is calibrated."""
LIMITS = {"max_length": (1, 1_000_000), "max_characters": (1, 10_000_000), "pad_id": (0, 10_000_000)}
"""Smallest and largest value of each whole number in the config."""
TEMPERATURES = (1e-3, 1e3)
LONGEST_NAME = 200
"""Most characters of the name of a label or language."""
MOST_LANGUAGES = 1_000

_HEADS = ("pair_head", "sketch_head")

HEADLESS = ("embedding",)
"""Tasks of students whose answer is the vector: their bundles have no graph of a head, but a `pair_head`."""


@dataclass(frozen=True)
class BundleConfig:
    """Content of config.json.

    `max_length` counts the tokens of one function, the first `<s>` included. The probability of label i is
    softmax(logits / temperature)[i]; an example gets labels[1] if the probability of label 1 is at least `threshold`.
    Longer texts are cut at `max_characters` before they are tokenized, as in training. `languages` are those of the
    training; empty if unknown. Every function is first normalised by the rules `text`; bundles of version 1 record
    none, and their texts are used unchanged.
    """

    task: str
    max_length: int
    labels: tuple[str, str]
    threshold: float = 0.5
    temperature: float = 1.0
    pad_id: int = 0
    max_characters: int = 50_000
    version: int = VERSION
    languages: tuple[str, ...] = ()
    text: TextRules = AS_IT_IS
    architecture: Mapping[str, Any] = field(default_factory=dict)
    reads_a_set: bool = False
    """Whether order and repetition of a function's tokens change nothing, so that each distinct token is read once."""
    symmetric: bool = False
    """Whether (a, b) and (b, a) get the same probabilities."""
    pair_head: PairHead | None = None
    """From two vectors to the probability of a clone, for the tasks in `HEADLESS`."""
    sketch_head: PairHead | None = None
    """The same from two vectors and their sketches, for n-gram students that have sketches."""

    @property
    def has_head(self) -> bool:
        """Whether the bundle has the graph of a head."""
        return self.task not in HEADLESS

    @property
    def arity(self) -> int:
        """Functions that are needed for one answer."""
        return ARITY[self.task]

    def problems(self) -> list[str]:
        """One sentence for each wrong value; empty if all are valid."""
        sentences = []
        if self.version not in READ:
            sentences.append(f"version is {self.version}, this program reads {', '.join(map(str, READ))}")
        if self.task not in ARITY:
            sentences.append(f"task is {shown(self.task)}, not one of {', '.join(ARITY)}")
        for name, (least, most) in LIMITS.items():
            if not least <= getattr(self, name) <= most:
                sentences.append(f"{name} is {shown(getattr(self, name))}, not from {least} to {most:,}")
        if len(self.labels) != 2 or len(set(self.labels)) != 2:
            sentences.append(f"labels are {shown(list(self.labels))}, not two different names")
        if any(not 1 <= len(name) <= LONGEST_NAME for name in (*self.labels, *self.languages)):
            sentences.append(f"labels and languages have names that are not of 1 to {LONGEST_NAME} characters")
        if len(self.languages) > MOST_LANGUAGES:
            sentences.append(f"there are {len(self.languages):,} languages, more than {MOST_LANGUAGES:,}")
        if not 0 <= self.threshold <= 1:
            sentences.append(f"threshold is {self.threshold}, not between 0 and 1")
        coldest, hottest = TEMPERATURES
        if not coldest <= self.temperature <= hottest:  # NaN too
            sentences.append(f"temperature is {self.temperature}, not from {coldest:g} to {hottest:g}")
        sentences += self.text.problems()
        if (self.pair_head is None) is (self.task in HEADLESS):
            sentences.append(
                f"pair_head is {'missing' if self.pair_head is None else 'given'} for the task {self.task}"
            )
        for name in _HEADS:
            head: PairHead | None = getattr(self, name)
            sentences += head.problems(name) if head is not None else []
        return sentences

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary for config.json, in the order of the fields."""
        values = {
            **dataclasses.asdict(self),
            "labels": list(self.labels),
            "languages": list(self.languages),
            "architecture": dict(self.architecture),
        }
        for name in _HEADS:  # without those that are not there, so that older versions can read the bundle
            head = getattr(self, name)
            del values[name]
            values |= {} if head is None else {name: head.as_dict()}
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "BundleConfig":
        """The config from a dictionary that `as_dict` returned; a wrong key, type or value is an ArtifactError."""
        names = {entry.name for entry in dataclasses.fields(cls)}
        unknown, missing = sorted(set(values) - names), sorted({"task", "max_length", "labels"} - set(values))
        if unknown or missing:
            listed = [f"unknown key {shown(name)}" for name in unknown[:10]] + [f"no key '{name}'" for name in missing]
            raise ArtifactError(f"{CONFIG} of the bundle is wrong: {'; '.join(listed)}", "export the student again")
        try:
            genes = values.get("architecture", {})
            if not isinstance(values["task"], str) or not isinstance(genes, dict):
                raise ValueError(f"task is {shown(values['task'])}, architecture is {shown(genes)}")
            config = cls(
                task=values["task"],
                max_length=whole(values, "max_length"),
                labels=list_of_names(values, "labels"),  # type: ignore[arg-type]
                threshold=number(values, "threshold", 0.5),
                temperature=number(values, "temperature", 1.0),
                pad_id=whole(values, "pad_id", 0),
                max_characters=whole(values, "max_characters", 50_000),
                version=whole(values, "version", 1),
                languages=list_of_names(values, "languages", []),
                text=TextRules.from_dict(values["text"]) if "text" in values else AS_IT_IS,
                architecture=genes,
                reads_a_set=yes_or_no(values, "reads_a_set", _read_a_set(genes)),
                symmetric=yes_or_no(values, "symmetric", genes.get("head") == "interaction"),
                **{name: PairHead.from_dict(values[name], name) for name in _HEADS if name in values},
            )
        except ValueError as error:
            raise ArtifactError(
                f"{CONFIG} of the bundle has a value of the wrong type: {str(error)[:500]}", "export the student again"
            ) from error
        if problems := config.problems():
            raise ArtifactError(f"{CONFIG} of the bundle is wrong: {'; '.join(problems)}", "export the student again")
        return config


def _read_a_set(genes: Mapping[str, Any]) -> bool:
    """`reads_a_set` for a bundle of version 1, which does not record it, from its architecture."""
    bag = genes.get("layers") == 0 and genes.get("position") == "none" and genes.get("pooling") == "max"
    return bag and genes.get("window", 1) == 1


@dataclass(frozen=True)
class Bundle:
    """A folder whose files all match their digests. `digests` maps file names to SHA-256 in hex."""

    folder: Path
    config: BundleConfig
    digests: Mapping[str, str]

    def path(self, name: str) -> Path:
        """Full path of one of the bundle's files."""
        return self.folder / name

    @property
    def precisions(self) -> tuple[str, ...]:
        """The precisions of which the bundle has all parts, the default first."""
        return complete_precisions(self.digests, self.config.task)

    def parts(self, precision: str | None = None) -> Parts:
        """The files of `precision`, or of the default; a precision that the bundle lacks is an ArtifactError."""
        chosen = self.precisions[0] if precision is None else precision
        if chosen not in self.precisions:
            raise ArtifactError(
                f"the bundle {self.folder} has no {chosen} variant", f"it has: {', '.join(self.precisions)}"
            )
        return parts_of(self.config.task)[chosen]

    @property
    def reads_ngrams(self) -> bool:
        """Whether it holds an n-gram student, which needs numpy only."""
        return self.precisions[0] == TERNARY

    @property
    def structure(self) -> slice | None:
        """The block `structure` of the vectors of an n-gram student; None for other students."""
        width, more = (self.config.architecture.get(name) for name in ("width", "structure_width"))
        return slice(width, width + more) if self.reads_ngrams and type(width) is int and type(more) is int else None

    @property
    def structure_share(self) -> float:
        """The share of that block in the cosine of two vectors; a wrong or missing one is an ArtifactError."""
        share = self.config.architecture.get("structure_share")
        if not isinstance(share, float) or not 0 <= share <= 1:
            raise ArtifactError(
                f"{CONFIG} of the bundle {self.folder}: structure_share is {shown(share)}, not a number from 0 to 1",
                "copy the bundle again",
            )
        return share

    @property
    def sketches(self) -> SketchRules | None:
        """How the sketches of an n-gram student are made; None if it has none. Wrong rules are an ArtifactError."""
        genes, head = self.config.architecture, self.config.sketch_head
        if head is None:
            return None
        try:
            rules = SketchRules(list_of_names(genes, "sketch_kinds"), whole(genes, "sketch_bits"))
            problems = rules.problems()
        except ValueError as error:
            problems = [str(error)]
        if not self.reads_ngrams:
            problems = ["sketch_head is given for a student that makes no sketches"]
        elif not problems and head.sketch_kinds != len(rules.kinds):
            problems = [f"sketch_head reads {head.sketch_kinds} kinds of sketches, not {len(rules.kinds)}"]
        if problems:
            raise ArtifactError(f"{CONFIG} of the bundle {self.folder}: {'; '.join(problems)}", "copy the bundle again")
        return rules

    @property
    def numbers_beside_vector(self) -> int:
        """How many numbers are kept of a function beside its vector: its sketches."""
        return 0 if self.sketches is None else self.sketches.numbers

    @property
    def size_bytes(self) -> int:
        """Bytes on disk of all files of the bundle, the manifest included."""
        return sum(self.path(name).stat().st_size for name in (*self.digests, MANIFEST))


def parts_of(task: str) -> dict[str, Parts]:
    """The parts of each precision of a student of `task`."""
    if task not in HEADLESS:
        return dict(PRECISIONS)
    graphs = {key: dataclasses.replace(parts, head="") for key, parts in PRECISIONS.items()}
    return {**graphs, TERNARY: NGRAMS}


def complete_precisions(names: Container[str], task: str = "") -> tuple[str, ...]:
    """The precisions of which all parts of a student of `task` are in `names`, in the order of `PRECISIONS`."""
    return tuple(key for key, parts in parts_of(task).items() if all(name in names for name in parts.names))
