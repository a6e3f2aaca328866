"""A student by folder or by its name on the Hugging Face hub."""

import shutil
from pathlib import Path
from typing import Any

from huggingface_hub import ModelHubMixin, constants, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

from avatar.bundle import ALWAYS, MANIFEST, NGRAMS, PRECISIONS, read_bundle
from avatar.common.errors import ArtifactError
from avatar.common.paths import home
from avatar.serve.default_student import FOLDER
from avatar.serve.predictor import Predictor

FILES = [MANIFEST, *ALWAYS, *(name for parts in (*PRECISIONS.values(), NGRAMS) for name in parts.names)]
"""What is downloaded from a repository."""


class Student(Predictor, ModelHubMixin, library_name="avatar", tags=["code", "distillation"]):
    """A `Predictor` with `from_pretrained`, `save_pretrained` and `push_to_hub`. It needs no torch.

    Example: `Student.from_pretrained("user/clones").predict([(code1, code2)])`. Nothing is unpickled, and
    the SHA-256 of every file is checked against the manifest.
    """

    @classmethod
    def default(cls, **options: Any) -> "Student":
        """The student that is installed with avatar; it finds clones. `options` are those of `Predictor`.

        Example: `Student.default().predict([(code1, code2)])` gives the probability that both functions are clones, in
        the second column. It is right where one pair of 10,000 is a clone, as in ordinary code.
        """
        return cls(FOLDER, **options)

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: str | Path, **options: Any) -> "Student":
        """Load the student from a folder, or from a repository on the hub.

        `options` are the mixin's (revision, token, cache_dir, force_download, local_files_only) and those of
        `Predictor` (threads, runtime, precision). A missing or damaged student is an ArtifactError.
        """
        folder = Path(pretrained_model_name_or_path)
        if folder.is_dir():
            read_bundle(folder)  # first, because its error is clearer than that of the mixin
        elif options.get("cache_dir") is None and home() is None and not Path(constants.HF_HUB_CACHE).is_absolute():
            raise ArtifactError(
                f"'{folder}' is not a folder, and a student of the hub cannot be stored: there is no home folder",
                "set HF_HOME to a folder, or give cache_dir=FOLDER",
            )
        try:
            return super().from_pretrained(pretrained_model_name_or_path, **options)
        except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
            raise ArtifactError(
                f"there is no folder and no student on the hub with the name '{folder}': {error}",
                "give the folder that the export wrote, or a name like user/model; a private model needs a token",
            ) from error

    @classmethod
    def _from_pretrained(
        cls,
        *,
        model_id: str,
        revision: str | None,
        cache_dir: str | Path | None,
        force_download: bool,
        local_files_only: bool,
        token: str | bool | None,
        **model_kwargs: Any,
    ) -> "Student":
        if Path(model_id).is_dir():
            return cls(model_id, **model_kwargs)
        folder = snapshot_download(
            model_id,
            revision=revision,
            cache_dir=cache_dir,
            force_download=force_download,
            local_files_only=local_files_only,
            token=token,
            allow_patterns=FILES,
        )
        return cls(folder, **model_kwargs)

    def save_pretrained(self, save_directory: str | Path, **options: Any) -> str | None:
        """Copy the bundle to a folder. Files of the same names are replaced. `options` are the mixin's."""
        target = Path(save_directory)
        if target.resolve() == self.bundle.folder.resolve():
            raise ArtifactError(f"the student was loaded from {target} itself", "save it to another folder")
        (target / MANIFEST).unlink(missing_ok=True)
        return super().save_pretrained(target, **options)

    def _save_pretrained(self, save_directory: Path) -> None:
        for name in (*self.bundle.digests, MANIFEST):  # the manifest last: without it, a partial copy is not a bundle
            shutil.copyfile(self.bundle.path(name), save_directory / name)
