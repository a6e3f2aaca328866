"""FLOPs of one forward pass, counted by torch and by thop: matrix products, two FLOPs a multiply-add.

The closed form for students is `space.size.count_flops`; these two are what it is checked against, and
`by_torch` is also the count for teachers, whose architecture is somebody else's.
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

    Fused attention is taken apart first: on the CPU torch's counter sees nothing inside it.
    """
    training = model.training
    model.eval()
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), counter:
        model(*inputs)
    model.train(training)
    return int(counter.get_total_flops())


def by_thop(model: nn.Module, inputs: tuple[Tensor, ...]) -> int:
    """FLOPs by thop: twice its multiply-adds, with a rule for our attention, whose products it does not see.

    Norms are left out, as they are no matrix products. Works on a copy: thop leaves buffers behind. Without thop, or
    without the setuptools that it needs, an AvatarError.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            import thop  # imports distutils, which setuptools brings where Python has none (3.12 and newer)
    except ImportError as error:
        raise AvatarError(
            f"FLOPs are counted a second time by the package thop, which cannot be imported: {error}",
            "pip install 'avatar-code[train]' brings it and setuptools, or switch it off with measure.thop=false",
        ) from error

    rules = {SelfAttention: _count_attention, nn.LayerNorm: _count_nothing}
    with contextlib.redirect_stdout(io.StringIO()):
        macs, _ = thop.profile(copy.deepcopy(model), inputs=inputs, custom_ops=rules, verbose=False)
    return int(2 * macs)


def _count_nothing(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    """thop's rule for what holds no matrix product."""


def _count_attention(module: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    """thop's rule: the products, and the four projections, which thop counts but does not add up itself
    below a module with a rule.

    Scores and context are two products of heads * tokens^2 * head_size multiply-adds; each relative
    position term is one more.
    """
    functions, tokens, hidden_size = output.shape
    products = 2 + RELATIVE.get(module.position, 0)
    layers = (module.query, module.key, module.value, module.out)
    projections = sum(float(layer.total_ops) for layer in layers)
    module.total_ops.fill_(products * functions * tokens**2 * hidden_size + projections)
