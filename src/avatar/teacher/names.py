"""Registries of a teacher's parts by name, which need no import of torch, transformers or pandas."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar.common.registry import Registry

if TYPE_CHECKING:
    from avatar.teacher.pair_heads import Join
    from avatar.teacher.teacher_model import TeacherModel

MODELS: Registry[type["TeacherModel"]] = Registry(
    "kind of teacher with an encoder",
    {
        "data_flow": "avatar.teacher.data_flow_model:DataFlowModel",
        "encoder": "avatar.teacher.teacher_model:TeacherModel",
    },
)
"""The model of a teacher's kind (`teacher.kind`)."""

JOINS: Registry[type["Join"]] = Registry(
    "teacher head",
    {
        "concat": "avatar.teacher.pair_heads:Concat",
        "interaction": "avatar.teacher.pair_heads:Interaction",
    },
)
"""How the vectors of an example's functions become features (`teacher.head`)."""

POOLINGS: Registry[Callable[[Any, Any], Any]] = Registry(
    "teacher pooling",
    {
        "first": "avatar.teacher.state_pooling:first",
        "max": "avatar.teacher.state_pooling:largest",
        "mean": "avatar.teacher.state_pooling:mean",
    },
)
"""How the states of a function's tokens become its vector (`teacher.pooling`)."""

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
"""Readers of recorded predictions (`teacher.path`), by the file's suffix."""
