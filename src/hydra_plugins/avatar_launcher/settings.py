"""The launcher's settings, as Hydra's group `hydra/launcher` has them."""

from dataclasses import dataclass

from hydra.core.config_store import ConfigStore


@dataclass
class ProcessLauncherConfig:
    """`n_jobs` jobs run at the same time. A job whose process is killed is started at most `starts` times."""

    _target_: str = "hydra_plugins.avatar_launcher.process_launcher.ProcessLauncher"
    n_jobs: int = 1
    starts: int = 3


ConfigStore.instance().store(group="hydra/launcher", name="processes", node=ProcessLauncherConfig, provider="avatar")
