"""What every stage's module is given: the configuration, and the store of artifacts."""

from dataclasses import dataclass
from pathlib import Path

from avatar.config.schema import Config
from avatar.pipeline.artifacts import Artifact, ArtifactStore, Pending
from avatar.pipeline.stage import I, S, Stage


@dataclass(frozen=True)
class Job:
    """One job: its configuration, and where its artifacts are."""

    cfg: Config
    store: ArtifactStore

    @classmethod
    def of(cls, cfg: Config) -> "Job":
        """The job of a config, with the store that it names."""
        return cls(cfg, ArtifactStore(Path(cfg.artifacts.folder).expanduser(), cfg.artifacts.verify))

    def make(self, stage: Stage[I, S], inputs: I) -> Artifact:
        """The artifact of `stage` for `inputs` and this job's settings."""
        return self.store.make(stage, inputs, stage.read(self.cfg))

    def pending(self, stage: Stage[I, S], inputs: I) -> Pending:
        """The same, made when its content is needed. A stage whose values a clock decides is made at once."""
        if stage.timed:
            artifact = self.make(stage, inputs)
            return Pending(artifact.key, lambda: artifact)
        settings = stage.read(self.cfg)
        return Pending(stage.key(inputs, settings), lambda: self.store.make(stage, inputs, settings))
