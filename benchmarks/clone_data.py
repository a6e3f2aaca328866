"""Functions of projects that no training saw: their copies, their next releases, and pairs that are no clones."""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.code.alignment import is_aligned, masked_tokens
from avatar.code.lexer import SIGN, Lexer
from avatar.code.parsing import parse
from avatar.code.text import function_text
from avatar.code.variables import variables
from avatar.common.errors import DataError
from avatar.common.logging import progress
from avatar.data.corpus.code_tokens import code_tokens, digest
from avatar.student.ngrams.collection import FUNCTIONS_OF_A_FILE, LEAST_LINES, LEAST_TOKENS, MOST_CHARACTERS, read_rows
from avatar.student.ngrams.near_clones import KINDS, RULES, NearClones

SPLIT = "test"
RELEASE = "release"
ALL_KINDS = (*KINDS, RELEASE)
"""Kinds of clones: the copies, and one function in two releases of a project."""

Rows = NDArray[np.int64]
Pairs = tuple[Rows, Rows]
"""The rows of the first and of the second function of each pair."""


@dataclass
class CloneSet:
    """Functions of one language. The first `originals` of `codes` are distinct functions; `clones` gives by kind rows
    of pairs of clones. `elsewhere` are pairs of originals in different projects, `siblings` of originals in one file.

    `true_clones` counts pairs that are in neither, because both texts are equal up to the names of variables, and
    `same_names` those of different projects that have one name. `unlike` (siblings,) is False for siblings that are
    clones by the usual definitions: of type 2, equal up to all names, numbers and strings; or strong ones of type 3, by
    `avatar.code.alignment`.
    """

    language: str
    codes: list[str]
    originals: int = 0
    clones: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    elsewhere: Pairs = (np.zeros(0, np.int64), np.zeros(0, np.int64))
    siblings: Pairs = (np.zeros(0, np.int64), np.zeros(0, np.int64))
    unlike: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    projects: int = 0
    true_clones: int = 0
    same_names: int = 0

    def pairs(self, kind: str, most: int | None = None) -> Pairs:
        """The pairs of a kind of clones, or the first `most` of them."""
        rows = np.asarray(self.clones.get(kind, [])[:most], dtype=np.int64).reshape(-1, 2)
        return rows[:, 0], rows[:, 1]

    def strong(self, kind: str) -> float:
        """The share of the clones of a kind of which 70 % of the tokens are in the same order, names aside."""
        found = self.clones.get(kind, [])
        tokens = masked_tokens(Lexer(), self.codes, [self.language] * len(self.codes))
        return float(np.mean([is_aligned(tokens[one], tokens[two]) for one, two in found])) if found else float("nan")

    def smaller(self, originals: int, clones: int, siblings: int, seed: int = 0) -> "CloneSet":
        """A part: the first originals, of each kind at most so many clones, and at most so many siblings.

        The pairs are drawn at random from those of these originals and of all releases.
        """
        rng = np.random.default_rng(seed)
        originals = min(originals, self.originals)
        part = CloneSet(self.language, self.codes[:originals], originals, projects=self.projects)
        for kind in ALL_KINDS:
            pairs = [pair for pair in self.clones.get(kind, []) if kind == RELEASE or pair[0] < originals]
            for row in np.sort(rng.permutation(len(pairs))[:clones]).tolist():
                first, second = pairs[row]
                if kind == RELEASE:
                    part.codes.append(self.codes[first])
                    first = len(part.codes) - 1
                part.codes.append(self.codes[second])
                part.clones[kind].append((first, len(part.codes) - 1))
        kept = self._among(self.elsewhere, originals)
        part.elsewhere = self.elsewhere[0][kept], self.elsewhere[1][kept]
        kept = self._among(self.siblings, originals)
        kept = np.sort(rng.permutation(kept)[:siblings])
        part.siblings = self.siblings[0][kept], self.siblings[1][kept]
        part.unlike = self.unlike[kept]
        return part

    @staticmethod
    def _among(pairs: Pairs, originals: int) -> Rows:
        return np.flatnonzero((pairs[0] < originals) & (pairs[1] < originals))


def read_clone_sets(
    corpus: Path, functions: int, only: Sequence[str] = (), seed: int = 0
) -> tuple[list[CloneSet], list[str]]:
    """A set of at most so many originals for each language, or for those in `only`, and notes about what is missing."""
    for name in (f"{SPLIT}.jsonl.gz", "groups.jsonl.gz"):
        if not (corpus / name).is_file():
            raise DataError(f"there is no {corpus / name}", "give --corpus FOLDER, written by tools/corpus.py")
    rows = list(read_rows(corpus / f"{SPLIT}.jsonl.gz"))
    large = defaultdict(list)
    for number, row in enumerate(rows):
        if _is_large(row):
            large[row["language"]].append(number)
    unknown = sorted(set(only) - set(large))
    if unknown:
        raise DataError(f"no functions in {', '.join(unknown)}", f"the corpus has: {', '.join(sorted(large))}")
    releases = defaultdict(list)
    for group in read_rows(corpus / "groups.jsonl.gz"):
        if group["split"] == SPLIT and group["kind"] == RELEASE and all(_is_large(rows[one]) for one in group["rows"]):
            releases[rows[group["rows"][0]]["language"]].append(group["rows"][:2])
    sets = []
    for language in progress(sorted(only or large), "functions and copies, by language"):
        chosen = _chosen(rows, large[language], functions, random.Random(f"{seed} {language}"))
        sets.append(_clone_set(language, rows, chosen, releases[language], functions, seed))
    return sets, [] if only else [f"No functions in the split {SPLIT}: {name}." for name in _missing(corpus, large)]


