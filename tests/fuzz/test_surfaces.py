"""A short run of every fuzz surface, always with the same inputs. `make fuzz` is the long one."""

import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from mutation import dumps
from surface import FAULTS, judge
from surfaces import SURFACES
from surfaces.lsp import framed, message

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


def test_no_thread_of_a_language_server_works_on_after_its_input(tmp_path: Path) -> None:
    """All servers share one `Outliner`, which is for one thread at a time: two read parts of each other's answers."""
    document = {"uri": "untitled:a", "languageId": "python", "version": 1, "text": "def f(a):\n    return a\n" * 3_000}
    command = {"command": "avatar.showTwin", "arguments": ["file:///a.py", 1]}
    capabilities = {"window": {"showDocument": {"support": True}}}
    start = {"processId": None, "rootUri": None, "capabilities": capabilities}
    messages = [
        message("initialize", start, 1),
        message("workspace/executeCommand", command, 2),  # it waits for the editor
        message("textDocument/didOpen", {"textDocument": document}),
    ]
    harness = SURFACES["lsp"].make(tmp_path)
    try:
        harness.run((b"".join(framed(dumps(one)) for one in messages), True))
        names = [one.name for one in threading.enumerate()]
    finally:
        harness.close()
    assert not [one for one in names if one.startswith("avatar-index")]
