"""The devices that training asks for must be there. torch is imported only where a GPU is asked for."""

from collections.abc import Iterator

from avatar.config.problems import Problem
from avatar.config.schema import Config


def devices(cfg: Config) -> Iterator[Problem]:
    """A GPU where one is needed, and as many as are asked for."""
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
                "trainer.precision is '16-mixed'; torch finds no GPU on this machine, and only a GPU can compute in "
                "it: use bf16-mixed or 32-true"
            )
        elif part.devices > count:
            yield f"trainer.devices is {part.devices}; this machine has {count}: ask for at most {count}, or -1 for all"


def gpus() -> int:
    """How many GPUs torch can use: CUDA's, or one of Apple's."""
    import torch

    return torch.cuda.device_count() or int(torch.backends.mps.is_available())


CHECKS = (devices,)
