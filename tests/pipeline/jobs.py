"""A whole job small enough for tests: 60 tiny functions, a recorded teacher, four genes."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from avatar.config.schema import (
    ArtifactsConfig,
    Config,
    DatasetConfig,
    DistillConfig,
    GeneConfig,
    MeasureConfig,
    SearchConfig,
    SearchSpaceConfig,
    SurrogateConfig,
    TeacherConfig,
    TrackingConfig,
    TrainerConfig,
)

VERBS = ("add", "scale", "count", "merge", "split", "clean")


def write_pairs(folder: Path, pairs: int = 120) -> Path:
    """Pairs of tiny functions in `folder`, which are clones if the verb is the same, and their recorded logits."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)

    def function(verb: str) -> str:
        name = "".join(random.choice(list("abcdefgh"), 4))
        return f"def {verb}_{name}(values, {name}):\n    result = {verb}(values, {name})\n    return result\n"

    def rows(count: int) -> list[dict[str, Any]]:
        made = []
        for number in range(count):
            first, second = random.choice(VERBS, 2, replace=False)
            label = number % 2
            made.append({"code1": function(first), "code2": function(first if label else second), "label": label})
        return made

    for split, count in (("train_labeled", pairs), ("train_unlabeled", pairs), ("valid", 40), ("test", 40)):
        examples = rows(count)
        text = "".join(json.dumps(row) + "\n" for row in examples)
        (folder / f"{split}.jsonl").write_text(text)
        if split == "train_unlabeled":
            signs = np.asarray([2.0 * row["label"] - 1 for row in examples], dtype=np.float32)
            np.save(folder / "logits.npy", np.stack([-2 * signs, 2 * signs], axis=1))
    return folder


VERB_BODIES = {
    "java": "int {verb}_{name}(int[] values, int {name}) {{\n    return {verb}(values, {name}, {extra});\n}}\n",
    "python": "def {verb}_{name}(values, {name}):\n    return {verb}(values, {name}, {extra})\n",
}


def write_groups(folder: Path, per_group: int = 5) -> Path:
    """Tiny functions in two languages, which are clones if they call the same, and vectors of a teacher."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    letters = list("abcdefgh")
    for split, count in (("train", 40), ("valid", 14), ("test", 16)):
        rows, vectors = [], []
        for number in range(count):
            verb = f"{random.choice(VERBS)}_{''.join(random.choice(letters, 2))}"
            centre = random.normal(size=12)
            for member in range(per_group if number else 1):
                language = ("java", "python")[member % 2]
                words = {"verb": verb, "name": "".join(random.choice(letters, 4)), "extra": random.choice(letters)}
                code = VERB_BODIES[language].format(**words)
                rows.append({"code": code, "group": f"{split} {number}", "language": language})
                vectors.append(centre + 0.3 * random.normal(size=12))
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        if split == "train":
            np.save(folder / "vectors.npy", np.asarray(vectors, dtype=np.float32))
    return folder


def groups_job(data: Path, folder: Path, **changes: Any) -> Config:
    """A job over `write_groups`' folder: no teacher, the same tiny space."""
    columns = {"code": "code", "group": "group", "language": "language"}
    parts: dict[str, Any] = {
        "dataset": DatasetConfig(name="groups", root=str(data), columns=columns, metric="map_at_r", language="python"),
        "teacher": TeacherConfig(name="none", kind="none", model="", timing="none"),
        "distill": DistillConfig(
            epochs=4, average=0.9, temperature=0.1, use_labeled=True, hard_labels="truth", batch_size=48
        ),
        "experiment": "small_groups",
    }
    return small_job(data, folder, **{**parts, **changes})


def small_job(data: Path, folder: Path, **changes: Any) -> Config:
    """A job over `write_pairs`' folder, with artifacts and output below `folder`."""
    parts: dict[str, Any] = {
        "dataset": DatasetConfig(name="pairs", root=str(data), language="python"),
        "teacher": TeacherConfig(name="recorded", kind="predictions", path=str(data / "logits.npy"), timing="none"),
        "search_space": SearchSpaceConfig(
            name="small",
            genes={
                "layers": GeneConfig(low=0, high=1),
                "hidden_size": GeneConfig(low=8, high=24, step=8),
                "vocab_size": GeneConfig(low=40, high=80, step=20),
                "intermediate_size": GeneConfig(low=16, high=32, step=16),
            },
            fixed={
                "tokenizer": "word",
                "heads": 2,
                "max_length": 64,
                "pooling": "mean",
                "head": "interaction",
                "position": "none",
                "batch_size": 16,
                "learning_rate": 0.005,
                "hidden_dropout": 0.1,
            },
        ),
        "surrogate": SurrogateConfig(candidates=3, share=0.5, epochs=2, minimum=3, folds=2, repeats=2),
        "search": SearchConfig(evaluations=24, population=6, budget_mb=0.03),
        "distill": DistillConfig(epochs=4, average=0.9),
        "measure": MeasureConfig(warmup=1, examples=4, teacher_examples=2, energy=False, compressor_baseline=False),
        "trainer": TrainerConfig(progress="none"),
        "tracking": TrackingConfig(enabled=False),
        "artifacts": ArtifactsConfig(folder=str(folder / "artifacts")),
        "output_dir": str(folder / "out"),
        "experiment": "small",
    }
    return Config(**{**parts, **changes})
