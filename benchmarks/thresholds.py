"""By which metric should a threshold be found where labels are rare? Cross-fitted on ReVeal's valid, test untouched.

A threshold is found on a random half of valid by F1 and by MCC, and scored on the other half by both, for the scores of
TF-IDF + logistic regression trained on the labelled half, over several splits of the set.
    python benchmarks/thresholds.py
"""

import argparse

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from avatar.config.schema import DatasetConfig
from avatar.data.cuts import best_cut
from avatar.data.load import load_corpus
from avatar.data.records import SplitName
from avatar.measure.baselines import MAX_CHARACTERS
from avatar.measure.baselines.tfidf import tfidf_vectorizer
from avatar.measure.metrics import classification
from common import data_folder, store


def main() -> None:
    """Score both ways, and store the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", nargs="*", type=int, default=[1, 2, 3, 4, 5])
    parser.add_argument("--halves", type=int, default=60, help="random halves of valid a seed")
    options = parser.parse_args()
    random = np.random.default_rng(0)
    found: dict[str, list[tuple[float, float]]] = {"f1": [], "mcc": []}
    for seed in options.seeds:
        corpus = load_corpus(DatasetConfig(name="reveal", root=str(data_folder("reveal"))), seed)
        texts = [function.code[:MAX_CHARACTERS] for function in corpus.functions.values()]
        train, valid = (corpus.members(split)[:, 0] for split in (SplitName.LABELED, SplitName.VALID))
        labels = corpus.labels(SplitName.VALID)
        vectorizer = tfidf_vectorizer()
        vectors = vectorizer.fit_transform([texts[row] for row in train])
        model = LogisticRegression(max_iter=300).fit(vectors, corpus.labels(SplitName.LABELED))
        scores = model.decision_function(vectorizer.transform([texts[row] for row in valid]))
        for _ in range(options.halves):
            order = random.permutation(len(labels))
            fit, judge = np.array_split(order, 2)
            for metric, results in found.items():
                said = scores[judge] >= best_cut(scores[fit], labels[fit], metric).value
                reached = classification(labels[judge], said.astype(np.int64))
                results.append((reached.f1, reached.mcc))
    rows = [
        {
            "threshold found by": metric,
            "F1": float(mean[0]),
            "MCC": float(mean[1]),
            "deviation of F1": float(spread[0]),
            "deviation of MCC": float(spread[1]),
        }
        for metric, results in found.items()
        for mean, spread in [(np.mean(results, axis=0), np.std(results, axis=0))]
    ]
    store(
        pd.DataFrame(rows),
        "thresholds",
        "Thresholds found by F1 and by MCC, cross-fitted on ReVeal's valid",
        [f"Means over seeds {options.seeds} and {options.halves} random halves each, TF-IDF + logistic regression."],
    )


if __name__ == "__main__":
    main()
