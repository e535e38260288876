import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from crackdemo.checkpoints.checkpoint import load_checkpoint
from crackdemo.checkpoints.names import Weights, resolve_weights, shipped_names, weights_in
from crackdemo.errors import WeightsError
from tests.hub_standin import HubStandIn


@pytest.fixture
def hub(tiny_checkpoint: Path) -> Iterator[HubStandIn]:
    with HubStandIn() as hub:
        hub.add_repo(
            "owner/cracks", {path.name: path.read_bytes() for path in tiny_checkpoint.iterdir()}
        )
        yield hub


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """Two shipped checkpoints, and what is none."""
    folder = tmp_path / "checkpoints"
    for name in ("vae-concrete", "cae-asphalt", ".being-built"):
        (folder / name).mkdir(parents=True)
        (folder / name / "config.json").write_text("{}")
    (folder / "notes").mkdir()
    return folder


def folder_at(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


def refusal(text: str, allowed: list[Path] | None = None, **options: object) -> str:
    """The one sentence with which the text is refused."""
    with pytest.raises(WeightsError) as caught:
        resolve_weights(text, allowed, **options)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence.replace(text, "")
    return sentence


def test_shipped_weights_are_the_folders_that_hold_a_config(shipped: Path) -> None:
    assert shipped_names(shipped) == ["cae-asphalt", "vae-concrete"]


def test_shipped_weights_of_a_family() -> None:
    assert shipped_names(family="vae") == ["vae-asphalt", "vae-concrete"]
    assert shipped_names(family="none") == []


def test_a_shipped_name_is_found_and_needs_no_permission(shipped: Path) -> None:
    expected = Weights(shipped / "cae-asphalt", "cae-asphalt")
    assert resolve_weights("cae-asphalt", shipped=shipped) == expected
    assert resolve_weights(" cae-asphalt\n", allowed=[], shipped=shipped) == expected


def test_without_a_list_of_allowed_folders_every_folder_will_do(tiny_checkpoint: Path) -> None:
    weights = resolve_weights(str(tiny_checkpoint))
    assert weights == weights_in(tiny_checkpoint.resolve(), "tiny")
    assert load_checkpoint(weights.folder).config.family == "cae"


def test_a_relative_path_is_taken_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_at(tmp_path / "mine" / "weights")
    monkeypatch.chdir(tmp_path)
    assert resolve_weights("mine/weights").folder == folder.resolve()


def test_the_weights_of_a_run_are_called_after_the_run(tmp_path: Path) -> None:
    folder = folder_at(tmp_path / "runs" / "gravel-1" / "checkpoint")
    assert resolve_weights(str(folder)).name == "gravel-1"


class TestAllowedFolders:
    def test_a_folder_inside_is_found_also_by_a_roundabout_path(self, tmp_path: Path) -> None:
        folder = folder_at(tmp_path / "runs" / "a")
        for text in (folder, tmp_path / "runs" / ".." / "runs" / "a", tmp_path / "runs"):
            found = resolve_weights(str(text), [tmp_path / "elsewhere", tmp_path / "runs"])
            assert found.folder == text.resolve()

    def test_a_folder_outside_is_refused_whether_it_exists_or_not(self, tmp_path: Path) -> None:
        folder_at(tmp_path / "runs")
        folder_at(tmp_path / "private")
        folder_at(tmp_path / "runs-too")
        sentences = {
            refusal(str(tmp_path / name), [tmp_path / "runs"]).replace(name, "NAME")
            for name in ("private", "missing", "runs-too", "runs/../private", "runs/../missing")
        }
        assert len(sentences) == 1
        assert "allowed to read" in sentences.pop()

    def test_a_link_that_leads_outside_is_refused(self, tmp_path: Path) -> None:
        folder_at(tmp_path / "runs")
        (tmp_path / "runs" / "link").symlink_to(folder_at(tmp_path / "private"))
        refusal(str(tmp_path / "runs" / "link"), [tmp_path / "runs"])

    @pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
    def test_files_that_link_outside_are_refused(
        self, tmp_path: Path, tiny_checkpoint: Path, name: str
    ) -> None:
        (tmp_path / "mine").mkdir()
        for each in ("config.json", "model.safetensors"):
            shutil.copy(tiny_checkpoint / each, tmp_path / "mine")
        mine = str(tmp_path / "mine")
        assert resolve_weights(mine, [tmp_path / "mine"]).folder == tmp_path / "mine"
        (tmp_path / "mine" / name).unlink()
        (tmp_path / "mine" / name).symlink_to(tiny_checkpoint / name)
        refusal(mine, [tmp_path / "mine"])

    def test_an_allowed_folder_may_itself_be_a_link(self, tmp_path: Path) -> None:
        folder = folder_at(tmp_path / "disk" / "a")
        (tmp_path / "runs").symlink_to(tmp_path / "disk")
        assert resolve_weights(str(tmp_path / "runs" / "a"), [tmp_path / "runs"]).folder == folder

    def test_where_nothing_is_allowed_no_folder_will_do(self, tmp_path: Path) -> None:
        refusal(str(tmp_path), [])


@pytest.mark.parametrize(
    "text",
    ["", "  ", "cae-asfalt", "a/b/c", "/no/such/folder", "a b/c", "a\0b", "x" * 5000, "~"],
)
@pytest.mark.parametrize("allowed", [None, []])
def test_what_is_none_of_these_is_refused_with_the_choices(
    text: str, allowed: list[Path] | None, shipped: Path
) -> None:
    sentence = refusal(text, allowed, shipped=shipped)
    assert "cae-asphalt or vae-concrete" in sentence
    assert "owner/name" in sentence


def test_a_file_is_no_weights(tiny_checkpoint: Path) -> None:
    refusal(str(tiny_checkpoint / "model.safetensors"))


def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    refusal(str(tmp_path / "loop"))


class TestHub:
    def test_an_id_is_fetched_and_its_commit_told(self, hub: HubStandIn, tmp_path: Path) -> None:
        weights = resolve_weights("owner/cracks", [], cache=tmp_path, endpoint=hub.endpoint)
        assert weights.name == "owner/cracks"
        assert weights.commit == hub.repos["owner/cracks"].refs["main"]
        assert load_checkpoint(weights.folder).config.family == "cae"

    def test_a_revision_is_kept_to(self, hub: HubStandIn, tmp_path: Path) -> None:
        repo = hub.repos["owner/cracks"]
        first = repo.refs["main"]
        repo.commit({**repo.files, "README.md": b"newer"})
        text = f"owner/cracks@{first}"
        weights = resolve_weights(text, cache=tmp_path, endpoint=hub.endpoint)
        assert (weights.name, weights.commit) == ("owner/cracks", first)
        assert repo.refs["main"] != first

    def test_what_the_hub_refuses_is_said(self, hub: HubStandIn, tmp_path: Path) -> None:
        hub.add_repo("owner/pickled", {"pytorch_model.bin": b"", "config.json": b"{}"})
        options = {"cache": tmp_path, "endpoint": hub.endpoint}
        assert "no such model" in refusal("owner/missing", **options)
        assert "pickle" in refusal("owner/pickled", **options)
