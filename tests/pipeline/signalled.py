"""train.py, with a job that gets a signal after an epoch of its student, as variables of the environment say.

SIGNAL_NUMBER: what is sent (nothing without it); SIGNAL_SEED: to the job with this seed; SIGNAL_TARGET: "job", to the
process that trains, or "parent", to the one that started it and that ends it.
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
    """Patch the checkpoint's callback in this process."""
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
