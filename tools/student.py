"""Make the student that is installed with avatar: `make student`.

    python tools/student.py --corpus FOLDER --problems FOLDER [--to FOLDER]

`--corpus` is the folder that tools/corpus.py wrote; `--problems` has train.jsonl with programs that solve the same
problems. Only programs with a permissive licence are learned from. The trained weights are kept in CORPUS/student, and
a training with the same settings is not done again.
"""

import argparse
import json
import logging
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from avatar.bundle import NGRAMS, README, TOKENIZER, BundleConfig, write_config, write_manifest
from avatar.bundle.ngram_weights import read_ngram_weights, write_ngram_weights
from avatar.code.languages import LANGUAGES, family, titles
from avatar.code.sketches import SketchRules
from avatar.code.text import function_text
from avatar.common.cores import allowed_cores
from avatar.common.errors import AvatarError, DataError
from avatar.common.hashing import stable_hash
from avatar.data.corpus.package_list import read_list
from avatar.measure.near_clone_calibration import Calibration, Encode, Layout, RealFunction, calibrate
from avatar.measure.power_meter import PowerMeter
from avatar.serve.default_student import FOLDER
from avatar.serve.ngram_reader import NgramReader, ReaderConfig
from avatar.serve.ngram_runtime import NumpyRuntime
from avatar.student.ngrams.collection import Collection, add_problems, add_projects, is_large, read_rows
from avatar.student.ngrams.encoder import NgramEncoder
from avatar.student.ngrams.ensemble import merged
from avatar.student.ngrams.features import Vocabulary, choose_features, distinct_features, structural_digests
from avatar.student.ngrams.near_clones import RULES
from avatar.student.ngrams.training import Recipe, train

LICENCES = ("MIT",)
PER_LANGUAGE = {"train": 2_600, "valid": 900}
"""Functions of each language that get copies."""
LIST = Path(__file__).resolve().parents[1] / "conf" / "corpus" / "packages.csv"
SKETCHES = SketchRules(("t3", "r5"), 240)
"""Runs of three tokens as they are written, and of five with the names of variables replaced."""
MEMBER = "member_{}.safetensors"
CARD = Path(__file__).with_name("student_card.md")
KIND_NAMES = {
    "dead_code": "dead code added",
    "edit": "one line in ten removed or added",
    "log": "one or two log lines added",
    "release": "changed between two releases",
    "rename": "variables renamed (type 2)",
    "several": "renamed, dead code, log line and edits at once",
}


