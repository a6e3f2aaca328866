"""The page of the docs about the stages: `python -m avatar.pipeline.stages_page docs/stages.md`."""

import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from avatar.common.files import write_text
from avatar.config.schema import Config
from avatar.pipeline.stage import ConfigSource, Stage
from avatar.pipeline.stages import NO_STAGE, STAGES

HEAD = """# Stages

This page is made from the code by `python -m avatar.pipeline.stages_page docs/stages.md`; a test checks that it is
up to date.

A job is a list of stages. Each stage makes an artifact: a folder `artifacts/<stage>/<key>` with its files and their
list, `manifest.json`. A few stages, such as `candidate`, run several times in a job and make several artifacts.
The key is a digest of the stage's inputs, settings and revision. The revision is a number that is raised when
the code of a stage gives another result. So an artifact with the right key has the right content, and is used again.
`python train.py --plan` shows which artifacts exist.

- *Inputs* are results of earlier stages or values made from them, by their names in the code.
- *Settings* are keys of the config, or groups of keys. "The machine" is the processor, the number of threads and the
  version of PyTorch.
- *Not in the key* are settings that the stage reads but that do not change its result, with the reason.
"""


def page() -> str:
    """The page, as Markdown."""
    parts = [HEAD]
    for number, stage in enumerate(STAGES, start=1):
        parts.append(f"## {number}. {stage.name}\n\n{stage.title}. Revision {stage.revision}.\n")
        parts.append("\n".join(_lines(stage)) + "\n")
    reasons = "\n".join(f"- `{name}`: {why}." for name, why in NO_STAGE.items())
    parts.append(f"## Settings that are in no key\n\n{reasons}\n")
    return "\n".join(parts)


def _lines(stage: Stage[Any, Any]) -> Iterator[str]:
    fields = dataclasses.fields(stage.inputs)
    inputs = [entry.name for entry in fields if "label" not in entry.metadata]
    yield f"- Inputs: {', '.join(inputs) or 'none'}."
    keyed = dict.fromkeys(
        entry for name, reading in stage.readings.items() if not reading.why for entry in _named(name, reading)
    )
    yield f"- Settings: {', '.join(keyed) or 'none'}."
    for name, reading in stage.readings.items():
        if reading.why:
            yield f"- Not in the key: {', '.join(_named(name, reading))}; {reading.why}."
    if stage.timed:
        yield (
            "- Its results are measured times, which differ between runs. So they are a part of the keys of the stages "
            "that use them."
        )


def _named(name: str, reading: ConfigSource) -> list[str]:
    if not reading.paths:
        return [f"the {name}"]
    paths = [f"`{path}`" for path in reading.paths]
    if not reading.without:
        return paths
    kept = [key.rpartition(".")[2] for key in reading.keys(Config())]
    listed = f"only {', '.join(kept)}" if len(kept) < len(reading.without) else f"without {', '.join(reading.without)}"
    return [f"{path} ({listed})" for path in paths]


if __name__ == "__main__":
    write_text(Path(sys.argv[1]), page())
