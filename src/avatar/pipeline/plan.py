"""What a job would do: which artifacts exist, which will be made and why, and how long each stage took last time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from avatar.common.errors import ArtifactError
from avatar.common.logging import format_seconds
from avatar.common.paths import user_path
from avatar.config.schema import Config
from avatar.pipeline.artifacts import Artifact, ArtifactStore
from avatar.pipeline.job import Job
from avatar.pipeline.manifest import MANIFEST, Manifest, read_manifest
from avatar.pipeline.recording import Recorder
from avatar.pipeline.run_job import finish, run_stages
from avatar.pipeline.stage import I, S, Stage
from avatar.pipeline.stages import STAGES
from avatar.tracking.runs import Run

MOST_SHOWN = 3
"""The plan names at most this many differences to an earlier artifact."""


class NotMade(Exception):
    """An artifact does not exist. The later stages cannot be planned without it."""


@dataclass(frozen=True)
class Step:
    """A stage in a plan: how many artifacts exist, why the next one does not, and the duration of the newest one."""

    stage: str
    title: str
    reused: int
    missing: str
    seconds: float | None

    @property
    def state(self) -> str:
        """One line for the table."""
        if self.missing:
            return self.missing if not self.reused else f"{self.reused} done, then {self.missing}"
        if not self.reused:
            return "runs only if it is needed"
        return "done" if self.reused == 1 else f"{self.reused} done"


@dataclass
class PlanStore(ArtifactStore):
    """A store that makes nothing. It records which artifacts exist, and stops at the first one that does not."""

    root: Path
    verify: str = "quick"
    _used: dict[Path, Manifest] = field(default_factory=dict)
    reused: dict[str, set[str]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def make(self, stage: Stage[I, S], inputs: I, settings: S) -> Artifact:
        """The artifact if it exists. Otherwise raise NotMade."""
        folder = self.root / stage.name / stage.key(inputs, settings)
        existing = self.existing(stage, folder)
        if existing is None:
            self.missing[stage.name] = f"to do: {self._why(stage, inputs, settings)}"
            raise NotMade(stage.name)
        self.reused.setdefault(stage.name, set()).add(existing.key)
        return existing

    def _why(self, stage: Stage[I, S], inputs: I, settings: S) -> str:
        """The differences to the most similar artifact of the stage."""
        now = dict(_flat({"settings": stage.keyed_settings(settings), "inputs": stage.keyed_inputs(inputs)}))
        now["revision"] = stage.revision
        nearest: list[str] | None = None
        for manifest in manifests(self.root / stage.name):
            then = dict(_flat({"settings": manifest.settings, "inputs": manifest.inputs}))
            then["revision"] = manifest.revision
            names = sorted(name for name in then.keys() | now if then.get(name) != now.get(name))
            differences = list(dict.fromkeys(_difference(name, then, now) for name in names))
            if nearest is None or len(differences) < len(nearest):
                nearest = differences
        if nearest is None:
            return "no earlier result"
        if not nearest:
            return "started, but not finished"
        more = f", and {len(nearest) - MOST_SHOWN} more" if len(nearest) > MOST_SHOWN else ""
        return ", ".join(nearest[:MOST_SHOWN]) + more


def plan(cfg: Config) -> list[Step]:
    """Every stage in its order. This reads the data, and makes and writes nothing."""
    store = PlanStore(user_path(cfg.artifacts.folder), cfg.artifacts.verify)
    job = Job(cfg, store)
    first_missing = ""
    try:
        finish(job, run_stages(job, Recorder(Run(), cfg)))
    except NotMade as error:
        first_missing = str(error)
    steps = []
    order = [stage.name for stage in STAGES]
    for stage in STAGES:
        reused, missing = len(store.reused.get(stage.name, ())), store.missing.get(stage.name, "")
        if first_missing and not missing and not reused and order.index(stage.name) > order.index(first_missing):
            missing = f"after {first_missing}"
        last = max(manifests(store.root / stage.name), key=lambda manifest: manifest.made, default=None)
        steps.append(Step(stage.name, stage.title, reused, missing, last.seconds if last else None))
    return steps


def render(steps: list[Step]) -> str:
    """The plan as a table."""
    took = ["-" if step.seconds is None else format_seconds(step.seconds) for step in steps]
    widths = [max(len(step.stage) for step in steps), max(len(step.title) for step in steps), max(map(len, took))]
    head = f"{'stage':{widths[0]}}  {'what it does':{widths[1]}}  {'last':>{widths[2]}}  state"
    lines = [
        f"{step.stage:{widths[0]}}  {step.title:{widths[1]}}  {seconds:>{widths[2]}}  {step.state}"
        for step, seconds in zip(steps, took, strict=True)
    ]
    return "\n".join(
        [
            head,
            "-" * len(head),
            *lines,
            "",
            "'last' is the time that the newest result of the stage took. 'after X': X must run first; then the",
            "plan can show whether this stage runs too.",
        ]
    )


def manifests(folder: Path) -> Iterator[Manifest]:
    """The readable manifests of a stage's artifacts."""
    for path in folder.glob(f"*/{MANIFEST}"):
        try:
            manifest = read_manifest(path.parent)
        except ArtifactError:
            continue
        if manifest is not None:
            yield manifest


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, entry in value.items():
            yield from _flat(entry, f"{prefix}.{name}" if prefix else str(name))
    else:
        yield prefix, value


def _difference(name: str, then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    group, _, short = name.partition(".")
    if group == "inputs":
        return f"another input: {short.partition('.')[0]}"
    return f"{short or name} is {now.get(name)}, was {then.get(name)}"
