import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from avatar.common.errors import ArtifactError
from avatar.config.schema import TeacherConfig, TrainerConfig
from avatar.data import callbacks
from avatar.data.batching import Batch
from avatar.data.records import Corpus, SplitName
from avatar.teacher import fine_tuning
from avatar.teacher.tuning_module import TeacherModule

QUIET = TrainerConfig(progress="none")


class Killed(Exception):
    pass


def config(model: Path | str, **settings: object) -> TeacherConfig:
    plain = TeacherConfig(model=str(model), max_length=32, epochs=3, batch_size=8, learning_rate=5e-3)
    return dataclasses.replace(plain, **settings)  # type: ignore[arg-type]


def weights(done: fine_tuning.FineTuned) -> dict[str, torch.Tensor]:
    return dict(done.model.state_dict())


@pytest.mark.parametrize("layers", [None, 1, 0])
def test_a_killed_training_ends_like_an_undisturbed_one(
    tiny_bert: Path, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layers: int | None
) -> None:
    cfg = config(tiny_bert, trainable_layers=layers)
    undisturbed = fine_tuning.fine_tune(corpus, cfg, QUIET, 1, tmp_path / "undisturbed")

    whole_step = TeacherModule.training_step

    def killed(self: TeacherModule, batch: object, batch_idx: int) -> torch.Tensor:
        if self.current_epoch == 1 and batch_idx == 2:
            raise Killed
        return whole_step(self, batch, batch_idx)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(TeacherModule, "training_step", killed)
        with pytest.raises(Killed):
            fine_tuning.fine_tune(corpus, cfg, QUIET, 1, tmp_path / "killed")
    seen: list[int] = []

    def watched(self: TeacherModule, batch: object, batch_idx: int) -> torch.Tensor:
        seen.append(self.current_epoch)
        return whole_step(self, batch, batch_idx)  # type: ignore[arg-type]

    monkeypatch.setattr(TeacherModule, "training_step", watched)
    resumed = fine_tuning.fine_tune(corpus, cfg, QUIET, 1, tmp_path / "killed")

    assert seen == [1] * 8 + [2] * 8  # epoch 0 was not repeated
    expected = torch.load(tmp_path / "undisturbed" / callbacks.LAST, weights_only=True)["state_dict"]
    saved = torch.load(tmp_path / "killed" / callbacks.LAST, weights_only=True)["state_dict"]
    for name, value in expected.items():
        torch.testing.assert_close(saved[name], value, rtol=0, atol=1e-6)
    for name, value in weights(undisturbed).items():
        torch.testing.assert_close(weights(resumed)[name], value, rtol=0, atol=1e-6)
    assert resumed.fitted.best_epoch == undisturbed.fitted.best_epoch
    assert len(resumed.fitted.history) == 3
    for ours, theirs in zip(resumed.fitted.history, undisturbed.fitted.history, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-6)


