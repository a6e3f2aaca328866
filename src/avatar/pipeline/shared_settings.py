"""Settings that several stages share."""

from dataclasses import dataclass

import torch

from avatar.config.schema import DistillConfig, TrainerConfig
from avatar.measure.machine import machine_name
from avatar.pipeline.stage import setting, unkeyed

SHOWN = "it changes what a person sees, and no result"
HARDWARE = (
    "the kind of device changes only rounding errors; the number of devices and the precision are separate settings"
)


@dataclass(frozen=True)
class Machine:
    """The machine of a timing: its processor, number of torch's threads, and torch's version."""

    name: str
    threads: int
    torch: str


def this_machine() -> Machine:
    """The machine that this process runs on."""
    return Machine(machine_name(), torch.get_num_threads(), torch.__version__)


def trainer_field() -> TrainerConfig:
    """A field with all settings of the trainer, not in the key. Those that change results are separate fields."""
    return unkeyed("trainer", why=HARDWARE)  # type: ignore[no-any-return]


def precision_field() -> str:
    """A field with the precision of a training."""
    return setting("trainer.precision")  # type: ignore[no-any-return]


def world_size_field() -> int:
    """A field with the number of processes that share a step. Each reads a whole batch: the effective batch grows."""
    return setting("trainer.devices", "trainer.accelerator", via=world_size_of)  # type: ignore[no-any-return]


def world_size_of(devices: int, accelerator: str) -> int:
    """Number of processes of a training. With `devices` of -1, all devices are used."""
    if devices > 0:
        return devices
    return 1 if accelerator == "cpu" else max(1, torch.cuda.device_count())


def recipe_field(*without: str) -> DistillConfig:
    """A field with the recipe of a training, except `without` and the start of the token tables, which is an input."""
    return setting("distill", without=("init", *without))  # type: ignore[no-any-return]


def language_field() -> str | None:
    """A field with the programming language of the functions."""
    return setting("dataset.language")  # type: ignore[no-any-return]
