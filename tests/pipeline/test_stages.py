"""Stages declare their settings: every setting changes a key, or has a reason why it does not."""

import ast
import dataclasses
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jobs import small_job, write_pairs

from avatar.common.hashing import stable_hash
from avatar.config.schema import Config
from avatar.pipeline.revisions import code_digest, modules_behind
from avatar.pipeline.stages import NO_STAGE, STAGES
from avatar.pipeline.stages_page import page
from avatar.surrogate import trainings

PAGE = Path(__file__).parents[2] / "docs" / "stages.md"
RECORDED = Path(__file__).parent / "revisions.json"

OTHER: dict[str, Any] = {
    "surrogate.trainings": str(Path(trainings.__file__).with_suffix(".csv")),
    "dataset.metric": "f1",
    "dataset.language": "java",
    "teacher.kind": "encoder",
    "search.objectives": ["accuracy", "flips"],
    "trainer.accelerator": "auto",
    "distill.rewrites": ["reformat"],
    "distill.init": "default",
}
"""Valid values that differ from the job's, for settings for which the general rule gives no valid value."""


def leaves(part: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted key and value of every setting."""
    for entry in dataclasses.fields(part):
        value = getattr(part, entry.name)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            yield from leaves(value, f"{prefix}{entry.name}.")
        else:
            yield f"{prefix}{entry.name}", value


def another(key: str, value: Any) -> Any:
    if key in OTHER:
        return OTHER[key]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value * 0.5 + 0.01
    if isinstance(value, str):
        return f"{value}x"
    if isinstance(value, list):
        return [*value, "x"]
    if isinstance(value, dict):
        return {**value, "x": 1}
    return 1


def changed(cfg: Config, key: str, value: Any) -> Config:
    """A copy of `cfg` with another value, unchecked."""
    copy = dataclasses.replace(cfg)
    *groups, name = key.split(".")
    part: Any = copy
    for group in groups:
        setattr(part, group, dataclasses.replace(getattr(part, group)))
        part = getattr(part, group)
    setattr(part, name, value)
    return copy


def digests(cfg: Config) -> dict[str, str]:
    return {stage.name: stable_hash(stage.keyed_settings(stage.read(cfg))) for stage in STAGES}


@pytest.fixture(scope="module")
def cfg(tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("stages")
    cfg = small_job(write_pairs(folder / "data", 8), folder)
    return dataclasses.replace(cfg, teacher=dataclasses.replace(cfg.teacher, kind="encoder", path=None))


def no_stage_reads(key: str) -> bool:
    return any(key == name or key.startswith(f"{name}.") for name in NO_STAGE)


def declared_without_effect(cfg: Config) -> set[str]:
    return {key for stage in STAGES for reading in stage.readings.values() if reading.why for key in reading.keys(cfg)}


def test_every_setting_changes_a_key_or_is_declared_not_to(cfg: Config) -> None:
    before, free, wrong = digests(cfg), declared_without_effect(cfg), []
    for key, value in leaves(cfg):
        after = digests(changed(cfg, key, another(key, value)))
        effect = [name for name in before if before[name] != after[name]]
        if effect and no_stage_reads(key):
            wrong.append(f"{key} changes the key of {', '.join(effect)}, but is in NO_STAGE")
        if not effect and not no_stage_reads(key) and key not in free:
            wrong.append(f"{key} changes no key; declare it in NO_STAGE or by unkeyed(), with the reason")
    assert not wrong, "\n".join(wrong)


def test_the_effective_batch_counts(cfg: Config) -> None:
    """trainer=ddp on two devices sees twice the batch: it must not get the student that one device trained."""
    before, after = digests(cfg), digests(changed(cfg, "trainer.devices", 2))
    assert {name for name in before if before[name] != after[name]} == {"teacher", "candidate", "student"}


@pytest.mark.parametrize("key", ["trainer.progress", "trainer.num_workers", "teacher.note", "executor.threads"])
def test_what_a_person_sees_makes_nothing_again(cfg: Config, key: str) -> None:
    value = dict(leaves(cfg))[key]
    assert digests(changed(cfg, key, another(key, value))) == digests(cfg)


def test_reasons_and_titles_are_sentences() -> None:
    reasons = [*NO_STAGE.values(), *(r.why for stage in STAGES for r in stage.readings.values() if r.why)]
    assert all(len(reason.split()) > 4 for reason in reasons)
    assert all(stage.title[0].isupper() for stage in STAGES)
    assert len({stage.name for stage in STAGES}) == len(STAGES)


def test_a_build_reads_only_its_arguments() -> None:
    """No function behind a stage's `build` takes the whole config or the job."""
    for stage in STAGES:
        path = Path(str(importlib.util.find_spec(stage.build.__module__).origin))  # type: ignore[union-attr]
        functions = {node.name: node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}
        reached, waiting = set(), [stage.build.__name__]
        while waiting:
            name = waiting.pop()
            if name in functions and name not in reached:
                reached.add(name)
                waiting += [node.id for node in ast.walk(functions[name]) if isinstance(node, ast.Name)]
        for name in reached:
            taken = {ast.unparse(arg.annotation) for arg in functions[name].args.args if arg.annotation is not None}
            assert not taken & {"Job", "Config"}, f"{path.name}: {name} of the stage {stage.name} takes {taken}"


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_changed_code_behind_a_stage_is_recorded(stage: Any) -> None:
    recorded = json.loads(RECORDED.read_text())
    known, digest = recorded.get(stage.name), code_digest(stage)
    assert known == {"revision": stage.revision, "code": digest}, (
        f"the code behind the stage '{stage.name}' has changed: {', '.join(modules_behind(stage)[:3])}, ... "
        f"If the same inputs now give another output, raise its revision (now {stage.revision}). "
        "Then record the new digest: python -m avatar.pipeline.revisions tests/pipeline/revisions.json"
    )


def test_the_page_of_the_docs_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m avatar.pipeline.stages_page docs/stages.md"


def test_plugins_that_are_imported_at_first_use_are_code_behind_their_stage() -> None:
    behind = {stage.name: modules_behind(stage) for stage in STAGES}
    assert "avatar.search.searchers.nsga2" in behind["search"]
    assert "avatar.surrogate.trees" in behind["surrogate"]
    assert {"avatar.teacher.pair_heads", "avatar.teacher.state_pooling"} <= set(behind["teacher"])
