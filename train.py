"""Distil a model of code: `python train.py [+experiment=NAME] [key=value ...]`; `--help` lists the groups."""

import os
import sys

os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # Hydra hands its errors to `report_errors`, which words them

import hydra
from omegaconf import DictConfig

from avatar.config import register_schema
from avatar.config.report import report_errors

register_schema()
PLAN = [
    "plan=true",
    "hydra.run.dir=.",
    "hydra.output_subdir=null",
    "~hydra.job_logging.handlers.file",
    "hydra.job_logging.root.handlers=[console]",
]  # a plan writes nothing
sys.argv[1:] = [other for text in sys.argv[1:] for other in (PLAN if text == "--plan" else [text])]


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> float | None:
    """Run one job; a sweep calls this once for each combination."""
    from avatar.app import run

    return run(cfg)


if __name__ == "__main__":
    with report_errors(debug="debug=true" in sys.argv):
        main()
