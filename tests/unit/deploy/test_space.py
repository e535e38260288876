"""The real client against the stand-in: what a Space holds after it was sent."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from crackdemo.errors import HubError
from deploy.space import committed, main, send, told_of_storage
from tests.hub_standin import HubStandIn

TOKEN = "hf_a_token_that_may_write"
NAME, SPACE = "owner/cracks", "spaces/owner/cracks"
COMMIT = "0123456789ab" + "0" * 28
FILES = {
    "README.md": b"---\nsdk: gradio\n---\n",
    "app.py": b"print()",
    "checkpoints/a/model.safetensors": bytes(range(256)) * 40,
}


@pytest.fixture
def hub() -> Iterator[HubStandIn]:
    with HubStandIn() as hub:
        hub.add_token(TOKEN, ["owner"])
        yield hub


@pytest.fixture
def api(hub: HubStandIn) -> HfApi:
    return HfApi(endpoint=hub.endpoint, token=TOKEN)


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    for name in ("app.py", "notes.txt", "tests/test_a.py", "crackdemo/tests.py", ".ci/check"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / ".gitignore").write_text("notes.txt\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    return tmp_path


class TestCommitted:
    def test_is_the_last_commit_without_tests_and_what_git_ignores(self, clone: Path) -> None:
        (clone / "app.py").write_text("not committed")
        (clone / "new.py").write_text("not committed")
        commit, files = committed(clone)
        assert len(commit) == 40
        assert files.keys() == {".gitignore", "app.py", "crackdemo/tests.py"}
        assert files["app.py"] == b"app.py"

    def test_says_that_nothing_is_committed(self, tmp_path: Path) -> None:
        with pytest.raises(HubError, match="in a clone"):
            committed(tmp_path)


class TestSend:
    def test_creates_a_space_that_holds_exactly_the_files(
        self, hub: HubStandIn, api: HfApi
    ) -> None:
        address = send(api, NAME, COMMIT, FILES, private=True)
        assert address == f"{hub.endpoint}/spaces/{NAME}"
        space = hub.repos[SPACE]
        assert space.files == {".gitattributes": space.files[".gitattributes"], **FILES}
        assert space.private

    def test_updates_it_in_one_commit_and_removes_what_is_gone(
        self, hub: HubStandIn, api: HfApi
    ) -> None:
        send(api, NAME, COMMIT, {**FILES, "old.py": b"", "folder/old.py": b""}, private=False)
        commits = len(hub.repos[SPACE].commits)
        send(api, NAME, COMMIT, {**FILES, "app.py": b"new"}, private=True)
        space = hub.repos[SPACE]
        assert space.files.keys() - {".gitattributes"} == FILES.keys()
        assert space.files["app.py"] == b"new"
        assert len(space.commits) == commits + 1
        assert not space.private  # a Space that is there stays as visible as it was

    def test_names_the_commit(self, hub: HubStandIn, api: HfApi) -> None:
        send(api, NAME, COMMIT, FILES, private=False)
        assert hub.repos[SPACE].messages == ["crackdemo at 0123456789ab"]

    def test_a_model_of_the_same_name_stays(self, hub: HubStandIn, api: HfApi) -> None:
        hub.add_repo(NAME, {"config.json": b"{}"})
        send(api, NAME, COMMIT, FILES, private=False)
        assert hub.repos[NAME].files == {"config.json": b"{}"}

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("another/cracks", "lacks the right"),
            ("cracks", "write owner/name"),
            (f"{NAME}@v1", "takes owner/name alone"),
        ],
    )
    def test_says_in_a_sentence_what_it_may_not(self, api: HfApi, name: str, reason: str) -> None:
        with pytest.raises(HubError, match=reason):
            send(api, name, COMMIT, FILES, private=False)

    def test_what_breaks_off_changes_nothing(self, hub: HubStandIn, api: HfApi) -> None:
        send(api, NAME, COMMIT, FILES, private=False)
        hub.faults["PUT /lfs/"] = "cut"
        with pytest.raises(HubError, match="broke off"):
            weights = {"checkpoints/a/model.safetensors": b"other"}
            send(api, NAME, COMMIT, {**FILES, **weights}, private=False)
        assert hub.repos[SPACE].files.items() >= FILES.items()


class TestStorage:
    @pytest.mark.parametrize(
        ("volumes", "told"),
        [
            ([], "has no storage"),
            ([{"type": "bucket", "source": "owner/runs", "mountPath": "/data"}], "are kept"),
            ([{"type": "bucket", "source": "owner/runs", "mountPath": "/other"}], "has no storage"),
            (
                [{"type": "model", "source": "a/b", "mountPath": "/data", "readOnly": True}],
                "has no storage",
            ),
        ],
    )
    def test_says_whether_fits_stay(
        self, hub: HubStandIn, api: HfApi, volumes: list[dict[str, object]], told: str
    ) -> None:
        send(api, NAME, COMMIT, FILES, private=False)
        hub.repos[SPACE].volumes = volumes
        assert told in told_of_storage(api, NAME)


class TestMain:
    def test_sends_this_repository(self, hub: HubStandIn, api: HfApi) -> None:
        said: list[str] = []
        assert main([NAME, "--private"], api, said.append) == 0
        files = hub.repos[SPACE].files
        assert {"app.py", "README.md", "requirements.txt"} <= files.keys()
        assert not any(name.startswith("tests/") for name in files)
        assert f"{hub.endpoint}/spaces/{NAME}" in said

    def test_is_2_with_a_sentence_where_it_fails(
        self, api: HfApi, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["another/cracks"], api) == 2
        assert capsys.readouterr().err.startswith("another/cracks could not be sent:")