def canonical(code: str, language: str) -> str:
    """A digest that is equal for functions that differ in layout, comments, and names of variables only."""
    parsed = parse(code, language)
    if parsed is None:
        return digest(code_tokens(code, language), language)
    found = variables(parsed)
    places = dict(found.places)
    if found.function is not None:
        places.setdefault(found.function[0], [found.function[1]])
    order = sorted((min(starts), name, starts) for name, starts in places.items())
    spans = sorted((start, len(name), number) for number, (_, name, starts) in enumerate(order) for start in starts)
    parts, end = [], 0
    for start, length, number in spans:
        parts += [parsed.source[end:start], b"v%d" % number]
        end = start + length
    return digest(code_tokens(parsed.unwrap(b"".join([*parts, parsed.source[end:]])), language), language)


def shapes(codes: Sequence[str], language: str) -> list[str]:
    """A digest of each function that is equal for functions that differ in layout, names, numbers and strings only."""
    tokens = Lexer()(codes, [language] * len(codes))
    units = np.where(tokens.kinds == SIGN, tokens.tokens, tokens.kinds.astype(np.uint64))
    ends = np.searchsorted(tokens.rows, np.arange(len(codes)), side="right").tolist()
    return [
        blake2b(units[start:end].tobytes(), digest_size=16).hexdigest()
        for start, end in zip([0, *ends[:-1]], ends, strict=True)
    ]


def _is_large(row: dict[str, Any]) -> bool:
    code = row["code"]
    return row["tokens"] >= LEAST_TOKENS and code.count("\n") >= LEAST_LINES - 1 and len(code) < MOST_CHARACTERS


def _missing(corpus: Path, large: dict[str, list[int]]) -> list[str]:
    groups = {row["language"] for row in read_rows(corpus / "train.jsonl.gz")} if _has_train(corpus) else set()
    return sorted(groups - set(large))


def _has_train(corpus: Path) -> bool:
    return (corpus / "train.jsonl.gz").is_file()


def _chosen(rows: Sequence[dict[str, Any]], numbers: Sequence[int], wanted: int, rng: random.Random) -> list[int]:
    """Whole files in random order, one version of each; no project gives more than twice its equal share."""
    files: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for number in numbers:
        row = rows[number]
        files[row["project"], row["path"], row["version"]].append(number)
    names = sorted(files)
    rng.shuffle(names)
    most = max(FUNCTIONS_OF_A_FILE, 2 * wanted // len({project for project, _, _ in names}))
    count: Counter[str] = Counter()
    seen, chosen = set(), []
    for name in names:
        project, path, _ = name
        if (project, path) in seen or count[project] >= most:
            continue
        seen.add((project, path))
        part = files[name][:FUNCTIONS_OF_A_FILE]
        count[project] += len(part)
        chosen += part
        if len(chosen) >= wanted:
            break
    return chosen[:wanted]


def _clone_set(
    language: str,
    rows: Sequence[dict[str, Any]],
    chosen: Sequence[int],
    releases: Sequence[Sequence[int]],
    functions: int,
    seed: int,
) -> CloneSet:
    def text(number: int) -> str:
        return function_text(rows[number]["code"], RULES, language)

    result = CloneSet(language, [text(number) for number in chosen], originals=len(chosen))
    near = NearClones(language, result.codes[:])
    for row, number in enumerate(chosen):
        for kind, copy in near(result.codes[row], number).items():
            result.clones[kind].append((row, len(result.codes)))
            result.codes.append(copy)
    order = list(releases)
    random.Random(f"{seed} {language}").shuffle(order)
    of_project: Counter[str] = Counter()
    for first, second in order:
        project = rows[first]["project"]
        codes = text(first), text(second)
        same = code_tokens(codes[0], language) == code_tokens(codes[1], language)
        if same or of_project[project] >= functions // 4 or len(result.clones[RELEASE]) >= functions:
            continue
        of_project[project] += 1
        result.clones[RELEASE].append((len(result.codes), len(result.codes) + 1))
        result.codes += codes
    _add_others(result, [rows[number] for number in chosen])
    return result


def _add_others(result: CloneSet, rows: Sequence[dict[str, Any]]) -> None:
    """The pairs of originals that are no clones."""
    project = np.array([row["project"] for row in rows])
    file = np.array([row["project"] + "/" + row["path"] for row in rows])
    name = np.array([re.split(r"[.:#]+", row["name"])[-1] for row in rows])
    form = np.array([canonical(code, result.language) for code in result.codes[: result.originals]])
    first, second = np.triu_indices(len(rows), 1)
    apart, together = project[first] != project[second], file[first] == file[second]
    equal, named = form[first] == form[second], name[first] == name[second]
    result.true_clones = int(((apart | together) & equal).sum())
    result.same_names = int((apart & named & ~equal).sum())
    result.elsewhere = _part(first, second, apart & ~equal & ~named)
    result.siblings = _part(first, second, together & ~equal)
    originals = result.codes[: result.originals]
    shape = shapes(originals, result.language)
    tokens = masked_tokens(Lexer(), originals, [result.language] * len(originals))
    result.unlike = np.array(
        [
            shape[one] != shape[two] and not is_aligned(tokens[one], tokens[two])
            for one, two in zip(*(side.tolist() for side in result.siblings), strict=True)
        ],
        dtype=bool,
    )
    result.projects = len(set(project.tolist()))


def _part(first: Rows, second: Rows, kept: NDArray[np.bool_]) -> Pairs:
    return first[kept], second[kept]
