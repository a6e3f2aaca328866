import contextlib
import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from avatar.common import signals
from avatar.common.hashing import file_digest
from avatar.common.signals import Interrupted, signals_interrupt
from avatar.config.schema import TrainerConfig
from avatar.data.callbacks import LAST, PREVIOUS, VALID, KeepBest
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


@pytest.mark.parametrize("text", ["", "[]", "null", "[" * 5000, '{"training": 3}', '{"sha256": 3, "training": "x"}'])
def test_without_its_digests_no_checkpoint_is_used(text: str, tmp_path: Path) -> None:
    assert newest_checkpoint(tmp_path, "x") is None
    torch.save({"epoch": 1}, tmp_path / LAST)
    (tmp_path / VALID).write_text(text)
    assert newest_checkpoint(tmp_path, "x") is None
    assert not (tmp_path / LAST).exists()
    torch.save({"epoch": 1}, tmp_path / LAST)
    (tmp_path / VALID).write_text(json.dumps({"training": "x", "sha256": [file_digest(tmp_path / LAST)]}))
    assert newest_checkpoint(tmp_path, "x") == tmp_path / LAST
    assert newest_checkpoint(tmp_path, "y") is None


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


class Wider(Disturbed):
    """Another model."""

    def __init__(self, signum: int | None) -> None:
        super().__init__(signum)
        self.weight = torch.nn.Parameter(torch.zeros(2))


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
    """Restores the signal handlers after the block, and forgets the signal: this process goes on with other tests."""
    before = {signum: signal.getsignal(signum) for signum in signals.ENDING}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
        signals._state.received = None


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


def zeroed(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def garbled(path: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(path.stat().st_size))


def flipped(path: Path) -> None:
    """One bit in the middle: PyTorch may read the file without an error."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def pickled(path: Path) -> None:
    """To read it as a pickle would run code."""
    torch.save({"code": Path("/")}, path)


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


def of_another_training(path: Path) -> None:
    """A whole checkpoint, with the digests that its own training wrote."""
    folder = path.parent.parent / f"other {path.name}"
    config = TrainerConfig(progress="none", accelerator="cpu", precision="32-true")
    module = Wider(signal.SIGTERM)
    with handlers_kept(), pytest.raises(Interrupted), signals_interrupt():
        fit(module, Ones(), config, epochs=5, seed=1, folder=folder, label="test", examples=12, batch_size=3)
    for name in (LAST, PREVIOUS, VALID):
        (folder / name).replace(path.parent / name)


DAMAGES = (zeroed, garbled, flipped, cut, emptied, pickled, pipe, folder_instead, of_another_training)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("names", [(LAST,), (LAST, PREVIOUS)], ids=["last", "both"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_or_foreign_checkpoint_is_not_used(
    damage: Callable[[Path], None], names: tuple[str, ...], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The training goes on from the one before, or starts anew, and ends with the same weights."""
    with handlers_kept(), pytest.raises(Interrupted), signals_interrupt():
        train(tmp_path / "disturbed", signal.SIGTERM, 13)
    for name in names:
        damage(tmp_path / "disturbed" / name)
    module, fitted = train(tmp_path / "disturbed")
    assert f"{LAST} is not used" in caplog.text
    assert ("starts anew" in caplog.text) == (names == (LAST, PREVIOUS) or damage is of_another_training)
    reference, undisturbed = train(tmp_path / "undisturbed")
    assert fitted == undisturbed
    assert torch.equal(module.weight, reference.weight)
