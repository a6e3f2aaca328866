"""The shipped dataset files match the schema and name a reader."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from avatar.code.languages import LANGUAGES
from avatar.config.schema import DatasetConfig
from avatar.data.readers import READERS

FOLDER = Path(__file__).parents[2] / "conf" / "dataset"


def test_every_reader_has_a_file():
    assert sorted(path.stem for path in FOLDER.glob("*.yaml")) == READERS.names()


@pytest.mark.parametrize("name", READERS.names())
def test_a_file_fits_the_schema(name):
    cfg = OmegaConf.to_object(
        OmegaConf.merge(OmegaConf.structured(DatasetConfig), OmegaConf.load(FOLDER / f"{name}.yaml"))
    )
    assert isinstance(cfg, DatasetConfig)
    assert cfg.name == name
    assert cfg.root is None
    assert (cfg.folder or "stdlib") == name


def test_a_set_whose_language_is_known_says_it():
    said = {name: OmegaConf.load(FOLDER / f"{name}.yaml").get("language") for name in READERS}
    assert said == {"bcb": "java", "devign": "c", "reveal": "c", "stdlib": "python", "pairs": None, "samples": None}
    assert all(language in LANGUAGES.names() for language in said.values() if language)
