"""Distil a model of code: `python train.py [+experiment=NAME] [key=value ...]`; `--help` lists the groups."""

import os
import sys

os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # Hydra hands its errors to `report_errors`, which words them

try:
    import hydra
except ModuleNotFoundError as error:
    print(f"{error}: `make setup` makes the environment, .venv/bin/python train.py runs in it", file=sys.stderr)
    sys.exit(2)
from omegaconf import DictConfig

from avatar.config import register_schema
from avatar.config.report import report_errors

register_schema()


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> float | None:
    """Run one job; a sweep calls this once for each combination."""
    from avatar.app import run

    return run(cfg)


if __name__ == "__main__":
    with report_errors(debug="debug=true" in sys.argv):
        main()
