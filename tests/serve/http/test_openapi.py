"""The server matches its OpenAPI description for generated requests."""

from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from avatar.serve.http.application import make_app
from avatar.serve.scan.student import LazyStudent

SOME = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
REFUSED = SchemathesisConfig.from_dict(
    {"checks": {"negative_data_rejection": {"expected-statuses": ["400", "404", "405", "413", "422"]}}}
)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("student", ["clone_student", "fault_student"])
def test_requests_of_all_kinds(student: str, mode: GenerationMode, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(student)
    app = make_app(LazyStudent(folder, 1), ["*"])
    api = schemathesis.openapi.from_asgi("/openapi.json", app, config=REFUSED)
    asked = []
    for result in api.get_all_operations():
        operation = result.ok()
        if mode is GenerationMode.NEGATIVE and operation.method == "get":
            continue  # nothing in it can be wrong

        @SOME
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: schemathesis.Case) -> None:
            case.call_and_validate()

        ask()
        asked.append(operation.label)
    assert {"POST /predict", "POST /scan"} <= set(asked)
