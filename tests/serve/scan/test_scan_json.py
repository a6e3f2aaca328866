"""The JSON of a report is what the standard library would write; a value that is not finite is an error."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.serve.scan.findings import Finding, Location
from avatar.serve.scan.formats.json_format import indented

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(LEAVES, lambda one: st.lists(one) | st.dictionaries(st.text(), one) | st.tuples(one, one))


@given(VALUES)
def test_it_is_the_text_of_the_standard_library(value: object) -> None:
    assert indented(value) == json.dumps(value, indent=2, ensure_ascii=False)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_value_that_is_not_finite_is_no_json(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        indented([value])


def test_dataclasses_are_objects() -> None:
    one = Location("a.py", "f", 1, 5, "python", "k", 5, 30)
    content = json.loads(indented([Finding((one,), 0.5, 1.0, kind="near")]))
    assert content[0]["functions"][0]["words"] == 30
    assert (content[0]["probability"], content[0]["exact"], content[0]["kind"]) == (0.5, False, "near")
