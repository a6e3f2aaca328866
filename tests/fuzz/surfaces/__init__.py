"""The surfaces. Each module of this folder has one, `SURFACE`, and is found by being here."""

from importlib import import_module
from pkgutil import iter_modules

from surface import Surface

SURFACES: dict[str, Surface] = {
    module.name: import_module(f"surfaces.{module.name}").SURFACE
    for module in iter_modules(__path__)
    if not module.name.startswith("_")
}
"""By name, in alphabetical order."""
