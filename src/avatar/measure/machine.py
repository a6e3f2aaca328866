"""The name of this machine."""

import platform
from pathlib import Path

import torch

from avatar.common.cores import described_cores


def cpu_name() -> str:
    """The processor's name from the system."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def machine_name(device: torch.device | str = "cpu") -> str:
    """One line for a table: processor and cores; for a GPU, its name."""
    device = torch.device(device)
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{cpu_name()}, {described_cores()}"
