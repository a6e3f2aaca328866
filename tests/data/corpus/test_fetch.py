"""Downloads: digests are checked, and what is there is not downloaded again."""

from dataclasses import replace
from pathlib import Path

import pytest

from avatar.common.errors import DataError
from avatar.data.corpus import fetch as module
from avatar.data.corpus.fetch import archive_of, fetch
from small_archives import LocalClient, release, tar


@pytest.fixture
def client(tmp_path: Path) -> LocalClient:
    folder = tmp_path / "registry"
    for name in ("one", "two"):
        tar(folder / f"{name}-1.0.tgz", {"a.py": name})
    return LocalClient(folder)


def test_pinned_releases_are_downloaded_once(tmp_path: Path, client: LocalClient) -> None:
    releases = [release("one"), release("two")]
    pinned = fetch(releases, tmp_path / "to", pin=True, client_of=lambda name: client)
    assert [len(one.sha256) for one in pinned] == [64, 64]
    assert pinned[0].sha256 != pinned[1].sha256
    assert client.downloads == 2
    assert fetch(pinned, tmp_path / "to", client_of=lambda name: client) == pinned
    assert client.downloads == 2
    archive = archive_of(pinned[0], tmp_path / "to")
    assert archive is not None
    assert archive.read_bytes() == (client.folder / "one-1.0.tgz").read_bytes()


def test_an_archive_of_several_projects_is_downloaded_once(tmp_path: Path, client: LocalClient) -> None:
    releases = [release("one", folders=("a",)), release("part", name="one", family="one", folders=("b",))]
    pinned = fetch(releases, tmp_path / "to", pin=True, client_of=lambda name: client)
    assert client.downloads == 1
    assert pinned[0].sha256 == pinned[1].sha256


def test_another_digest_is_refused_and_nothing_is_kept(tmp_path: Path, client: LocalClient) -> None:
    wrong = release("one", sha256="0" * 64)
    with pytest.raises(DataError, match="the list says 0000"):
        fetch([wrong], tmp_path / "to", client_of=lambda name: client)
    assert archive_of(wrong, tmp_path / "to") is None
    assert not list((tmp_path / "to").rglob("*.tgz"))


def test_an_altered_file_is_downloaded_again(tmp_path: Path, client: LocalClient) -> None:
    (pinned,) = fetch([release("one")], tmp_path / "to", pin=True, client_of=lambda name: client)
    archive = archive_of(pinned, tmp_path / "to")
    assert archive is not None
    good = archive.read_bytes()
    archive.write_bytes(b"altered")
    assert fetch([pinned], tmp_path / "to", client_of=lambda name: client) == (pinned,)
    assert client.downloads == 2
    assert archive.read_bytes() == good


def test_a_release_without_a_digest_needs_pin(tmp_path: Path, client: LocalClient) -> None:
    with pytest.raises(DataError, match=r"1 releases have no sha256: npm one 1\.0"):
        fetch([release("one")], tmp_path / "to", client_of=lambda name: client)
    assert client.downloads == 0


class BrokenClient(LocalClient):
    """Fails for all names except `one`, as without a network."""

    def download(self, name: str, version: str, folder: Path) -> Path:
        """See `Client`."""
        if name == "one":
            return super().download(name, version, folder)
        self.downloads += 1
        (folder / "half").write_bytes(b"x")
        raise DataError("no network", "check the network")


def test_a_failure_does_not_stop_the_others(tmp_path: Path, client: LocalClient) -> None:
    broken = BrokenClient(client.folder)
    releases = [release("two"), release("one")]
    with pytest.raises(DataError, match=r"1 of 2 archives cannot be had:\n  - npm two 1.0: no network"):
        fetch(releases, tmp_path / "to", pin=True, client_of=lambda name: broken)
    assert archive_of(releases[1], tmp_path / "to") is not None
    assert not list((tmp_path / "to").rglob("half"))
    fetch(releases, tmp_path / "to", pin=True, client_of=lambda name: client)
    assert client.downloads == 1


def test_without_a_network_not_everything_is_tried(
    tmp_path: Path, client: LocalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WORKERS", 1)
    broken = BrokenClient(client.folder)
    releases = [release(f"p{number}", sha256="0" * 64) for number in range(200)]
    with pytest.raises(DataError, match=r"200 of 200 archives[\s\S]*not tried"):
        fetch(releases, tmp_path / "to", client_of=lambda name: broken)
    assert module.MOST_FAILURES <= broken.downloads < 100


def test_versions_of_a_package_do_not_mix(tmp_path: Path, client: LocalClient) -> None:
    tar(client.folder / "one-2.0.tgz", {"a.py": "newer"})
    older, newer = fetch(
        [release("one"), release("one", version="2.0")], tmp_path / "to", pin=True, client_of=lambda name: client
    )
    assert older.sha256 != newer.sha256
    assert archive_of(replace(newer, version="1.0"), tmp_path / "to") == archive_of(older, tmp_path / "to")
