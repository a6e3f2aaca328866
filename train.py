"""Distil a model of code: `python train.py [+experiment=NAME] [key=value ...]`; `--help` lists the groups."""

import sys
from pathlib import Path

try:
    from avatar.common.start import set_variables

    set_variables()
    import hydra
except ModuleNotFoundError as error:
    print(f"{error}: `make setup` makes the environment, .venv/bin/python train.py runs in it", file=sys.stderr)
    sys.exit(2)
from omegaconf import DictConfig

from avatar.common.signals import signals_interrupt
from avatar.config import register_schema
from avatar.config.command_line import readable
from avatar.config.error_messages import report_errors

register_schema()


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> float | None:
    """Run one job; a sweep calls this once for each combination."""
    from avatar.app import run

    return run(cfg)


if __name__ == "__main__":
    debug, conf = "debug=true" in sys.argv, Path(__file__).parent / "conf"
    with report_errors(debug=debug, conf=conf), signals_interrupt(announce=True):
        sys.argv[1:] = readable(sys.argv[1:])
        main()