def main() -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="the folder that tools/corpus.py wrote")
    parser.add_argument("--problems", type=Path, required=True, help="the folder with programs that solve problems")
    parser.add_argument("--to", type=Path, default=FOLDER, help="the folder of the student (default: in the package)")
    parser.add_argument("--steps", type=int, default=Recipe().steps, help="of the training (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    try:
        make(options.corpus, options.problems, options.to, Recipe(steps=options.steps, seed=options.seed))
    except AvatarError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    return 0


def make(corpus: Path, problems: Path, target: Path, recipe: Recipe) -> None:
    """Train, calibrate, and write the bundle to `target`."""
    start = time.perf_counter()
    for path in (corpus / "train.jsonl.gz", corpus / "groups.jsonl.gz", problems / "train.jsonl"):
        if not path.is_file():
            raise DataError(f"there is no {path}", "write it first: see docs/corpus.md")
    work = corpus / "student" / stable_hash([asdict(recipe), asdict(ReaderConfig()), LICENCES, PER_LANGUAGE])
    work.mkdir(parents=True, exist_ok=True)
    weights = work / NGRAMS.weights
    if not weights.is_file():
        _train(corpus, problems, weights, recipe)
    target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(weights, target / NGRAMS.weights)
    (target / TOKENIZER).write_text(ReaderConfig().text(), encoding="utf-8")
    clones = Collection()
    add_projects(clones, corpus, "valid", PER_LANGUAGE["valid"])
    layout = Layout(slice(recipe.width, recipe.width + recipe.structure_width), SKETCHES)
    calibration = calibrate(clones, list(_functions(corpus)), encoder(target, recipe), layout)
    _write(target, recipe, calibration, _training_cost(work, recipe))
    print(f"{target}: {sum(path.stat().st_size for path in target.iterdir()):,} bytes")
    print(
        f"calibration error {calibration.error:.1e}, of probabilities of 0.5 and more {calibration.error_of_shown:.3f}"
    )
    print(f"probability of at least 0.5: {json.dumps(calibration.recall)}, others {calibration.false_positives:.1e}")
    logging.info("%.0f minutes", (time.perf_counter() - start) / 60)


def _train(corpus: Path, problems: Path, weights: Path, recipe: Recipe) -> None:
    collection = Collection()
    add_problems(collection, problems / "train.jsonl", LICENCES)
    add_projects(collection, corpus, "train", PER_LANGUAGE["train"])
    vocabulary = _vocabulary(collection, recipe)
    reader = NgramReader(ReaderConfig(), vocabulary.tags, recipe.buckets)
    features = reader(collection.codes, collection.languages)
    rows = np.split(features.rows.astype(np.int32), features.starts[1:])
    members = []
    for number in range(recipe.members):
        path = weights.with_name(MEMBER.format(number))
        if path.is_file():  # of a run that was ended
            members.append(NgramEncoder(vocabulary, recipe.buckets, recipe.width, recipe.structure_width))
            members[-1].load_state_dict(load_file(path))
            continue
        meter, start = PowerMeter(seconds=300), time.perf_counter()
        meter.start()
        members.append(train(collection, rows, vocabulary, recipe, number))
        meter.stop()
        used = meter.reading
        cost = {
            "seconds": f"{time.perf_counter() - start:.0f}",
            "watt_hours": f"{1000 * (used.cpu_kwh + used.ram_kwh + used.gpu_kwh):.3f}",
            "counter": used.cpu_counter or "",
        }
        part = path.with_suffix(".part")
        save_file(members[-1].state_dict(), part, metadata=cost)
        part.replace(path)
    sources = [one for group in (*collection.problems, *collection.files) for one in group]
    meaning, structure = merged(members, [rows[one] for one in sources], recipe.seed)
    part = weights.with_suffix(".part")
    write_ngram_weights(part, vocabulary.tags, meaning, structure)
    part.replace(weights)


def _training_cost(work: Path, recipe: Recipe) -> str:
    """A sentence about the time and the energy of all members' trainings."""
    costs = []
    for number in range(recipe.members):
        with safe_open(work / MEMBER.format(number), framework="np") as file:
            costs.append(file.metadata())
    minutes = sum(float(cost["seconds"]) for cost in costs) / 60
    energy = sum(float(cost["watt_hours"]) for cost in costs)
    counted = all(cost["counter"] for cost in costs)
    how = (
        "measured by a counter of the processor"
        if counted
        else "by codecarbon's model of time: no counter was readable"
    )
    return f"{minutes:.0f} minutes on {allowed_cores()} cores, {energy:.1f} Wh ({how})"


def _vocabulary(collection: Collection, recipe: Recipe) -> Vocabulary:
    features = distinct_features(collection.codes, collection.languages, ReaderConfig().kinds)
    sources = [one for group in (*collection.problems, *collection.files) for one in group]
    return choose_features(
        [(number, [features[one] for one in group]) for number, group in enumerate(collection.problems)],
        [(number, [features[one] for one in file]) for number, file in enumerate(collection.files)],
        structural_digests([collection.codes[one] for one in sources], [collection.languages[one] for one in sources]),
        recipe.structural_features,
        recipe.features,
    )


def encoder(folder: Path, recipe: Recipe) -> Encode:
    """A function that encodes codes with the weights in `folder`, and makes their sketches."""
    weights = read_ngram_weights(folder / NGRAMS.weights)
    reader = NgramReader(ReaderConfig(), weights.tags, weights.buckets, SKETCHES)
    runtime = NumpyRuntime(weights, recipe.structure_share)

    def encode(codes: Sequence[str], languages: Sequence[str]) -> NDArray[np.float32]:
        features = reader(codes, languages)
        return np.concatenate([runtime.encode_rows(features.rows, features.starts), features.sketches], axis=1)

    return encode


def _functions(corpus: Path) -> Iterator[RealFunction]:
    """The functions of projects that are held out, for pairs that are not clones."""
    for row in read_rows(corpus / "valid.jsonl.gz"):
        if is_large(row):
            code = function_text(row["code"], RULES, row["language"])
            name = row["name"].split(".")[-1].split("::")[-1]
            yield RealFunction(code, family(row["language"]), row["project"], row["project"] + row["path"], name)


def _write(target: Path, recipe: Recipe, calibration: Calibration, cost: str) -> None:
    weights = read_ngram_weights(target / NGRAMS.weights)
    write_config(
        target,
        BundleConfig(
            task="embedding",
            max_length=100_000,
            labels=("different", "clone"),
            threshold=0.5,
            languages=tuple(sorted(LANGUAGES.names())),
            text=RULES,
            architecture={
                "kind": "ngrams",
                "features": len(weights.tags),
                "buckets": weights.buckets,
                "width": weights.meaning.shape[1],
                "structure_width": weights.structure.shape[1],
                "structure_share": recipe.structure_share,
                "sketch_kinds": list(SKETCHES.kinds),
                "sketch_bits": SKETCHES.bits,
            },
            reads_a_set=True,
            symmetric=True,
            pair_head=calibration.head,
            sketch_head=calibration.sketch_head,
        ),
    )
    (target / README).write_text(_card(target, len(weights.tags), recipe, calibration, cost), encoding="utf-8")
    write_manifest(target)


def _card(target: Path, rows: int, recipe: Recipe, calibration: Calibration, cost: str) -> str:
    """The card of the student, in Markdown."""
    releases = read_list(LIST)
    learned = {one.project: one.licence for one in releases if one.split == "train"}
    licences = ", ".join(f"{name} ({count})" for name, count in Counter(learned.values()).most_common())
    recall = "\n".join(f"| {KIND_NAMES[kind]} | {100 * share:.1f} |" for kind, share in calibration.recall.items())
    return CARD.read_text(encoding="utf-8").format(
        languages=titles(),
        rows=f"{rows:,}",
        width=recipe.width,
        sketch_numbers=SKETCHES.numbers,
        members=recipe.members,
        cost=cost,
        size=f"{(target / NGRAMS.weights).stat().st_size / 1e6:.2f}",
        projects=len(learned),
        licences=licences,
        recall=recall,
        false_positives=f"{calibration.false_positives:.1e}",
        error=f"{calibration.error:.1e}",
        error_of_shown=f"{calibration.error_of_shown:.3f}",
    )


if __name__ == "__main__":
    sys.exit(main())
