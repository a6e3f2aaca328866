"""Medians and ranges over the seeds of the runs that MLflow keeps: the tables of docs/results.md.

python benchmarks/medians.py clone_bcb --uri sqlite:///mlflow.db
"""

import argparse

import mlflow
import numpy as np
import pandas as pd

METRICS = (
    "test/accuracy",
    "test/f1",
    "test/mcc",
    "test/auc",
    "test/average_precision",
    "test/precision_at_01",
    "test/precision_at_05",
    "test/precision_at_10",
    "test/recall_at_1_fpr",
    "test/ece",
    "test_without_twins/accuracy",
    "decision/threshold",
    "teacher_test/accuracy",
    "teacher_test/f1",
    "teacher_test/mcc",
    "baseline_tfidf_test/accuracy",
    "baseline_tfidf_test/f1",
    "baseline_tfidf_test/mcc",
    "baseline_tfidf_test/auc",
    "baseline_tfidf_test/average_precision",
    "baseline_tfidf_truth_test/accuracy",
    "baseline_tfidf_truth_test/f1",
    "baseline_tfidf_truth_test/mcc",
    "baseline_compressor_test/accuracy",
    "baseline_overlap_test/accuracy",
    "size/weights_mb",
    "size/bundle_mb",
    "fidelity/agreement",
    "fidelity/ece_scaled",
    "robustness/flip_rate",
    "robustness/flip_rate_reformat",
    "robustness/flip_rate_dead_code",
    "search/hypervolume_ratio",
)


def main() -> None:
    """Print one row a metric: median, lowest, highest, and the value of each seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment")
    parser.add_argument("--uri", default="sqlite:///mlflow.db")
    parser.add_argument("--where", nargs="*", default=[], help="PARAM=VALUE that the runs must have")
    options = parser.parse_args()
    mlflow.set_tracking_uri(options.uri)
    runs = mlflow.search_runs(experiment_names=[options.experiment], filter_string="attributes.status = 'FINISHED'")
    assert isinstance(runs, pd.DataFrame)
    jobs = runs[runs["metrics.test/accuracy"].notna() & runs["params.seed"].notna()]
    for condition in options.where:
        name, value = condition.split("=", 1)
        jobs = jobs[jobs[f"params.{name}"] == value]
    jobs = jobs.drop_duplicates("params.seed").sort_values("params.seed")
    seeds = ", ".join(jobs["params.seed"])
    print(f"{options.experiment}, seeds {seeds}\n")
    print("| metric | median | lowest | highest | each |\n|---|---|---|---|---|")
    for name in METRICS:
        values = jobs.get(f"metrics.{name}")
        if values is None or values.isna().all():
            continue
        found = values.to_numpy(np.float64)
        each = ", ".join(f"{value:.4f}" for value in found)
        print(f"| {name} | {np.nanmedian(found):.4f} | {np.nanmin(found):.4f} | {np.nanmax(found):.4f} | {each} |")


if __name__ == "__main__":
    main()