def test_a_finished_training_is_not_repeated(
    tiny_bert: Path, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fine_tuning.fine_tune(corpus, config(tiny_bert), QUIET, 1, tmp_path / "work")

    def never(self: TeacherModule, batch: object, batch_idx: int) -> torch.Tensor:
        raise AssertionError("trained on")

    monkeypatch.setattr(TeacherModule, "training_step", never)
    again = fine_tuning.fine_tune(corpus, config(tiny_bert), QUIET, 1, tmp_path / "work")
    assert again.fitted == first.fitted
    for name, value in weights(first).items():
        assert torch.equal(weights(again)[name], value)


def test_a_truncated_checkpoint_falls_back_to_the_one_before(
    tiny_bert: Path, corpus: Corpus, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = fine_tuning.fine_tune(corpus, config(tiny_bert), QUIET, 1, tmp_path / "work")
    last = tmp_path / "work" / callbacks.LAST
    last.write_bytes(last.read_bytes()[: last.stat().st_size // 2])
    with caplog.at_level("WARNING"):
        again = fine_tuning.fine_tune(corpus, config(tiny_bert), QUIET, 1, tmp_path / "work")
    assert "is damaged" in caplog.text
    assert "the one before it is used" in caplog.text
    for name, value in weights(whole).items():
        torch.testing.assert_close(weights(again)[name], value, rtol=0, atol=1e-6)


def test_ctrl_c_is_not_swallowed(
    tiny_bert: Path, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: TeacherModule, batch: object, batch_idx: int) -> torch.Tensor:
        raise KeyboardInterrupt

    monkeypatch.setattr(TeacherModule, "training_step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fine_tuning.fine_tune(corpus, config(tiny_bert), QUIET, 1, tmp_path / "work")


def test_the_best_epoch_is_kept(tiny_bert: Path, corpus: Corpus, tmp_path: Path) -> None:
    done = fine_tuning.fine_tune(corpus, config(tiny_bert, epochs=4, trainable_layers=1), QUIET, 2, tmp_path / "work")
    scores = [epoch["valid/accuracy"] for epoch in done.fitted.history]
    assert done.fitted.best_epoch == int(np.argmax(scores))
    logits = done.predict_logits(corpus.members(SplitName.VALID))
    assert (logits.argmax(1) == corpus.labels(SplitName.VALID)).mean() == pytest.approx(max(scores))
    assert {"train/loss", "valid/loss", "valid/f1"} <= done.fitted.history[0].keys()


def test_it_learns(tiny_bert: Path, sample_corpus: Corpus, tmp_path: Path) -> None:
    cfg = config(tiny_bert, epochs=25, pooling="mean")
    done = fine_tuning.fine_tune(sample_corpus, cfg, QUIET, 1, tmp_path / "work")
    assert done.fitted.best_score == 1.0


def test_the_number_of_steps_and_the_time_left_are_logged(
    tiny_bert: Path, corpus: Corpus, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="avatar"):
        lines = TrainerConfig(progress="lines")
        fine_tuning.fine_tune(corpus, config(tiny_bert, epochs=1), lines, 1, tmp_path / "work")
    assert "60 examples, batches of 8, 8 steps in 1 epochs" in caplog.text
    assert "left" in caplog.text


def test_states_that_do_not_fit_are_recomputed(
    tiny_bert: Path, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cfg = config(tiny_bert, trainable_layers=1, epochs=1)
    cached = fine_tuning.fine_tune(corpus, cfg, QUIET, 1, tmp_path / "cached")
    monkeypatch.setattr(fine_tuning, "MAX_STATE_BYTES", 10)
    plain = fine_tuning.fine_tune(corpus, cfg, QUIET, 1, tmp_path / "plain")
    assert cached.states is not None
    assert plain.states is None
    members = corpus.members(SplitName.TEST)
    np.testing.assert_allclose(plain.predict_logits(members), cached.predict_logits(members), atol=0.05)


def test_an_unwritable_folder_is_named(tiny_bert: Path, corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ArtifactError, match="file"):
        fine_tuning.fine_tune(corpus, config(tiny_bert), QUIET, 1, tmp_path / "file" / "work")


def test_minilm_trains(corpus: Corpus, tmp_path: Path) -> None:
    cfg = TeacherConfig(max_length=32, trainable_layers=1, epochs=1, pooling="mean", head="interaction")
    done = fine_tuning.fine_tune(corpus, cfg, QUIET, 1, tmp_path / "work")
    assert done.predict_logits(corpus.members(SplitName.TEST)).shape == (
        len(corpus.splits[SplitName.TEST]),
        2,
    )
    first, last = done.model.encoder.encoder.layer[0], done.model.encoder.encoder.layer[5]
    assert not next(first.parameters()).requires_grad
    assert next(last.parameters()).requires_grad


def test_each_epoch_has_its_own_order(
    tiny_bert: Path, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders: dict[int, list[int]] = {}
    step = TeacherModule.training_step

    def watched(self: TeacherModule, batch: Batch, batch_idx: int) -> torch.Tensor:
        orders.setdefault(self.current_epoch, []).extend(batch.rows.tolist())
        return step(self, batch, batch_idx)

    monkeypatch.setattr(TeacherModule, "training_step", watched)
    fine_tuning.fine_tune(corpus, config(tiny_bert, epochs=2), QUIET, 1, tmp_path / "work")
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(60))
    assert orders[0] != orders[1]


@pytest.mark.slow
def test_two_processes_train_one_teacher(tiny_bert: Path, corpus: Corpus, tmp_path: Path) -> None:
    two = TrainerConfig(devices=2, strategy="ddp", progress="none")
    done = fine_tuning.fine_tune(corpus, config(tiny_bert, epochs=2), two, 1, tmp_path / "work")
    assert len(done.fitted.history) == 2
    logits = done.predict_logits(corpus.members(SplitName.VALID))
    accuracy = (logits.argmax(1) == corpus.labels(SplitName.VALID)).mean()
    assert accuracy == pytest.approx(done.fitted.best_score)


@pytest.mark.parametrize("pooling", ["first", "mean", "max"])
def test_vectors_of_a_frozen_encoder_are_those_of_the_whole_model(
    pooling: str, tiny_bert: Path, corpus: Corpus, tmp_path: Path
) -> None:
    cfg = config(tiny_bert, trainable_layers=0, pooling=pooling, head="interaction", encoder_layers=1)
    done = fine_tuning.fine_tune(corpus, cfg, QUIET, 1, tmp_path)
    assert done.states is not None
    rows = np.asarray([3, 0, 5])
    whole = dataclasses.replace(done, states=None)
    np.testing.assert_allclose(done.function_vectors(rows), whole.function_vectors(rows), atol=1e-5)
