"""Checks that the devices for training exist. torch is imported only where the configuration needs a GPU."""

from collections.abc import Iterator

from avatar.config.problems import Problem
from avatar.config.schema import Config


def devices(cfg: Config) -> Iterator[Problem]:
    """Problems where a GPU is needed and missing, or where there are fewer than `trainer.devices`."""
    part = cfg.trainer
    if part.accelerator == "gpu" or (part.accelerator == "auto" and part.precision == "16-mixed"):
        count = gpus()
        if not count and part.accelerator == "gpu":
            yield (
                "trainer.accelerator is 'gpu'; torch finds no GPU on this machine: set trainer=cpu, or install a torch "
                "that was built for your GPU"
            )
        elif not count:
            yield (
                "trainer.precision is '16-mixed'; it needs a GPU, and torch finds none on this machine: "
                "use bf16-mixed or 32-true"
            )
        elif part.devices > count:
            yield (
                f"trainer.devices is {part.devices}; this machine has {count}: set it to at most {count}, or -1 for all"
            )


def gpus() -> int:
    """Number of GPUs that torch can use: those of CUDA, or 1 for Apple's."""
    import torch

    return torch.cuda.device_count() or int(torch.backends.mps.is_available())


CHECKS = (devices,)
