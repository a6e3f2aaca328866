"""Sizes: parameters, megabytes of weights, megabytes of a bundle."""

from pathlib import Path

from torch import nn

from avatar.common.files import size_bytes


def params(module: nn.Module) -> int:
    """Number of parameters; a shared one counts once."""
    return sum(parameter.numel() for parameter in module.parameters())


def weights_mb(module: nn.Module) -> float:
    """Parameters * 4 bytes / 1e6, whatever their stored precision: the model size in the papers."""
    return params(module) * 4 / 1e6


def bundle_mb(folder: Path) -> float:
    """Megabytes (1e6 bytes) of all files below `folder`."""
    return size_bytes(folder) / 1e6
