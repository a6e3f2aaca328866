"""Data and a store of artifacts that several test files use."""

from pathlib import Path

import pytest
from every_stage import make_every_stage
from jobs import write_pairs

from avatar.pipeline.run_job import Outcome


@pytest.fixture(scope="session")
def few_pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of `every_stage`."""
    return write_pairs(tmp_path_factory.mktemp("few_pairs"), 60)


@pytest.fixture(scope="session")
def every_stage_made(few_pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """A folder with an artifact of every stage, and the result of its job. Tests copy the folder, or restore it."""
    folder = tmp_path_factory.mktemp("every_stage")
    return folder, make_every_stage(few_pairs, folder)
