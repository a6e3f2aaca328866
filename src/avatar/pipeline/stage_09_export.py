"""Stage 9: the bundle that is shipped, checked against torch on real functions before it counts as written."""

from pathlib import Path
from typing import Any

from avatar.bundle import read_bundle
from avatar.common.seeding import generator
from avatar.config.schema import ExportConfig
from avatar.data.records import SplitName, Task
from avatar.export import Int8Trial, export_bundle
from avatar.measure.decision import Decision
from avatar.measure.size import bundle_mb
from avatar.pipeline.artifacts import Artifact
from avatar.pipeline.context import Context, Data
from avatar.pipeline.stage_07_student import Student

CHECKED = 200
"""Test functions on which the exported graphs must answer as torch does."""

BUNDLE = "bundle"


def run(context: Context, data: Data, student: Student, card: str, decision: Decision) -> Artifact:
    """Write the bundle, which gives probabilities and answers by `decision`."""
    cfg = context.cfg.export
    functions = list(data.corpus.functions.values())
    rows = sorted(set(data.corpus.members(SplitName.TEST).ravel().tolist()))
    picked = generator(context.cfg.seed, "export").permutation(rows)[:CHECKED]

    def build(folder: Path) -> dict[str, Any]:
        check = export_bundle(
            student.model,
            student.tokenizer,
            student.model.arch,
            data.corpus.task,
            folder / BUNDLE,
            [functions[row].code for row in picked],
            card,
            temperature=decision.temperature,
            threshold=decision.threshold,
            int8=_trial(data, cfg, context.cfg.dataset.metric) if cfg.int8 else None,
            text=data.corpus.text,
            languages=data.corpus.languages,
        )
        return {
            "largest_difference": check.largest_difference,
            "bundle_mb": bundle_mb(folder / BUNDLE),
            "int8_kept": check.int8 is not None and check.int8.kept,
        }

    facts = [data.corpus.languages, data.corpus.text]
    reads = {"facts": facts, "student": student.artifact.key, "card": card, "decision": decision, "export": cfg}
    artifact = context.store.make("export", reads, build)
    read_bundle(artifact.folder / BUNDLE)
    return artifact


def _trial(data: Data, cfg: ExportConfig, metric: str) -> Int8Trial:
    """The valid examples, with their true labels, decide about int8."""
    corpus = data.corpus
    codes = [[corpus.functions[name].code for name in example.ids] for example in corpus.splits[SplitName.VALID]]
    examples = [one[0] for one in codes] if corpus.task is Task.FUNCTION else [(one[0], one[1]) for one in codes]
    labels = corpus.labels(SplitName.VALID)
    return Int8Trial(examples, labels, cfg.int8_tolerance, cfg.compact, metric)  # type: ignore[arg-type]
