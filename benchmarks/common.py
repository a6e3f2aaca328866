"""What the benchmarks of the search share: the recorded students, and tables as csv and markdown."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from hydra import compose, initialize_config_dir
from numpy.typing import NDArray

from avatar.checks.preflight import checked
from avatar.common.errors import DataError
from avatar.config.schema import Config, GeneConfig, SearchSpaceConfig, register_schema
from avatar.space.architecture import Architecture
from avatar.space.space import SearchSpace

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
GENE_OF = {
    "Tokenizer": "tokenizer",
    "Vocab Size": "vocab_size",
    "Num Hidden Layers": "layers",
    "Hidden Size": "hidden_size",
    "Hidden Act": "hidden_act",
    "Hidden Dropout Prob": "hidden_dropout",
    "Intermediate Size": "intermediate_size",
    "Num Attention Heads": "heads",
    "Attention Probs Dropout Prob": "attention_dropout",
    "Max Sequence Length": "max_length",
    "Position Embedding Type": "position",
    "Learning Rate": "learning_rate",
    "Batch Size": "batch_size",
}


def read_space(name: str, **changed: GeneConfig) -> SearchSpace:
    """The space of `conf/search_space/<name>.yaml` with some genes changed."""
    text = (ROOT / "conf" / "search_space" / f"{name}.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    genes = {gene: GeneConfig(**values) for gene, values in content["genes"].items()} | changed
    fixed = {gene: value for gene, value in content["fixed"].items() if gene not in genes}
    return SearchSpace.from_config(SearchSpaceConfig(name, genes, fixed))


def configured(overrides: list[str]) -> Config:
    """The checked config that `train.py` with these overrides runs."""
    register_schema()
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return checked(compose("config", overrides))


def data_folder(name: str) -> Path:
    """The folder `name` below $AVATAR_DATA."""
    root = os.environ.get("AVATAR_DATA")
    if not root:
        raise DataError("AVATAR_DATA is not set", f"set it to the folder that holds {name}/")
    return Path(root) / name


def recorded_students(name: str) -> tuple[list[Architecture], NDArray[np.float64]]:
    """Architectures and what they reached, from `surrogate/<name>.csv` below $AVATAR_DATA."""
    table = pd.read_csv(data_folder("surrogate") / f"{name}.csv")
    genes = table[list(GENE_OF)].rename(columns=GENE_OF)
    genes["tokenizer"] = genes["tokenizer"].str.lower()
    records = genes.to_dict("records")
    archs = [Architecture.from_dict({str(gene): value for gene, value in row.items()}) for row in records]
    return archs, table["Accuracy"].to_numpy(np.float64)


def store(table: pd.DataFrame, name: str, title: str, notes: list[str]) -> None:
    """Write `name`.csv and `name`.md to the results, and print the latter."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    table.to_csv(RESULTS / f"{name}.csv", index=False)
    rows = [list(map(str, table.columns)), ["---"] * len(table.columns)]
    rows += [[_shown(value) for value in row] for row in table.itertuples(index=False)]
    text = "\n".join([f"# {title}", "", *("| " + " | ".join(row) + " |" for row in rows), "", *notes, ""])
    (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")
    print(text)


def _shown(value: object) -> str:
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.4g}"
    return str(value)
