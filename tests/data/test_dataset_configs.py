"""The shipped dataset files match the schema and name a reader."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from avatar.code.languages import LANGUAGES
from avatar.config.schema import DatasetConfig
from avatar.data.readers import READERS

FOLDER = Path(__file__).parents[2] / "conf" / "dataset"


FILES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
OTHERS = {"solutions": "groups"}
"""Files of one data set each, with the reader that they use."""


def test_every_reader_has_a_file():
    assert sorted({*FILES} - {*OTHERS}) == READERS.names()


@pytest.mark.parametrize("name", FILES)
def test_a_file_fits_the_schema(name):
    cfg = OmegaConf.to_object(
        OmegaConf.merge(OmegaConf.structured(DatasetConfig), OmegaConf.load(FOLDER / f"{name}.yaml"))
    )
    assert isinstance(cfg, DatasetConfig)
    assert cfg.name == OTHERS.get(name, name)
    assert cfg.root is None
    assert (cfg.folder or "stdlib") == name


def test_a_set_whose_language_is_known_says_it():
    said = {name: OmegaConf.load(FOLDER / f"{name}.yaml").get("language") for name in READERS}
    known = {"bcb": "java", "devign": "c", "reveal": "c", "stdlib": "python"}
    assert said == {**known, "pairs": None, "samples": None, "groups": None, "fixes": None}
    assert all(language in LANGUAGES.names() for language in said.values() if language)
