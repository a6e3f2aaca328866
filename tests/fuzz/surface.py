"""What a fuzz surface is, and how one input is judged.

A *surface* is a part of Avatar that reads what somebody else wrote. Whatever the input, the answer must be a result or
an error of ours (AvatarError), within a budget of time. Every other exception is a fault: a *raw* one.
"""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from hypothesis.strategies import SearchStrategy

from avatar.common.errors import AvatarError


@dataclass(frozen=True)
class Harness:
    """Inputs for a surface, and the function that gives it one of them: it returns, or raises AvatarError.

    What must not be forked, such as threads and processes, is started by the first `run` and ended by `close`.
    """

    inputs: SearchStrategy[Any]
    run: Callable[[Any], None]
    close: Callable[[], object] = lambda: None


@dataclass(frozen=True)
class Surface:
    """`make` gets a folder of its own and is called once in a process. An input may take `seconds` of CPU time."""

    title: str
    make: Callable[[Path], Harness]
    seconds: float = 2.0
    short: int = 100
    """Inputs of the short run."""


class Answer(StrEnum):
    """What came of one input. The last four are faults."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    RAW = "raw"
    SLOW = "slow"
    HUNG = "hung"
    ABORTED = "aborted"


FAULTS = frozenset({Answer.RAW, Answer.SLOW, Answer.HUNG, Answer.ABORTED})


@dataclass(frozen=True)
class Judgement:
    """An answer, its CPU time, and for a fault its description: the last line says where and what."""

    answer: Answer
    seconds: float
    text: str = ""


def judge(run: Callable[[Any], None], value: Any, budget: float) -> Judgement:
    """Give `value` to a surface in this process."""
    begin = time.process_time()
    answer, text = Answer.ACCEPTED, ""
    try:
        run(value)
    except AvatarError:
        answer = Answer.REFUSED
    except KeyboardInterrupt:
        raise
    except BaseException:  # also the panics of Rust libraries, and SystemExit
        answer, text = Answer.RAW, traceback.format_exc()
    seconds = time.process_time() - begin
    if answer is not Answer.RAW and seconds > budget:
        answer, text = Answer.SLOW, f"{seconds:.2f} s of CPU time, more than {budget:g}"
    return Judgement(answer, seconds, text)
