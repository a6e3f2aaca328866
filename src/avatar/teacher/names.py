"""What a teacher may be made of, by name: known without importing torch, transformers or pandas."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar.common.registry import Registry

if TYPE_CHECKING:
    from avatar.teacher.pair_heads import Join

JOINS: Registry[type["Join"]] = Registry(
    "teacher head",
    {
        "concat": "avatar.teacher.pair_heads:Concat",
        "interaction": "avatar.teacher.pair_heads:Interaction",
    },
)
"""How a pair's vectors are joined (`teacher.head`)."""

POOLINGS: Registry[Callable[[Any, Any], Any]] = Registry(
    "teacher pooling",
    {
        "first": "avatar.teacher.state_pooling:first",
        "max": "avatar.teacher.state_pooling:largest",
        "mean": "avatar.teacher.state_pooling:mean",
    },
)
"""How a function's vector is made of its tokens' states (`teacher.pooling`)."""

FORMATS: Registry[Callable[[Path], Any]] = Registry(
    "format of a predictions file",
    {
        "csv": "avatar.teacher.predictions:read_csv",
        "jsonl": "avatar.teacher.predictions:read_jsonl",
        "npy": "avatar.teacher.predictions:read_npy",
        "parquet": "avatar.teacher.predictions:read_parquet",
        "txt": "avatar.teacher.predictions:read_txt",
    },
)
"""Reads recorded predictions (`teacher.path`), by the file's ending."""
