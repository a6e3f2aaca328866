"""The shipped folder: which files it has, what its config says, and proof that nothing in it was altered."""

from avatar.bundle.format import (
    CONFIG,
    ENCODER,
    HEAD,
    MANIFEST,
    README,
    TOKENIZER,
    WEIGHTS,
    Bundle,
    BundleConfig,
)
from avatar.bundle.reading import read_bundle
from avatar.bundle.writing import write_config, write_manifest

__all__ = [
    "CONFIG",
    "ENCODER",
    "HEAD",
    "MANIFEST",
    "README",
    "TOKENIZER",
    "WEIGHTS",
    "Bundle",
    "BundleConfig",
    "read_bundle",
    "write_config",
    "write_manifest",
]
