"""What each part of the students' recipe brings, on valid: one change at a time from an experiment's recipe.

Every row trains the same architecture for several seeds. `flips` is the share of valid examples whose answer changes
when their functions are rewritten. A single row, and those of another experiment:
    python benchmarks/recipe.py --rows window=1
    python benchmarks/recipe.py --experiment vuln_devign
"""

import argparse
import dataclasses
from dataclasses import dataclass
from random import Random

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from avatar.code.rewrite import REWRITES, harvest_names, rewrites
from avatar.common.seeding import derive_seed
from avatar.data.batching import TokenTable
from avatar.data.inference import predict_logits
from avatar.data.records import SplitName
from avatar.data.tokenizers import PAD_ID, UNKNOWN_ID, encode_texts
from avatar.measure.decision import fit_decision
from avatar.pipeline import stage_01_dataset, stage_02_teacher, stage_03_labels, stage_10_student
from avatar.pipeline.job import Job
from avatar.pipeline.stage_01_dataset import Data
from avatar.pipeline.stage_10_student import TrainedStudent
from avatar.space.architecture import Architecture
from avatar.space.cost import weights_mb
from common import configured, data_folder, store

BASE = Architecture(
    tokenizer="word",
    vocab_size=1000,
    layers=0,
    hidden_size=64,
    hidden_dropout=0.1,
    attention_dropout=0.0,
    max_length=2048,
    position="none",
    learning_rate=2e-3,
    batch_size=64,
    pooling="max",
    head="interaction",
    window=3,
)
FUNCTION = dataclasses.replace(BASE, tokenizer="bpe", vocab_size=4000, max_length=1024)
BOTH = "teacher.mix=graphcodebert"


@dataclass(frozen=True)
class Experiment:
    """What is trained, the folder of its set under $AVATAR_DATA (none for the demo), and the changes to try."""

    arch: Architecture
    folder: str | None
    rows: tuple[str, ...]


CLONES = (
    "",
    "window=1",
    "window=5",
    "max_length=512",
    "max_length=256",
    "vocab_size=500",
    "vocab_size=4000",
    "tokenizer=bpe vocab_size=2000",
    "hidden_size=32",
    "hidden_size=128",
    "embedding_size=32",
    "pooling=mean",
    "head=concat",
    "distill.copies=0",
    "distill.use_labeled=false",
    "distill.rewrites=[rename,reformat,dead_code]",
    "distill.token_dropout=0.1",
    "distill.average=0",
    "distill.temperature=2",
    "distill.hard_share=1",
    "distill.epochs=16",
    "batch_size=32",
    "batch_size=128",
    "trainer.precision=bf16-mixed",
    BOTH,
)
FLAWS = (
    "",
    "window=1",
    "window=5 hidden_size=128",
    "tokenizer=word",
    "pooling=mean",
    "hidden_dropout=0.4",
    "learning_rate=0.0005",
    "distill.copies=0",
    "distill.rewrites=[rename,reformat]",
    "distill.rewrites=[rename,reformat,dead_code]",
    "distill.token_dropout=0.1",
    "distill.token_dropout=0.3",
    "distill.use_unlabeled=true",
)
DEMO = (
    "",
    "distill.copies=0",
    "distill.copies=0 distill.relations=1",
    "distill.copies=0 distill.relations=3",
    "distill.relations=1",
    "distill.rewrites=[rename,reformat,dead_code]",
    "distill.use_labeled=false",
    "distill.temperature=2",
    "distill.token_dropout=0.1",
)
EXPERIMENTS = {
    "clone_bcb": Experiment(BASE, "bcb", CLONES),
    "vuln_devign": Experiment(FUNCTION, "devign", FLAWS),
    "vuln_reveal": Experiment(FUNCTION, "reveal", (*FLAWS[:-1], "distill.use_unlabeled=false")),
    "demo": Experiment(BASE, None, DEMO),
}


