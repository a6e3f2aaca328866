"""Makes or extends a table of recorded trainings from artifacts: `python -m avatar.pipeline.trainings --help`.

A job whose surrogate may use the table describes its data set; trainings on data sets without a description are left
out. Give the table to later jobs: `python train.py surrogate.trainings=FILE`.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from avatar.common.errors import AvatarError
from avatar.common.hashing import stable_hash
from avatar.common.paths import user_path
from avatar.pipeline.manifest import Manifest
from avatar.pipeline.plan import manifests
from avatar.pipeline.stage_07_candidates import CANDIDATE
from avatar.pipeline.stage_08_surrogate import DESCRIBED
from avatar.space.architecture import Architecture
from avatar.surrogate.descriptors import Descriptors
from avatar.surrogate.trainings import Training, write_trainings


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the artifacts, write the table, and print what was added. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("artifacts", nargs="+", help="folders of artifacts, as in artifacts.folder")
    parser.add_argument("--table", required=True, help="the csv file to make or to extend")
    options = parser.parse_args(arguments)
    try:
        folders = [user_path(folder) for folder in options.artifacts]
        wrong = [str(folder) for folder in folders if not folder.is_dir()]
        if wrong:
            parser.error(f"no such folder: {', '.join(wrong)}")
        trainings, left_out = collect(folders)
        added = write_trainings(trainings, user_path(options.table))
    except AvatarError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    print(f"{options.table}: {added} new rows from {len(trainings)} trainings")
    if left_out:
        print(f"{left_out} trainings were left out, because no job has described their data set")
    return 0


def collect(folders: Sequence[Path]) -> tuple[list[Training], int]:
    """All candidates' trainings in folders of artifacts, and the number of those without a described data set."""
    described = {
        (manifest.inputs["data"], manifest.settings["metric"]): manifest
        for folder in folders
        for manifest in manifests(folder / DESCRIBED.name)
    }
    trainings, left_out = [], 0
    for manifest in _of_candidates(folders):
        about = described.get((manifest.inputs["data"], manifest.settings["metric"]))
        if about is None:
            left_out += 1
        else:
            trainings.append(_training(manifest, about.values))
    return trainings, left_out


def _of_candidates(folders: Sequence[Path]) -> Iterator[Manifest]:
    for folder in folders:
        yield from manifests(folder / CANDIDATE.name)


def _training(manifest: Manifest, about: Mapping[str, Any]) -> Training:
    values, settings, rung = manifest.values, manifest.settings, manifest.inputs["rung"]
    length = {name: value for name, value in settings["recipe"].items() if name != "epochs"}
    return Training(
        key=manifest.key,
        made=manifest.made[:10],
        name=about["name"],
        data=manifest.inputs["data"],
        metric=settings["metric"],
        recipe=stable_hash([length, manifest.inputs["labels"], settings["precision"], manifest.revision], 8),
        seed=settings["seed"],
        share=rung["share"],
        epochs=rung["epochs"],
        examples=values["examples"],
        seconds=manifest.seconds,
        score=values["valid_score"],
        curve=tuple(epoch["valid/score"] for epoch in values["history"] if "valid/score" in epoch),
        arch=Architecture.from_dict(values["architecture"]),
        about=Descriptors(**about["descriptors"]),
    )


if __name__ == "__main__":
    sys.exit(main())
