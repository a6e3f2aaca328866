"""A short run of every fuzz surface, always with the same inputs. `make fuzz` is the long one."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from surface import FAULTS, judge
from surfaces import SURFACES

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize("name", SURFACES)
def test_every_input_gets_a_result_or_an_error_of_ours(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    surface = SURFACES[name]
    harness = surface.make(tmp_path_factory.mktemp(name))
    answers = set()

    @settings(
        max_examples=surface.short,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(harness.inputs)
    def ask(value: Any) -> None:
        judgement = judge(harness.run, value, surface.seconds)
        assert judgement.answer not in FAULTS, judgement.text
        answers.add(judgement.answer)

    try:
        ask()
    finally:
        harness.close()
    assert answers, "no input was tried"
