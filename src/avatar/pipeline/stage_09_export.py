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


def run(context: Context, data: Data, student: Student, card: str) -> Artifact:
    """Write the bundle."""
    functions = list(data.corpus.functions.values())
    rows = sorted(set(data.corpus.members(SplitName.TEST).ravel().tolist()))
    picked = generator(context.cfg.seed, "export").permutation(rows)[:CHECKED]

    def build(folder: Path) -> dict[str, Any]:
        check = export_bundle(
            student.model, student.tokenizer, student.model.arch, data.corpus.task, folder / BUNDLE,
            [functions[row].code for row in picked], card,
        )  # fmt: skip
        return {"largest_difference": check.largest_difference, "bundle_mb": bundle_mb(folder / BUNDLE)}

    artifact = context.store.make("export", {"student": student.artifact.key, "card": card}, build)
    read_bundle(artifact.folder / BUNDLE)
    return artifact
