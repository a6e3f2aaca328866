"""FLOPs of one forward pass, counted by torch and by thop: matrix products, two FLOPs per multiply-add.

The formula for students is `space.cost.count_flops`. It is checked against these two counts. `by_torch` also counts
teachers, for which there is no formula.
"""

import contextlib
import copy
import io
import warnings
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from avatar.common.errors import AvatarError
from avatar.data.records import Task
from avatar.space.genes.position import RELATIVE
from avatar.student.attention import SelfAttention


def example_inputs(task: Task, length: int, vocab_size: int) -> tuple[Tensor, Tensor, Tensor]:
    """`input_ids`, `attention_mask`, `members` of one example whose functions have `length` tokens each."""
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(3, vocab_size, (task.arity, length), generator=generator)
    return ids, torch.ones_like(ids, dtype=torch.bool), torch.arange(task.arity)[None]


def by_torch(model: nn.Module, inputs: tuple[Tensor, ...]) -> int:
    """FLOPs that torch counts while `model(*inputs)` runs in eval mode.

    Fused attention is switched off: on the CPU torch's counter counts nothing inside it.
    """
    training = model.training
    model.eval()
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), counter:
        model(*inputs)
    model.train(training)
    return int(counter.get_total_flops())


def by_thop(model: nn.Module, inputs: tuple[Tensor, ...]) -> int:
    """FLOPs by thop: twice its multiply-adds, with our own rule for the products of attention, which thop misses.

    Norms do not count: they have no matrix products. Works on a copy, because thop adds buffers to a model. Without
    thop, or without setuptools, which thop needs, it is an AvatarError.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            import thop  # imports distutils, which setuptools brings where Python has none (3.12 and newer)
    except ImportError as error:
        raise AvatarError(
            f"FLOPs are counted a second time by the package thop, which cannot be imported: {error}",
            "pip install 'avatar-code[train]' (it includes setuptools), or switch it off with measure.thop=false",
        ) from error

    rules = {SelfAttention: _count_attention, nn.LayerNorm: _count_nothing}
    with contextlib.redirect_stdout(io.StringIO()):
        macs, _ = thop.profile(copy.deepcopy(model), inputs=inputs, custom_ops=rules, verbose=False)
    return int(2 * macs)


def _count_nothing(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    """thop's rule for modules without matrix products."""


def _count_attention(module: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    """thop's rule: the products, and the four projections. thop counts these, but does not add the counts of
    modules inside a module with a rule.

    Scores and context are two products of heads * tokens^2 * head_size multiply-adds; each relative
    position term is one more.
    """
    functions, tokens, hidden_size = output.shape
    products = 2 + RELATIVE.get(module.position, 0)
    layers = (module.query, module.key, module.value, module.out)
    projections = sum(float(layer.total_ops) for layer in layers)
    module.total_ops.fill_(products * functions * tokens**2 * hidden_size + projections)
