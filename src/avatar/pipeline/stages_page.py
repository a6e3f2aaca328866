"""The page of the docs about the stages: `python -m avatar.pipeline.stages_page docs/stages.md`."""

import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from avatar.common.files import write_text
from avatar.pipeline.stage import ConfigSource, Stage
from avatar.pipeline.stages import NO_STAGE, STAGES

HEAD = """# Stages

Made from the declarations by `python -m avatar.pipeline.stages_page docs/stages.md`; a test checks that it is current.

A job is a list of stages. Each stage makes an artifact: a folder `artifacts/<stage>/<key>` with a `manifest.json`. Its
key is a digest of exactly what is listed here: inputs, settings, and the stage's revision. A stage can read nothing
else. So an artifact that is there is the right one, and is used again. `python train.py --plan` shows which are there.
"""


def page() -> str:
    """The page, as Markdown."""
    parts = [HEAD]
    for number, stage in enumerate(STAGES, start=1):
        parts.append(f"## {number}. {stage.name}\n\n{stage.title}. Revision {stage.revision}.\n")
        parts.append("\n".join(_lines(stage)) + "\n")
    reasons = "\n".join(f"- `{name}`: {why}." for name, why in NO_STAGE.items())
    parts.append(f"## Settings that no key is made of\n\n{reasons}\n")
    return "\n".join(parts)


def _lines(stage: Stage[Any, Any]) -> Iterator[str]:
    fields = dataclasses.fields(stage.inputs)
    inputs = [entry.name for entry in fields if "label" not in entry.metadata]
    yield f"- Inputs: {', '.join(inputs) or 'none'}."
    keyed = [_named(name, reading) for name, reading in stage.readings.items() if not reading.why]
    yield f"- Settings: {', '.join(keyed) or 'none'}."
    for name, reading in stage.readings.items():
        if reading.why:
            yield f"- Not in the key: {_named(name, reading)}; {reading.why}."
    if stage.timed:
        yield "- A clock decides about its values: they are part of the key of what depends on it."


def _named(name: str, reading: ConfigSource) -> str:
    if not reading.paths:
        return f"the {name}"
    paths = ", ".join(f"`{path}`" for path in reading.paths)
    return paths + (f" (without {', '.join(reading.without)})" if reading.without else "")


if __name__ == "__main__":
    write_text(Path(sys.argv[1]), page())
