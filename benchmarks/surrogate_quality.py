"""Every surrogate and the automatic choice on the two tables of really trained students.

Repeated 5-fold cross-validation; the automatic choice is cross-validated as a whole: in every fold it
chooses, by its own inner cross-validation, from the training part alone.
"""

import argparse

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from avatar.config.schema import SurrogateConfig
from avatar.surrogate.base import SURROGATES, Prediction
from avatar.surrogate.choice import choose
from avatar.surrogate.validation import CrossValidation, cross_validate, validate
from common import read_space, recorded_students, store

FILES = ("bcb_codebert_80", "devign_codebert_50")
INNER = SurrogateConfig(repeats=2)


def fit_predict_auto(
    seen: NDArray[np.float64], accuracies: NDArray[np.float64], unseen: NDArray[np.float64], seed: int
) -> Prediction:
    """What the automatic choice predicts."""
    return choose(INNER, seen, accuracies, seed).model.predict(unseen)


def main() -> None:
    """Validate everything on both files and store the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    space = read_space("avatar")
    rows = []
    for name in FILES:
        archs, accuracies = recorded_students(name)
        encoded = space.encode(archs)
        results: list[CrossValidation] = [
            cross_validate(surrogate, encoded, accuracies, 5, repeats, 1) for surrogate in SURROGATES
        ]
        results.append(validate("auto", fit_predict_auto, encoded, accuracies, 5, repeats, 1))
        for result in results:
            rows.append(
                {
                    "students": name,
                    "surrogate": result.name,
                    "MAE": result.mae,
                    "+-": result.mae_error,
                    "RMSE": result.rmse,
                    "Kendall's tau": result.kendall_tau,
                    "constant's MAE": result.constant_mae,
                    "gain": result.gain,
                    "gain +-": result.gain_error,
                }
            )
            print(rows[-1], flush=True)
    store(
        pd.DataFrame(rows),
        "surrogate_quality",
        "Surrogates by cross-validation",
        [
            f"{repeats} x 5 folds. The constant is the median of the training part, the constant with the least "
            "absolute error. 'auto' chooses anew in each fold from the training part alone. +- is the standard "
            "error over the students; 'gain +-' that of the paired difference to the constant.",
        ],
    )


if __name__ == "__main__":
    main()
