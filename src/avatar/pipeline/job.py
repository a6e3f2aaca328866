"""The arguments that all stages share: the configuration, the store of artifacts, and the energy of the stages."""

from dataclasses import dataclass, field

from avatar.common.paths import user_path
from avatar.config.schema import Config
from avatar.measure.used_energy import WorkMeter
from avatar.pipeline.artifacts import Artifact, ArtifactStore, Pending
from avatar.pipeline.energy_ledger import EnergyLedger
from avatar.pipeline.stage import I, S, Stage


@dataclass(frozen=True)
class Job:
    """One job: its configuration, its store of artifacts, and the energy of what it asked the store for."""

    cfg: Config
    store: ArtifactStore
    ledger: EnergyLedger = field(default_factory=EnergyLedger)

    @classmethod
    def of(cls, cfg: Config) -> "Job":
        """The job of a config, with the store at `artifacts.folder`."""
        meter = WorkMeter(cuda=cfg.trainer.accelerator != "cpu") if cfg.measure.energy else None
        return cls(cfg, ArtifactStore(user_path(cfg.artifacts.folder), cfg.artifacts.verify, meter))

    def make(self, stage: Stage[I, S], inputs: I) -> Artifact:
        """The artifact of `stage` for `inputs` and this job's settings."""
        return self._make(stage, inputs, stage.read(self.cfg))

    def pending(self, stage: Stage[I, S], inputs: I) -> Pending:
        """As `make`, but the artifact is made when its content is needed. A timed stage is made at once."""
        if stage.timed:
            artifact = self.make(stage, inputs)
            return Pending(artifact.key, lambda: artifact)
        settings = stage.read(self.cfg)
        key = stage.key(inputs, settings)
        self.ledger.asked(self.store.root / stage.name / key)
        return Pending(key, lambda: self._make(stage, inputs, settings))

    def _make(self, stage: Stage[I, S], inputs: I, settings: S) -> Artifact:
        artifact = self.store.make(stage, inputs, settings)
        self.ledger.asked(artifact.folder)
        if not artifact.reused:
            self.ledger.made(artifact.folder)
        return artifact
