"""The npm registry, with npm pack, which downloads a published archive and runs none of its scripts."""

from pathlib import Path

from avatar.data.corpus.clients.base import CLIENTS, call, only_file


class Npm:
    """Downloads the archive of a release."""

    def download(self, name: str, version: str, folder: Path) -> Path:
        """See `Client`."""
        options = ["--ignore-scripts", "--silent", "--no-update-notifier", "--pack-destination", str(folder)]
        call(["npm", "pack", *options, f"{name}@{version}"], folder)
        return only_file(folder, "*.tgz")


CLIENTS.register("npm")(Npm())
