"""Repeated cross-validation of a surrogate, always compared with the constant predictor."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau

from avatar.common.seeding import derive_seed, generator
from avatar.surrogate.background import Background
from avatar.surrogate.base import Prediction, make_surrogate

FitPredict = Callable[[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], int], Prediction]
"""From seen encodings, their accuracies, unseen encodings and a seed to the predictions for the unseen ones."""


@dataclass(frozen=True)
class CrossValidation:
    """How well a surrogate predicts unseen architectures.

    `errors` and `constant_errors` (n,) are the absolute errors for each observation, averaged over the repetitions;
    `mean` and `std` (n,) are the predictions, averaged in the same way. `mae_error` is the standard error of `mae`,
    `gain_error` that of the paired difference to the constant predictor. `kendall_tau` is 0 where all predictions are
    equal.
    """

    name: str
    mae: float
    mae_error: float
    rmse: float
    kendall_tau: float
    constant_mae: float
    gain_error: float
    errors: NDArray[np.float64]
    constant_errors: NDArray[np.float64]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> "CrossValidation":
        """The cross-validation from its fields as numbers and lists."""
        plain: dict[str, Any] = {entry.name: values[entry.name] for entry in fields(cls)}
        for name, value in plain.items():
            if isinstance(value, list):
                plain[name] = np.asarray(value, dtype=np.float64)
        return cls(**plain)

    @property
    def gain(self) -> float:
        """The constant predictor's mean absolute error minus this one's; negative where the constant is better."""
        return self.constant_mae - self.mae

    @property
    def compared(self) -> str:
        """Its error and the constant predictor's, over all observations; all report texts use these words."""
        return f"mean absolute error {100 * self.mae:.2f} points (constant predictor {100 * self.constant_mae:.2f})"

    @property
    def beats_constant(self) -> bool:
        """Whether the gain is above its standard error and Kendall's tau above 0."""
        return self.gain > self.gain_error and self.kendall_tau > 0


def cross_validate(
    name: str,
    X: NDArray[np.float64],
    y: NDArray[np.float64],
    folds: int,
    repeats: int,
    seed: int,
    background: Background | None = None,
) -> CrossValidation:
    """Repeated `folds`-fold cross-validation of the surrogate registered as `name`.

    All surrogates get the same folds. A fold has at least two observations, so few observations give fewer folds. An
    informed surrogate learns from `background` too.
    """

    def fit_predict(
        seen: NDArray[np.float64], accuracies: NDArray[np.float64], unseen: NDArray[np.float64], number: int
    ) -> Prediction:
        return make_surrogate(name, number, background).fit(seen, accuracies).predict(unseen)

    return validate(name, fit_predict, X, y, folds, repeats, seed)


def validate(
    name: str,
    fit_predict: FitPredict,
    X: NDArray[np.float64],
    y: NDArray[np.float64],
    folds: int,
    repeats: int,
    seed: int,
) -> CrossValidation:
    """As `cross_validate`, for any function that fits and predicts, such as the automatic choice."""
    count = len(y)
    folds = max(2, min(folds, count // 2))
    means, stds, constants = (np.zeros((repeats, count)) for _ in range(3))
    taus, rmses = [], []
    for repeat in range(repeats):
        fold_of = generator(seed, "folds", repeat).permutation(count) % folds
        for fold in range(folds):
            held_out = fold_of == fold
            number = derive_seed(seed, "fit", repeat, fold)
            means[repeat, held_out], stds[repeat, held_out] = fit_predict(
                X[~held_out], y[~held_out], X[held_out], number
            )
            constants[repeat, held_out] = np.median(y[~held_out])
        rmses.append(float(np.sqrt(np.mean((means[repeat] - y) ** 2))))
        taus.append(_kendall_tau(means[repeat], y))
    errors = np.abs(means - y).mean(axis=0)
    constant_errors = np.abs(constants - y).mean(axis=0)
    return CrossValidation(
        name=name,
        mae=float(errors.mean()),
        mae_error=_standard_error(errors),
        rmse=float(np.mean(rmses)),
        kendall_tau=float(np.mean(taus)),
        constant_mae=float(constant_errors.mean()),
        gain_error=_standard_error(constant_errors - errors),
        errors=errors,
        constant_errors=constant_errors,
        mean=means.mean(axis=0),
        std=stds.mean(axis=0),
    )


def _standard_error(values: NDArray[np.float64]) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0


def _kendall_tau(predicted: NDArray[np.float64], measured: NDArray[np.float64]) -> float:
    if np.ptp(predicted) == 0 or np.ptp(measured) == 0:
        return 0.0
    return float(kendalltau(predicted, measured).statistic)
