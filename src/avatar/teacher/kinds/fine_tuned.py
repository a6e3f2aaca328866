"""Teachers that are fine-tuned: an encoder with a head."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from avatar.config.schema import TeacherConfig
from avatar.data.kept_vectors import SHARDS
from avatar.data.records import SplitName, Task
from avatar.teacher.kinds.base import DESCRIPTIVE, TEACHERS, Lesson, Training, save_answers

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from avatar.teacher.teacher_model import TeacherModel


class FineTunedEncoder:
    """An encoder with a head that is fine-tuned on the labelled half and then predicts the other splits."""

    note: ClassVar[str] = ""
    runs: ClassVar[bool] = True
    tasks: ClassVar[tuple[Task, ...]] = tuple(Task)
    needs_language: ClassVar[bool] = False
    gives_vectors: ClassVar[bool] = True
    answered: ClassVar[Sequence[SplitName]] = (SplitName.UNLABELED, SplitName.VALID, SplitName.TEST)
    """Splits that are predicted directly after training, while the states of the frozen layers are in memory."""

    def problems(self, cfg: TeacherConfig) -> Iterator[str]:
        """Settings that only other kinds of teachers can have."""
        if cfg.mix:
            yield f"teacher.mix is {cfg.mix}; it needs recorded predictions: set teacher=predictions, or teacher.mix=[]"
        if cfg.data_flow_length and not self.needs_language:
            yield (
                f"teacher.data_flow_length is {cfg.data_flow_length}; teacher.kind={cfg.kind} reads tokens only: set "
                "it to 0, or set teacher.kind=data_flow"
            )

    def identity(self, cfg: TeacherConfig, training: Training) -> Mapping[str, Any]:
        """The settings of the fine-tuning."""
        left_out = (*DESCRIPTIVE, "path", "mix")
        settings = {name: value for name, value in vars(cfg).items() if name not in left_out}
        return {"settings": settings, "training": training, "answered": self.answered}

    def only_head_learns(self, cfg: TeacherConfig) -> bool:
        """Whether no layer of the encoder is trained."""
        return cfg.trainable_layers == 0

    def learn(self, lesson: Lesson, folder: Path) -> Mapping[str, Any]:
        """Fine-tune, save the logits of the other splits, and save the weights.

        For groups of clones it is not fine-tuned: its vectors are those of the pretrained encoder.
        """
        from avatar.teacher.fine_tuning import fine_tune
        from avatar.teacher.saved_teacher import save_teacher
        from avatar.teacher.teacher_model import load_teacher

        if lesson.corpus.task.grouped:
            save_teacher(*load_teacher(lesson.teacher, lesson.corpus.task), folder)
            return {}

        training, checkpoints, shards = lesson.training, folder / "checkpoints", folder / SHARDS
        vectors = lesson.vectors() if lesson.vectors is not None else None
        tuned = fine_tune(
            lesson.corpus, lesson.teacher, lesson.trainer, training.seed, checkpoints, training.metric, vectors
        )
        for split in self.answered:
            save_answers(folder, split, tuned.predict_logits(lesson.corpus.members(split), keep=shards))
        save_teacher(tuned.model, tuned.tokenizer, folder)
        shutil.rmtree(checkpoints)
        shutil.rmtree(shards, ignore_errors=True)
        return {"history": tuned.fitted.history, "best_epoch": tuned.fitted.best_epoch}

    def load(self, folder: Path) -> "tuple[TeacherModel, PreTrainedTokenizerBase]":
        """The fine-tuned model and its tokenizer."""
        from avatar.teacher.saved_teacher import read_teacher

        return read_teacher(folder)


TEACHERS.register("encoder")(FineTunedEncoder())
