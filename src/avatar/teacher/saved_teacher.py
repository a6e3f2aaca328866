"""A fine-tuned teacher on disk: safetensors, JSON and the tokenizer's files."""

import json
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel, AutoTokenizer, PreTrainedTokenizerBase

from avatar.common.errors import ArtifactError, DataError
from avatar.common.files import write_text, writing
from avatar.data.records import Task
from avatar.teacher.teacher_model import TeacherModel
from avatar.teacher.usable import check_tokenizer

WEIGHTS, DESCRIPTION = "teacher.safetensors", "teacher.json"


def save_teacher(model: TeacherModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write everything that `read_teacher` needs into `folder`; the description is written last."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(folder)
    model.encoder.config.save_pretrained(folder)
    weights = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    with writing(folder / WEIGHTS) as temporary:
        save_file(weights, temporary)
    described = {
        "task": model.task.value,
        "pooling": model.pooling,
        "head": model.head_kind,
        "trainable_layers": model.trainable_layers,
    }
    write_text(folder / DESCRIPTION, json.dumps(described, indent=2) + "\n")


def read_teacher(folder: Path) -> tuple[TeacherModel, PreTrainedTokenizerBase]:
    """The teacher that `save_teacher` wrote, in evaluation mode. An unreadable one is an ArtifactError."""
    try:
        described = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        encoder = AutoModel.from_config(AutoConfig.from_pretrained(folder))  # type: ignore[no-untyped-call]
        model = TeacherModel(encoder, Task(described["task"]), described["pooling"], described["head"])
        model.freeze_lower(described["trainable_layers"])
        model.load_state_dict(load_file(folder / WEIGHTS))
        tokenizer = AutoTokenizer.from_pretrained(folder)
        check_tokenizer(tokenizer, str(folder), folder)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError, DataError) as error:
        raise ArtifactError(
            f"the teacher in {folder} is unreadable: {error}",
            "delete this folder and run again: the teacher is then trained again",
        ) from error
    model.train(False)
    return model, tokenizer
