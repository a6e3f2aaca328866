"""GraphCodeBERT: an encoder that also reads the data flow of a function."""

from collections.abc import Iterator
from typing import ClassVar

from avatar.config.schema import TeacherConfig
from avatar.teacher.kinds.base import TEACHERS
from avatar.teacher.kinds.fine_tuned import FineTunedEncoder


class DataFlowEncoder(FineTunedEncoder):
    """A fine-tuned encoder whose input are the tokens of a function, and behind them its data flow."""

    needs_language: ClassVar[bool] = True

    def problems(self, cfg: TeacherConfig) -> Iterator[str]:
        """Settings that only recorded predictions can have, and a data flow without nodes."""
        yield from super().problems(cfg)
        if cfg.data_flow_length < 1:
            yield (
                f"teacher.data_flow_length is {cfg.data_flow_length}; teacher.kind=data_flow needs at least 1 (114 is "
                "GraphCodeBERT's); for tokens alone, set teacher.kind=encoder"
            )


TEACHERS.register("data_flow")(DataFlowEncoder())
