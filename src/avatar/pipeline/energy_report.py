"""What the report, the model card and MLflow say about the energy of a job: the search, the training, and the use."""

from collections.abc import Mapping

from avatar.measure.energy import METHODS
from avatar.pipeline.energy_ledger import PURPOSES, EnergyLedger, Spent

TITLES = {"teacher": "teacher", "search": "search", "training": "training of the student"}
"""Title of each purpose of `energy_ledger.PURPOSES`."""

NOT_COUNTED = (
    "the data set, the baselines, the measurements, the report and the bundle; trainings that diverged, and the first "
    "part of those that were killed and resumed"
)


def energy_metrics(ledger: EnergyLedger) -> dict[str, float]:
    """Joules and g CO2e of each purpose by MLflow name; nothing for those of which no energy is known."""
    values = {}
    for purpose in PURPOSES:
        spent = ledger.spent(purpose)
        if spent.methods:
            values[f"energy/{purpose}_joules"] = spent.joules
            values[f"energy/{purpose}_co2e_g"] = spent.co2e_g
    return values


def energy_lines(ledger: EnergyLedger, values: Mapping[str, float], teacher_runs: bool) -> dict[str, str]:
    """Lines for the model card: the same whether this job made the results or reused them.

    `values` are measured values by MLflow name. `teacher_runs` says whether the job fine-tunes or runs a teacher.
    """
    spent = {purpose: ledger.spent(purpose) for purpose in PURPOSES}
    lines = {TITLES[purpose]: _line(one) for purpose, one in spent.items() if one.stages}
    joules = values.get("energy/joules_per_example")
    if joules is not None:
        lines["one prediction"] = (
            f"{joules:#.3g} ± {values['energy/joules_per_example_ci95']:.2g} J, "
            f"{values['energy/co2e_mg_per_example']:#.3g} mg CO2e"
        )
    methods = sorted(set().union(*(one.methods for one in spent.values())))
    if methods:
        lines["how it was measured"] = (
            f"{' '.join(METHODS[method] for method in methods)} The idle power of the machine is included; for one "
            "prediction see the notes. A stage counts with the energy that it needed when it was made, also if a job "
            "reuses its result."
        )
    elsewhere = (
        "the training of the encoder from which the teacher starts"
        if teacher_runs
        else "the training of the teacher, if there is one: this job did not train it"
    )
    lines["not counted"] = f"{NOT_COUNTED}; {elsewhere}"
    return lines


def reused_line(ledger: EnergyLedger) -> dict[str, str]:
    """How much of the energy was needed by earlier jobs, whose results this job reused; nothing if it is none."""
    spent = {TITLES[purpose]: ledger.spent(purpose) for purpose in PURPOSES}
    parts = [f"{title} {_wh(one.reused)} of {_wh(one.joules)}" for title, one in spent.items() if one.reused]
    return {"reused from earlier jobs": ", ".join(parts)} if parts else {}


def emissions(ledger: EnergyLedger) -> float | None:
    """g CO2e of teacher, search and training together; None if no energy is known."""
    spent = [ledger.spent(purpose) for purpose in PURPOSES]
    return sum(one.co2e_g for one in spent) if any(one.methods for one in spent) else None


def _line(spent: Spent) -> str:
    """Energy and emissions with the stages that are in it, and those of which nothing is known."""
    known = {name: count - spent.unknown.get(name, 0) for name, count in spent.stages.items()}
    parts = []
    if spent.methods:
        counted = _counts({name: count for name, count in known.items() if count})
        parts.append(f"{_wh(spent.joules)}, {spent.co2e_g:#.3g} g CO2e (stages: {counted})")
    if spent.unknown:
        parts.append(f"no energy was recorded when these were made: {_counts(spent.unknown)}")
    return "; ".join(parts)


def _wh(joules: float) -> str:
    return f"{joules / 3600:#.3g} Wh"


def _counts(stages: Mapping[str, int]) -> str:
    return ", ".join(name if count == 1 else f"{count} x {name}" for name, count in stages.items())
