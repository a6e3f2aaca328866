"""Energy of one prediction of the student, beside that of its teacher on the same examples."""

from collections.abc import Sequence
from functools import partial

from avatar.measure.classifier import TextClassifier
from avatar.measure.energy import measure_energy


def energy_of_both(
    student: TextClassifier,
    teacher: TextClassifier | None,
    examples: Sequence[tuple[str, ...]],
    seconds: float,
    repeats: int,
) -> tuple[dict[str, float], list[str], str]:
    """Values by MLflow name, sentences about them, and the method. An example is the texts of its functions.

    The ratio is that of the same examples: those that the teacher has time for.
    """
    by_size = sorted(examples, key=lambda texts: sum(map(len, texts)))
    measured = partial(measure_energy, seconds=seconds, repeats=repeats)
    small = measured(student.predict, by_size)
    values, notes = small.as_dict(), [small.note("student")]
    if teacher is not None:
        large = measured(teacher.predict, by_size)
        same = [by_size[row] for row in large.rows]
        beside = small if small.rows == large.rows else measured(student.predict, same)
        ratio = large.joules_per_example / beside.joules_per_example
        values |= {**large.as_dict("teacher_"), "energy/ratio": ratio}
        notes.append(
            f"{large.note('teacher')} On the same {len(same)} example{'s' * (len(same) > 1)}, the teacher uses "
            f"{ratio:,.3g} times as much energy as the student."
        )
    return values, notes, small.method
