"""A student by folder, or by its name on the Hugging Face hub. Only the hub needs the package huggingface_hub."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from avatar.bundle import ALWAYS, MANIFEST, NGRAMS, PRECISIONS
from avatar.common.errors import ArtifactError
from avatar.common.paths import home
from avatar.serve.default_student import FOLDER
from avatar.serve.extras import HUB, needs_extra
from avatar.serve.predictor import Predictor

FILES = [MANIFEST, *ALWAYS, *(name for parts in (*PRECISIONS.values(), NGRAMS) for name in parts.names)]
"""What is downloaded from a repository."""


class Student(Predictor):
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
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | Path,
        *,
        revision: str | None = None,
        token: str | bool | None = None,
        cache_dir: str | Path | None = None,
        force_download: bool = False,
        local_files_only: bool = False,
        **options: Any,
    ) -> "Student":
        """Load the student from a folder, or from a repository on the hub.

        `revision` to `local_files_only` are those of `huggingface_hub.snapshot_download`, `options` those of
        `Predictor` (threads, runtime, precision). A missing or damaged student is an ArtifactError.
        """
        folder = Path(pretrained_model_name_or_path)
        if not folder.is_dir():
            folder = _downloaded(
                str(pretrained_model_name_or_path),
                revision=revision,
                token=token,
                cache_dir=cache_dir,
                force_download=force_download,
                local_files_only=local_files_only,
            )
        return cls(folder, **options)

    def save_pretrained(
        self, save_directory: str | Path, *, push_to_hub: bool = False, repo_id: str | None = None, **options: Any
    ) -> str | None:
        """Copy the bundle to a folder. Files of the same names are replaced.

        With `push_to_hub`, it is uploaded too: to `repo_id`, by default the folder's name, with the `options` of
        `push_to_hub`; the result is the address of the commit.
        """
        target = Path(save_directory)
        if target.resolve() == self.bundle.folder.resolve():
            raise ArtifactError(f"the student was loaded from {target} itself", "save it to another folder")
        target.mkdir(parents=True, exist_ok=True)
        (target / MANIFEST).unlink(missing_ok=True)
        for name in (*self.bundle.digests, MANIFEST):  # the manifest last: without it, a partial copy is not a bundle
            shutil.copyfile(self.bundle.path(name), target / name)
        return self.push_to_hub(repo_id or target.name, **options) if push_to_hub else None

    def push_to_hub(
        self,
        repo_id: str,
        *,
        commit_message: str = "Upload a student of avatar",
        private: bool | None = None,
        token: str | None = None,
        branch: str | None = None,
        **options: Any,
    ) -> str:
        """Upload the bundle to a repository on the hub, which is made if needed; the address of the commit.

        `options` are those of `huggingface_hub.HfApi.upload_folder`.
        """
        with needs_extra(HUB):
            from huggingface_hub import HfApi
        api = HfApi(token=token)
        name = api.create_repo(repo_id=repo_id, private=private, exist_ok=True).repo_id
        with tempfile.TemporaryDirectory() as folder:
            self.save_pretrained(folder)
            return api.upload_folder(
                repo_id=name,
                repo_type="model",
                folder_path=Path(folder),
                commit_message=commit_message,
                revision=branch,
                **options,
            )


def _downloaded(name: str, **options: Any) -> Path:
    """The folder with the files of a repository on the hub, in the hub's cache."""
    with needs_extra(HUB):
        from huggingface_hub import constants, snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    if options["cache_dir"] is None and home() is None and not Path(constants.HF_HUB_CACHE).is_absolute():
        raise ArtifactError(
            f"'{name}' is not a folder, and a student of the hub cannot be stored: there is no home folder",
            "set HF_HOME to a folder, or give cache_dir=FOLDER",
        )
    try:
        return Path(snapshot_download(name, allow_patterns=FILES, **options))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise ArtifactError(
            f"there is no folder and no student on the hub with the name '{name}': {error}",
            "give the folder that the export wrote, or a name like user/model; a private model needs a token",
        ) from error
