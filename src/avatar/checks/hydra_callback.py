"""Hydra calls this before a job or a sweep: all checks run before Hydra makes the first folder."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from avatar.common.errors import ConfigError
from avatar.config.composition import WHERE


class CheckCallback(Callback):
    """Ends the program with one message and exit status 2 if there is a problem. No file or folder is made."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Check the one job."""
        self._check([config], config)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Check each value of the sweep once, before the first job starts."""
        self._check(swept(config), config)

    def _check(self, configs: "list[DictConfig] | Iterator[DictConfig]", config: DictConfig) -> None:
        from avatar.config.error_messages import report_errors

        with report_errors(debug=bool(OmegaConf.select(config, "debug"))):
            from avatar.checks.preflight import problems_of, typed
            from avatar.config.problems import refuse

            refuse([problem for each in configs for problem in problems_of(typed(job_of(each)))])


def job_of(config: DictConfig) -> DictConfig:
    """The job's part of a composed config, with the output folder that Hydra will make."""
    config = copy.deepcopy(config)
    with read_write(config), open_dict(config):
        multirun = str(OmegaConf.select(config, "hydra.mode")).endswith("MULTIRUN")
        folder = config.hydra.sweep.dir if multirun else config.hydra.run.dir
        config.hydra.runtime.output_dir = str(Path(folder).absolute())
    HydraConfig.instance().set_config(config)  # for interpolations such as ${hydra:runtime.output_dir}
    job = copy.deepcopy(config)
    with read_write(job), open_dict(job):
        del job["hydra"]
    return job


def swept(config: DictConfig) -> Iterator[DictConfig]:
    """The first job of a sweep, and for each other value of a swept key one job that has it.

    So not all combinations are checked: a wrong value is a problem in every job that has it.
    """
    loader = GlobalHydra.instance().config_loader()
    params = OmegaConf.select(config, "hydra.sweeper.params") or {}
    texts = [f"{key}={value}" for key, value in params.items()]
    texts += [str(text) for text in config.hydra.overrides.task]
    parser = OverridesParser.create(config_loader=loader)
    axes = list({override.get_key_element(): _values(override) for override in parser.parse_overrides(texts)}.values())
    first = [axis[0] for axis in axes]
    jobs = [first] + [
        [*first[:index], value, *first[index + 1 :]] for index, axis in enumerate(axes) for value in axis[1:]
    ]
    for job in jobs:
        yield loader.load_sweep_config(config, job)


def _values(override: Override) -> list[str]:
    """An override for each value of a discrete sweep; for an interval its two ends; else the override unchanged."""
    key = override.get_key_element()
    if not override.is_sweep_override():
        return [f"{key}={override.get_value_element_as_str()}"]
    if override.is_discrete_sweep():
        values = [f"{key}={value}" for value in override.sweep_string_iterator()]
        if not values:
            raise ConfigError(f"'{override.input_line}' gives no value; a sweep needs at least one", WHERE)
        return values
    interval: Any = override.value()
    return [f"{key}={interval.start}", f"{key}={interval.end}"]
