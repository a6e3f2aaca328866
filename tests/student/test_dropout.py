"""Dropout with random bytes: share, scale, seed, and no effect outside training."""

import pytest
import torch

from avatar.student.dropout import dropout


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_share_and_scale(share: float) -> None:
    torch.manual_seed(0)
    values = dropout(torch.ones(1000, 333), share, True)
    kept = values != 0
    assert float(kept.float().mean()) == pytest.approx(1 - share, abs=0.005)
    assert float(values.mean()) == pytest.approx(1.0, abs=0.005)
    assert len(values[kept].unique()) == 1
    each = kept.flatten()[: 8 * 40_000].view(-1, 8).float().mean(0)  # every byte of a word is as random
    assert torch.allclose(each, torch.full((8,), 1 - share), atol=0.01)


def test_seed_and_mode() -> None:
    values = torch.randn(7, 5)
    assert dropout(values, 0.5, False) is values
    assert dropout(values, 0.0, True) is values
    torch.manual_seed(3)
    first = dropout(values, 0.5, True)
    torch.manual_seed(3)
    assert torch.equal(first, dropout(values, 0.5, True))
