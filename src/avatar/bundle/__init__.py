"""The shipped folder (bundle): its files, its config, and the check that no file was altered."""

from avatar.bundle.format import (
    ALWAYS,
    CONFIG,
    ENCODER,
    HEAD,
    MANIFEST,
    NGRAMS,
    PRECISIONS,
    README,
    TOKENIZER,
    WEIGHTS,
    Bundle,
    BundleConfig,
    Parts,
)
from avatar.bundle.pair_head import PairHead
from avatar.bundle.read import read_bundle
from avatar.bundle.write import write_config, write_manifest

__all__ = [
    "ALWAYS",
    "CONFIG",
    "ENCODER",
    "HEAD",
    "MANIFEST",
    "NGRAMS",
    "PRECISIONS",
    "README",
    "TOKENIZER",
    "WEIGHTS",
    "Bundle",
    "BundleConfig",
    "PairHead",
    "Parts",
    "read_bundle",
    "write_config",
    "write_manifest",
]