def main() -> None:
    """Train every row for every seed, and store the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiment", choices=list(EXPERIMENTS), default="clone_bcb")
    parser.add_argument("--rows", nargs="*", help="changes, several of a row in one argument")
    parser.add_argument("--seeds", nargs="*", type=int, default=[1, 2, 3])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--share", type=float, default=1.0, help="share of the training splits")
    parser.add_argument("--artifacts", default="artifacts")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    about = EXPERIMENTS[options.experiment]
    table = []
    for row in about.rows if options.rows is None else options.rows:
        found = [_student(row, seed, about, options) for seed in options.seeds]
        score, size, seconds, *flips = (np.asarray(column) for column in zip(*found, strict=True))
        table.append(
            {
                "change": row or "(the recipe)",
                "valid score x 100": round(100 * float(np.median(score)), 2),
                "lowest": round(100 * float(score.min()), 2),
                "highest": round(100 * float(score.max()), 2),
                **{
                    f"{kind} flips %": round(100 * float(np.median(rates)), 2)
                    for kind, rates in zip(REWRITES, flips, strict=True)
                },
                "weights MB": round(float(size[0]), 3),
                "seconds": round(float(np.median(seconds))),
            }
        )
        print(table[-1], flush=True)
    store(
        pd.DataFrame(table),
        "recipe" if options.experiment == "clone_bcb" else f"recipe_{options.experiment}",
        f"What each part of the recipe of {options.experiment} brings, on valid",
        [
            f"{options.share:.0%} of the training examples, medians over seeds {options.seeds}, "
            f"{options.threads} thread(s) a training. The architecture: {about.arch}, at most {about.arch.max_length} "
            f"tokens; the recipe is that of `+experiment={options.experiment}`. The score is accuracy, or what "
            "dataset.metric names. The test split is not touched.",
            f'A row again: `python benchmarks/recipe.py --experiment {options.experiment} --rows "CHANGE"`.',
        ],
    )


def _student(row: str, seed: int, about: Experiment, options: argparse.Namespace) -> tuple[float, ...]:
    """Valid score (0 to 1), MB, seconds, and the share of flips by each rewrite, of one student."""
    changes = row.split()
    genes = dict(change.split("=") for change in changes if "." not in change.split("=")[0])
    arch = Architecture.from_dict({**about.arch.as_dict(), **genes})
    source = []
    if about.folder is not None:
        folder = data_folder(about.folder)
        source = [f"dataset.root={folder}"]
    if options.experiment == "clone_bcb":
        source += ["teacher=predictions", f"teacher.path={folder / 'codebert_logits_unlabel.npy'}"]
        source += [f"teacher.mix=[{folder / 'graphcodebert_logits_unlabel.npy'}]"] if BOTH in changes else []
    cfg = configured(
        [
            f"+experiment={options.experiment}",
            *source,
            f"dataset.share={options.share}",
            f"seed={seed}",
            f"artifacts.folder={options.artifacts}",
            "trainer.progress=none",
            "output_dir=unused",
            *(change for change in changes if "." in change.split("=")[0] and change != BOTH),
        ]
    )
    job = Job.of(cfg)
    data = stage_01_dataset.run(job)
    labels = stage_03_labels.run(job, data, stage_02_teacher.run(job, data))
    student = stage_10_student.run(job, data, labels, arch)
    language = cfg.dataset.language
    assert language is not None
    flips = _flips(student, data, arch, language, cfg.dataset.metric)
    made = student.artifact
    return made.values["valid_score"], weights_mb(arch, data.corpus.task), made.seconds, *flips


def _flips(student: TrainedStudent, data: Data, arch: Architecture, language: str, metric: str) -> list[float]:
    """Share of valid examples whose answer changes when all their functions are rewritten, by each of `REWRITES`."""
    corpus = data.corpus
    texts = [function.code for function in corpus.functions.values()]
    known = rewrites(language, harvest_names((texts[row] for row in data.training_rows), language))
    members = corpus.members(SplitName.VALID)
    rows, places = np.unique(members, return_inverse=True)

    def logits(codes: list[str]) -> NDArray[np.float32]:
        ids = encode_texts(student.tokenizer, codes, arch.max_length)
        tokens = TokenTable.from_lists(ids, PAD_ID, UNKNOWN_ID)
        return predict_logits(student.model, tokens, places.reshape(members.shape))

    plain = logits([texts[row] for row in rows])
    decision = fit_decision(plain, corpus.labels(SplitName.VALID), metric)
    rates = []
    for kind in REWRITES:
        changed = [known[kind](texts[row], Random(derive_seed(0, "flips", row))) for row in rows.tolist()]
        rates.append(float((decision.labels(plain) != decision.labels(logits(changed))).mean()))
    return rates


if __name__ == "__main__":
    main()
