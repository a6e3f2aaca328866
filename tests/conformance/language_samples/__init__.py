"""One small program for each language: a module with its `SAMPLE`, found by being in this folder."""

from importlib import import_module
from pkgutil import iter_modules

from language_samples.base import Sample

SAMPLES: dict[str, Sample] = {
    module.name: import_module(f"language_samples.{module.name}").SAMPLE
    for module in iter_modules(__path__)
    if module.name != "base"
}
