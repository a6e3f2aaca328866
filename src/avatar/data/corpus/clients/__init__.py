"""Clients of package registries, one file each. Every file in this folder is imported and can register a client."""

import importlib
import pkgutil

from avatar.data.corpus.clients.base import CLIENTS, Client

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["CLIENTS", "Client"]
