"""train.py, with a job that gets a signal after the second epoch of its student. Environment variables configure it.

SIGNAL_NUMBER: the signal; without it, none is sent. SIGNAL_SEED: the seed of the job that gets it. SIGNAL_TARGET: "job"
sends it to the process that trains, "parent" to the process that started the job and stops it.
"""

import os
import signal
import sys

import hydra
from omegaconf import DictConfig

from avatar.common.signals import signals_interrupt
from avatar.config import register_schema
from avatar.config.error_messages import report_errors

register_schema()


def send_signal_after_an_epoch(seed: int) -> None:
    """Replace the checkpoint's callback in this process by one that sends the signal."""
    if os.environ.get("SIGNAL_SEED") != str(seed) or "SIGNAL_NUMBER" not in os.environ:
        return
    from avatar.data.callbacks import Checkpoint

    save = Checkpoint.on_train_epoch_end

    def save_and_send(self, trainer, pl_module) -> None:  # type: ignore[no-untyped-def]
        save(self, trainer, pl_module)
        if "/student/" not in str(self.folder) or trainer.current_epoch != 1:
            return
        parent = os.environ.get("SIGNAL_TARGET") == "parent"
        os.kill(os.getppid() if parent else os.getpid(), int(os.environ["SIGNAL_NUMBER"]))
        while parent:
            signal.pause()

    Checkpoint.on_train_epoch_end = save_and_send  # type: ignore[method-assign]


@hydra.main(version_base="1.3", config_path="../../conf", config_name="config")
def main(cfg: DictConfig) -> float | None:
    from signalled import send_signal_after_an_epoch  # by name: joblib sends this function to other processes

    send_signal_after_an_epoch(cfg.seed)
    from avatar.app import run

    return run(cfg)


if __name__ == "__main__":
    with report_errors(debug="debug=true" in sys.argv), signals_interrupt(announce=True):
        main()
