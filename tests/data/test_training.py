from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch

from avatar.data.callbacks import LAST, PREVIOUS, KeepBest
from avatar.data.training import newest_checkpoint


@pytest.mark.parametrize(("best", "stops"), [(0, True), (1, False)])
def test_lost_patience_is_remembered_after_a_restart(best: int, stops: bool) -> None:
    before = KeepBest("valid/accuracy", patience=2)
    before.history = [{"epoch": float(epoch)} for epoch in range(3)]
    before.best_epoch = best
    after = KeepBest("valid/accuracy", patience=2)
    after.load_state_dict(before.state_dict())
    trainer = pl.Trainer(logger=False, enable_checkpointing=False, accelerator="cpu")
    after.on_train_start(trainer, pl.LightningModule())
    assert trainer.should_stop is stops


@pytest.mark.parametrize("damage", [b"", b"no checkpoint", b"PK\x03\x04"])
def test_unreadable_checkpoints_are_passed_over(
    tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert newest_checkpoint(tmp_path) is None
    torch.save({"epoch": 1}, tmp_path / PREVIOUS)
    assert newest_checkpoint(tmp_path) == tmp_path / PREVIOUS
    (tmp_path / LAST).write_bytes(damage)
    assert newest_checkpoint(tmp_path) == tmp_path / PREVIOUS
    assert LAST in caplog.text
    torch.save({"epoch": 2}, tmp_path / LAST)
    assert newest_checkpoint(tmp_path) == tmp_path / LAST


def test_a_checkpoint_is_never_unpickled(tmp_path: Path) -> None:
    torch.save({"code": Path("/")}, tmp_path / LAST)
    assert newest_checkpoint(tmp_path) is None
