"""Writes a bundle from a trained student, and checks each part against torch. Also has the torch runtime."""

from avatar.export.agreement import Int8Outcome, Int8Trial, VectorTrial
from avatar.export.bundle import ExportCheck, default_labels, export_bundle
from avatar.export.torch_runtime import TorchRuntime, load_student

__all__ = [
    "ExportCheck",
    "Int8Outcome",
    "Int8Trial",
    "TorchRuntime",
    "VectorTrial",
    "default_labels",
    "export_bundle",
    "load_student",
]
