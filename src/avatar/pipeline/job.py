"""The arguments that all stages share: the configuration and the store of artifacts."""

from dataclasses import dataclass

from avatar.common.paths import user_path
from avatar.config.schema import Config
from avatar.pipeline.artifacts import Artifact, ArtifactStore, Pending
from avatar.pipeline.stage import I, S, Stage


@dataclass(frozen=True)
class Job:
    """One job: its configuration and its store of artifacts."""

    cfg: Config
    store: ArtifactStore

    @classmethod
    def of(cls, cfg: Config) -> "Job":
        """The job of a config, with the store at `artifacts.folder`."""
        return cls(cfg, ArtifactStore(user_path(cfg.artifacts.folder), cfg.artifacts.verify))

    def make(self, stage: Stage[I, S], inputs: I) -> Artifact:
        """The artifact of `stage` for `inputs` and this job's settings."""
        return self.store.make(stage, inputs, stage.read(self.cfg))

    def pending(self, stage: Stage[I, S], inputs: I) -> Pending:
        """As `make`, but the artifact is made when its content is needed. A timed stage is made at once."""
        if stage.timed:
            artifact = self.make(stage, inputs)
            return Pending(artifact.key, lambda: artifact)
        settings = stage.read(self.cfg)
        return Pending(stage.key(inputs, settings), lambda: self.store.make(stage, inputs, settings))
