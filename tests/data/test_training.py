import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from avatar.common.signals import Interrupted, signals_interrupt
from avatar.config.schema import TrainerConfig
from avatar.data.callbacks import LAST, PREVIOUS, KeepBest
from avatar.data.lightning_training import Fitted, fit, newest_checkpoint


@pytest.mark.parametrize(("best", "stops"), [(0, True), (1, False)])
def test_patience_counts_across_a_restart(best: int, stops: bool) -> None:
    before = KeepBest("valid/accuracy", patience=2)
    before.history = [{"epoch": float(epoch)} for epoch in range(3)]
    before.best_epoch = best
    after = KeepBest("valid/accuracy", patience=2)
    after.load_state_dict(before.state_dict())
    trainer = pl.Trainer(logger=False, enable_checkpointing=False, accelerator="cpu")
    after.on_train_start(trainer, pl.LightningModule())
    assert trainer.should_stop is stops


@pytest.mark.parametrize("damage", [b"", b"no checkpoint", b"PK\x03\x04"])
def test_unreadable_checkpoints_are_skipped(tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture) -> None:
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


class Disturbed(pl.LightningModule):
    """A model with one weight; its training gets a signal at one step."""

    def __init__(self, signum: int | None, step: int = 9) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.signum, self.step = signum, step

    def training_step(self, batch: torch.Tensor, index: int) -> torch.Tensor:
        if self.signum is not None and self.global_step == self.step:
            signal.raise_signal(self.signum)
        return ((self.weight - batch) ** 2).mean()

    def validation_step(self, batch: torch.Tensor, index: int) -> None:
        self.log("valid/score", -((self.weight - batch) ** 2).mean())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


class Ones(pl.LightningDataModule):
    def train_dataloader(self) -> DataLoader[torch.Tensor]:
        return DataLoader(torch.ones(12, 1), batch_size=3)  # type: ignore[arg-type]

    val_dataloader = train_dataloader


def train(folder: Path, signum: int | None = None, step: int = 9) -> tuple[Disturbed, Fitted]:
    module = Disturbed(signum, step)
    config = TrainerConfig(progress="none", accelerator="cpu", precision="32-true")
    fitted = fit(module, Ones(), config, epochs=5, seed=1, folder=folder, label="test", examples=12, batch_size=3)
    return module, fitted


@contextlib.contextmanager
def handlers_kept() -> Iterator[None]:
    """Restores the signal handlers after the block."""
    before = {signum: signal.getsignal(signum) for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


@pytest.mark.parametrize("step", [9, 19])  # in the middle, and in the very last step
@pytest.mark.parametrize(
    ("signum", "handled"),
    [
        (signal.SIGTERM, True),
        (signal.SIGINT, True),
        (signal.SIGHUP, True),
        (signal.SIGTERM, False),
        (signal.SIGINT, False),
    ],
)
def test_a_training_that_a_signal_ends_raises_and_continues_later(
    signum: signal.Signals, handled: bool, step: int, tmp_path: Path
) -> None:
    expected = KeyboardInterrupt if (signum, handled) == (signal.SIGINT, False) else Interrupted
    with handlers_kept(), pytest.raises(expected), signals_interrupt() if handled else contextlib.nullcontext():
        train(tmp_path / "disturbed", signum, step)
    module, fitted = train(tmp_path / "disturbed")
    reference, undisturbed = train(tmp_path / "undisturbed")
    assert fitted == undisturbed
    assert torch.equal(module.weight, reference.weight)


def test_a_signal_whose_exception_was_dropped_ends_the_training_at_the_next_step(tmp_path: Path) -> None:
    class Dropping(Disturbed):
        def training_step(self, batch: torch.Tensor, index: int) -> torch.Tensor:
            with contextlib.suppress(Interrupted):
                return super().training_step(batch, index)
            return super().training_step(batch, index)

    module = Dropping(signal.SIGTERM)
    config = TrainerConfig(progress="none", accelerator="cpu", precision="32-true")
    with handlers_kept(), pytest.raises(Interrupted), signals_interrupt():
        fit(module, Ones(), config, epochs=5, seed=1, folder=tmp_path, label="test", examples=12, batch_size=3)
    assert module.global_step == 10
