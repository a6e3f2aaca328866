"""Checks that each name is registered, and that the search space is legal."""

from collections.abc import Iterator

from avatar.code.languages import LANGUAGES
from avatar.config.problems import Problem, one_of, refused
from avatar.config.schema import Config
from avatar.data.divisions import SPLITS
from avatar.data.readers import READERS
from avatar.data.records import Task
from avatar.data.tokenizers import smallest_vocabulary
from avatar.data.twins import TWINS
from avatar.metrics import judging_metrics
from avatar.search.acquire import ACQUISITIONS
from avatar.search.choose import RULES
from avatar.search.objectives import OBJECTIVES
from avatar.search.result import SEARCHERS
from avatar.space.budgets import Budgets, Feasible
from avatar.space.space import SearchSpace
from avatar.surrogate.base import SURROGATES
from avatar.teacher.kinds import TEACHERS
from avatar.teacher.names import JOINS, POOLINGS


def names(cfg: Config) -> Iterator[Problem]:
    """Every name that is later looked up in a registry."""
    yield from one_of("dataset.name", cfg.dataset.name, READERS)
    yield from one_of("dataset.metric", cfg.dataset.metric, sorted({m for task in Task for m in judging_metrics(task)}))
    yield from one_of("dataset.twins", cfg.dataset.twins, TWINS)
    yield from one_of("dataset.split", cfg.dataset.split, SPLITS)
    yield from one_of("teacher.head", cfg.teacher.head, JOINS)
    yield from one_of("teacher.pooling", cfg.teacher.pooling, POOLINGS)
    yield from one_of("search.name", cfg.search.name, SEARCHERS)
    yield from one_of("search.rule", cfg.search.rule, RULES)
    yield from one_of("search.acquisition", cfg.search.acquisition, ACQUISITIONS)
    for name in cfg.search.objectives:
        yield from one_of("search.objectives", name, OBJECTIVES)
    yield from one_of("surrogate.name", cfg.surrogate.name, ("auto", *SURROGATES))


def language(cfg: Config) -> Iterator[Problem]:
    """A problem where functions must be parsed and their language is not set."""
    if cfg.dataset.language or cfg.dataset.columns.get("language") or cfg.dataset.name not in READERS.names():
        return
    fix = f"set it to one of {', '.join(LANGUAGES.names())}"
    if cfg.teacher.kind in TEACHERS.names() and TEACHERS.get(cfg.teacher.kind).needs_language:
        yield (
            f"dataset.language is null; teacher.kind={cfg.teacher.kind} parses functions, which needs the language: "
            f"{fix}, or set teacher.kind=encoder"
        )
    if cfg.distill.copies:
        yield (
            f"dataset.language is null; distill.copies={cfg.distill.copies} rewrites functions, which needs the "
            f"language: {fix}, or set distill.copies=0"
        )


def objectives(cfg: Config) -> Iterator[Problem]:
    """The problems that the objectives of the search report."""
    if cfg.dataset.name in READERS.names():
        for name in dict.fromkeys(cfg.search.objectives):
            if name in OBJECTIVES.names():
                yield from OBJECTIVES.get(name)().problems(cfg)


def teacher(cfg: Config) -> Iterator[Problem]:
    """The problems that the kind of teacher reports."""
    yield from one_of("teacher.kind", cfg.teacher.kind, TEACHERS)
    if cfg.teacher.kind in TEACHERS.names():
        kind = TEACHERS.get(cfg.teacher.kind)
        yield from kind.problems(cfg.teacher)
        if cfg.distill.relations and not kind.gives_vectors:
            yield (
                f"distill.relations is {cfg.distill.relations}; a teacher of the kind '{cfg.teacher.kind}' has no "
                "vectors to learn from: set distill.relations=0"
            )


def search_space(cfg: Config) -> Iterator[Problem]:
    """Genes, their values, combinations that are not allowed, and whether any architecture fits the budgets."""
    problems = list(refused(lambda: SearchSpace.from_config(cfg.search_space), "search_space"))
    yield from problems
    if problems:
        return
    space = SearchSpace.from_config(cfg.search_space)
    smallest = int(space.values("vocab_size").min())
    for kind in space.values("tokenizer").tolist():
        if smallest < smallest_vocabulary(kind):
            yield (
                f"search_space.genes.vocab_size can be {smallest}; a {kind} tokenizer needs at least "
                f"{smallest_vocabulary(kind)} entries: remove smaller values, or remove {kind} from tokenizer"
            )
    budgets = Budgets(cfg.search.budget_mb, cfg.search.budget_gflops)  # without budget_ms: latency is measured later
    impossible = [list(refused(Feasible(space, budgets, task).check)) for task in Task]
    if all(impossible):  # the task is known only after the data set is read, so it must fail for each
        yield from impossible[0]


CHECKS = (names, language, teacher, objectives, search_space)
