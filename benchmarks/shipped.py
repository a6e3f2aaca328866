"""Accuracy on BigCloneBench's test split of folders as they are shipped, int8 ones too, by the shipped program.

python benchmarks/shipped.py outputs/clone_bcb/*/bundle
"""

import argparse
from pathlib import Path

import numpy as np

from avatar.data.records import SplitName
from avatar.pipeline import stage_01_dataset
from avatar.pipeline.job import Job
from avatar.serve import Predictor
from common import configured, data_folder


def main() -> None:
    """Print one line a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundles", nargs="+", type=Path)
    parser.add_argument("--artifacts", default="artifacts")
    options = parser.parse_args()
    cfg = configured(
        [
            "+experiment=clone_bcb",
            f"dataset.root={data_folder('bcb')}",
            f"artifacts.folder={options.artifacts}",
            "output_dir=unused",
        ]
    )
    corpus = stage_01_dataset.run(Job.of(cfg)).corpus
    texts = [function.code for function in corpus.functions.values()]
    pairs = [(texts[first], texts[second]) for first, second in corpus.members(SplitName.TEST)]
    labels = corpus.labels(SplitName.TEST)
    for bundle in options.bundles:
        predictor = Predictor(bundle)
        chances = predictor.predict(pairs)[:, 1]
        accuracy = np.mean((chances >= predictor.config.threshold) == labels)
        megabytes = sum(file.stat().st_size for file in bundle.iterdir()) / 1e6
        print(f"{bundle}: {100 * accuracy:.2f} % of {len(pairs):,} pairs, {megabytes:.3f} MB", flush=True)


if __name__ == "__main__":
    main()
