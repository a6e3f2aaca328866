"""Stage 9: the bundle that is shipped, checked against torch on real functions before it counts as written."""

from pathlib import Path
from typing import Any

from avatar.bundle import read_bundle
from avatar.common.seeding import generator
from avatar.data.records import SplitName
from avatar.export.bundle import export_bundle
from avatar.measure.size import bundle_mb
from avatar.pipeline.artifacts import Artifact
from avatar.pipeline.context import Context, Data
from avatar.pipeline.stage_07_student import Student

CHECKED = 200
"""Test functions on which the exported graphs must answer as torch does."""

BUNDLE = "bundle"


def run(context: Context, data: Data, student: Student, card: str, temperature: float) -> Artifact:
    """Write the bundle; its probabilities are those at `temperature`."""
    functions = list(data.corpus.functions.values())
    rows = sorted(set(data.corpus.members(SplitName.TEST).ravel().tolist()))
    picked = generator(context.cfg.seed, "export").permutation(rows)[:CHECKED]

    def build(folder: Path) -> dict[str, Any]:
        check = export_bundle(
            student.model, student.tokenizer, student.model.arch, data.corpus.task, folder / BUNDLE,
            [functions[row].code for row in picked], card, temperature=temperature,
        )  # fmt: skip
        return {"largest_difference": check.largest_difference, "bundle_mb": bundle_mb(folder / BUNDLE)}

    reads = {"student": student.artifact.key, "card": card, "temperature": temperature}
    artifact = context.store.make("export", reads, build)
    read_bundle(artifact.folder / BUNDLE)
    return artifact
