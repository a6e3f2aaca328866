"""Writes the shipped folder from a trained student, each part checked against torch."""

from avatar.export.bundle import ExportCheck, default_labels, export_bundle

__all__ = ["ExportCheck", "default_labels", "export_bundle"]
