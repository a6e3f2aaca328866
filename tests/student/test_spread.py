"""How far the answers of a student differ on valid: the sign of a training that collapsed."""

import numpy as np
import pytest
import torch

from avatar.config.schema import DistillConfig
from avatar.data.batching import Batch
from avatar.data.lightning_training import SPREAD
from avatar.data.records import Task
from avatar.measure.collapse import CONSTANT
from avatar.student.contrast_module import ContrastModule
from avatar.student.distill_module import DistillModule
from students import tiny_architecture, tiny_student


def spread(module: DistillModule | ContrastModule, labels: list[int]) -> float:
    """What an epoch logs after a look at random functions, one for each label."""
    logged: dict[str, float] = {}
    module.log_dict = lambda scores, prog_bar: logged.update(scores)  # type: ignore[method-assign,assignment]
    ids = torch.from_numpy(np.random.default_rng(0).integers(4, 300, (len(labels), 12)))
    rows = torch.arange(len(labels))
    batch = Batch(ids, torch.ones_like(ids, dtype=torch.bool), rows[:, None], torch.tensor(labels), None, rows)
    module.on_validation_epoch_start()
    with torch.inference_mode():
        module.validation_step(batch, 0)
    module.on_validation_epoch_end()
    return logged[SPREAD]


@pytest.mark.parametrize(("task", "metric"), [(Task.FUNCTION, "accuracy"), (Task.EMBEDDING, "map_at_r")])
def test_equal_answers_have_no_spread(task: Task, metric: str) -> None:
    kind = ContrastModule if task.grouped else DistillModule
    student = tiny_student(tiny_architecture(layers=0, pooling="mean", position="none"), task)
    labels = [0, 0, 1, 1, 0, 1]
    assert spread(kind(student, DistillConfig(), 1e-3, metric), labels) > 100 * CONSTANT
    with torch.no_grad():
        student.tokens.weight.copy_(student.tokens.weight[:1].expand_as(student.tokens.weight))
    assert spread(kind(student, DistillConfig(), 1e-3, metric), labels) < CONSTANT
