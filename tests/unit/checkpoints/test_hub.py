import logging
import os
import shutil
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import set_client_factory

from crackdemo.checkpoints.hub import TIMEOUT, PromptClient, fetch, parse_hub_id, push
from crackdemo.errors import HubError
from tests.hub_standin import HubStandIn

WEIGHTS = bytes(range(256)) * 8000
CARD = b"---\nlicense: apache-2.0\n---\n# A model\n"
CHECKPOINT = {"model.safetensors": WEIGHTS, "config.json": b'{"family": "cae"}', "README.md": CARD}
TOKEN = "hf_a_token_that_may_write"
FETCH = "from crackdemo.checkpoints.hub import fetch; fetch"
ROOT = Path(__file__).parents[3]


@pytest.fixture
def hub() -> Iterator[HubStandIn]:
    with HubStandIn() as hub:
        hub.add_repo("owner/good", CHECKPOINT)
        hub.add_token(TOKEN, ["owner"])
        yield hub


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint to publish."""
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    for name, data in CHECKPOINT.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def short_timeout() -> Iterator[None]:
    set_client_factory(lambda: PromptClient(timeout=0.2, follow_redirects=True))
    yield
    set_client_factory(lambda: PromptClient(timeout=TIMEOUT, follow_redirects=True))


def refusal(call: Callable[[], object]) -> str:
    """The sentence that `call` fails with: one line, and nothing of this machine in it."""
    with pytest.raises(HubError) as caught:
        call()
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert "/tmp" not in sentence
    return sentence


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class TestParseHubId:
    @pytest.mark.parametrize(
        ("text", "parsed"),
        [
            ("owner/name", ("owner/name", None)),
            ("Owner-1/my.model_2", ("Owner-1/my.model_2", None)),
            ("owner/name@v1.0", ("owner/name", "v1.0")),
            ("owner/name@refs/pr/1", ("owner/name", "refs/pr/1")),
            ("owner/name@" + "0a" * 20, ("owner/name", "0a" * 20)),
        ],
    )
    def test_splits_owner_name_and_revision(
        self, text: str, parsed: tuple[str, str | None]
    ) -> None:
        assert parse_hub_id(text) == parsed

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "name",
            "owner/",
            "/name",
            "owner/name/more",
            "owner//name",
            "owner/na me",
            " owner/name",
            "owner/name\n",
            "owner/..",
            "../name",
            "owner/name@",
            "owner/name@../main",
            "owner/name@a..b",
            "owner/name@/main",
            "owner/name@a//b",
            "owner/name@v 1",
            "owner/name@v1@v2",
            "https://huggingface.co/owner/name",
            "öwner/name",
        ],
    )
    def test_says_what_an_id_looks_like_when_it_is_not_one(self, text: str) -> None:
        assert "write owner/name or owner/name@revision" in refusal(lambda: parse_hub_id(text))


class TestFetch:
    def test_brings_the_three_files_of_one_commit(self, hub: HubStandIn, cache: Path) -> None:
        repo = fetch("owner/good", cache, hub.endpoint)
        assert contents(repo.folder) == CHECKPOINT
        assert repo.repo_id == "owner/good"
        assert repo.commit == hub.repos["owner/good"].refs["main"]

    def test_brings_nothing_but_those_files(self, hub: HubStandIn, cache: Path) -> None:
        files = {**CHECKPOINT, "pytorch_model.bin": b"\x80\x04", "handler.py": b"import os"}
        hub.add_repo("owner/more", files)
        assert contents(fetch("owner/more", cache, hub.endpoint).folder) == CHECKPOINT
        assert hub.count("pytorch_model.bin") == hub.count("handler.py") == 0

    def test_does_without_a_card(self, hub: HubStandIn, cache: Path) -> None:
        files = {name: CHECKPOINT[name] for name in ("model.safetensors", "config.json")}
        hub.add_repo("owner/plain", files)
        assert contents(fetch("owner/plain", cache, hub.endpoint).folder) == files

    @pytest.mark.parametrize("kind", ["branch", "tag", "commit"])
    def test_takes_the_revision_that_was_asked_for(
        self, hub: HubStandIn, cache: Path, kind: str
    ) -> None:
        repo = hub.repos["owner/good"]
        first = repo.refs["main"]
        repo.refs |= {"v1.0": first, "refs/pr/1": first}
        repo.commit({**CHECKPOINT, "config.json": b"newer"})
        revision = {"branch": "refs/pr/1", "tag": "v1.0", "commit": first}[kind]
        assert fetch(f"owner/good@{revision}", cache, hub.endpoint).commit == first
        newest = fetch("owner/good", cache, hub.endpoint)
        assert (newest.folder / "config.json").read_bytes() == b"newer"

    def test_stays_at_one_commit_while_main_moves(self, hub: HubStandIn, cache: Path) -> None:
        repo = hub.repos["owner/good"]
        first = repo.refs["main"]
        hub.on_request = lambda seen: (
            seen.method == "HEAD"
            and repo.commit(dict.fromkeys(CHECKPOINT, f"{len(hub.requests)}".encode()))
        )
        fetched = fetch("owner/good", cache, hub.endpoint)
        assert repo.refs["main"] != first
        assert fetched.commit == first
        assert contents(fetched.folder) == CHECKPOINT

    def test_follows_main_when_it_moved_since_the_last_time(
        self, hub: HubStandIn, cache: Path
    ) -> None:
        fetch("owner/good", cache, hub.endpoint)
        newer = hub.repos["owner/good"].commit({**CHECKPOINT, "config.json": b"newer"})
        assert fetch("owner/good", cache, hub.endpoint).commit == newer
        assert hub.count("GET /cdn/") == 1  # the weights are the same and stay

    def test_reads_a_repo_in_xet_storage_over_plain_http(
        self, hub: HubStandIn, cache: Path
    ) -> None:
        hub.add_repo("owner/xet", CHECKPOINT, xet=True)
        assert contents(fetch("owner/xet", cache, hub.endpoint).folder) == CHECKPOINT
        assert hub.count("xet-read-token") == 0

    def test_reads_a_private_repo_with_the_right_token(self, hub: HubStandIn, cache: Path) -> None:
        hub.add_repo("owner/secret", CHECKPOINT, private=True)
        fetched = fetch("owner/secret", cache, hub.endpoint, TOKEN)
        assert contents(fetched.folder) == CHECKPOINT

    def test_shows_the_token_to_the_hub_alone(self, hub: HubStandIn, cache: Path) -> None:
        hub.add_repo("owner/secret", CHECKPOINT, private=True)
        fetch("owner/secret", cache, hub.endpoint, TOKEN)
        shown = {seen.authorization for seen in hub.requests if not seen.path.startswith("/cdn/")}
        assert shown == {f"Bearer {TOKEN}"}
        assert {s.authorization for s in hub.requests if s.path.startswith("/cdn/")} == {None}

    @pytest.mark.processes
    def test_does_not_use_the_token_kept_on_this_machine(
        self, hub: HubStandIn, cache: Path
    ) -> None:
        hub.add_repo("owner/secret", CHECKPOINT, private=True)
        code = f"{FETCH}('owner/secret', None, {hub.endpoint!r})"
        done = in_new_process(code, HF_TOKEN=TOKEN, HF_HOME=str(cache))
        assert "shows it only with the right token" in done.stderr
        assert {seen.authorization for seen in hub.requests} == {None}

    @pytest.mark.processes
    def test_asks_the_hub_about_nothing_but_the_model(self, hub: HubStandIn, cache: Path) -> None:
        code = "from crackdemo.checkpoints.hub import fetch; fetch('owner/good')"
        done = in_new_process(code, HF_ENDPOINT=hub.endpoint, HF_HOME=str(cache))
        assert done.returncode == 0, done.stderr
        paths = {seen.path for seen in hub.requests}
        assert {path for path in paths if "owner/good" not in path and "/cdn/" not in path} == set()


class TestFetchRefuses:
    def test_a_repo_that_is_not_there(self, hub: HubStandIn, cache: Path) -> None:
        for token in (None, TOKEN):
            sentence = refusal(lambda: fetch("owner/none", cache, hub.endpoint, token))  # noqa: B023
            assert "owner/none could not be fetched: the Hub has no such model" in sentence

    def test_a_private_repo_without_its_token(self, hub: HubStandIn, cache: Path) -> None:
        hub.add_repo("owner/secret", CHECKPOINT, private=True)
        sentence = refusal(lambda: fetch("owner/secret", cache, hub.endpoint))
        assert "only with the right token" in sentence

    @pytest.mark.parametrize("token", [None, "hf_not_on_the_list"])
    def test_a_gated_repo(self, hub: HubStandIn, cache: Path, token: str | None) -> None:
        hub.add_repo("owner/gated", CHECKPOINT, gated=True)
        hub.add_token("hf_not_on_the_list")
        assert "gated" in refusal(lambda: fetch("owner/gated", cache, hub.endpoint, token))

    @pytest.mark.parametrize("revision", ["v9", "f" * 40])
    def test_a_revision_that_is_not_there(
        self, hub: HubStandIn, cache: Path, revision: str
    ) -> None:
        sentence = refusal(lambda: fetch(f"owner/good@{revision}", cache, hub.endpoint))
        assert f"@{revision} could not be fetched" in sentence
        assert "not in this revision" in sentence

    def test_a_repo_that_has_only_a_pickle(self, hub: HubStandIn, cache: Path) -> None:
        hub.add_repo("owner/pickle", {"pytorch_model.bin": b"\x80\x04", "config.json": b"{}"})
        sentence = refusal(lambda: fetch("owner/pickle", cache, hub.endpoint))
        assert "owner/pickle has no model.safetensors" in sentence
        assert "pickle" in sentence
        assert hub.count("pytorch_model.bin") == 0

    def test_a_repo_without_a_config_before_it_downloads_the_weights(
        self, hub: HubStandIn, cache: Path
    ) -> None:
        hub.add_repo("owner/bare", {"model.safetensors": WEIGHTS})
        assert "no config.json" in refusal(lambda: fetch("owner/bare", cache, hub.endpoint))
        assert hub.count("GET /cdn/") == 0

    @pytest.mark.parametrize("size", [500_000_001, None])
    def test_weights_too_large_or_of_unknown_size_before_it_downloads_them(
        self, hub: HubStandIn, cache: Path, size: int | None
    ) -> None:
        hub.repos["owner/good"].announced["model.safetensors"] = size
        sentence = refusal(lambda: fetch("owner/good", cache, hub.endpoint))
        assert "model.safetensors" in sentence
        assert "larger than 500 MB" in sentence
        assert hub.count("GET /cdn/") == 0

    def test_a_config_too_large_before_it_downloads_it(self, hub: HubStandIn, cache: Path) -> None:
        hub.add_repo("owner/long", {**CHECKPOINT, "config.json": b" " * 1_000_001})
        sentence = refusal(lambda: fetch("owner/long", cache, hub.endpoint))
        assert "larger than 1 MB" in sentence
        assert hub.count("GET /owner/long/resolve") == 0

    @pytest.mark.parametrize("token", ["hf_ünreadable", "two words", "hf_a\nb"])
    def test_what_cannot_be_a_token_before_it_asks_the_hub(
        self, hub: HubStandIn, cache: Path, token: str
    ) -> None:
        assert token not in refusal(lambda: fetch("owner/good", cache, hub.endpoint, token))
        assert not hub.requests

    def test_a_token_that_the_hub_does_not_know(self, hub: HubStandIn, cache: Path) -> None:
        sentence = refusal(lambda: fetch("owner/good", cache, hub.endpoint, "hf_old"))
        assert "does not accept the token" in sentence


class TestFetchOnABadConnection:
    def test_takes_the_commit_from_the_cache(self, hub: HubStandIn, cache: Path) -> None:
        fetched = fetch("owner/good", cache, hub.endpoint)
        hub.go_down()
        assert fetch("owner/good", cache, hub.endpoint) == fetched
        assert fetch(f"owner/good@{fetched.commit}", cache, hub.endpoint) == fetched

    def test_takes_a_model_without_a_card_from_the_cache(
        self, hub: HubStandIn, cache: Path
    ) -> None:
        hub.add_repo("owner/plain", {"model.safetensors": WEIGHTS, "config.json": b"{}"})
        fetched = fetch("owner/plain", cache, hub.endpoint)
        hub.faults["GET /api/"] = 503
        asked = hub.count("README.md")
        assert fetch("owner/plain", cache, hub.endpoint) == fetched
        assert hub.count("README.md") == asked

    def test_says_that_the_hub_cannot_be_reached(self, hub: HubStandIn, cache: Path) -> None:
        hub.go_down()
        sentence = refusal(lambda: fetch("owner/good", cache, hub.endpoint))
        assert "the Hub cannot be reached; check the network" in sentence

    def test_says_so_too_when_the_hub_vanishes_before_the_files(
        self, hub: HubStandIn, cache: Path
    ) -> None:
        hub.on_request = lambda seen: hub.go_down() if seen.path.startswith("/api/") else None
        assert "cannot be reached" in refusal(lambda: fetch("owner/good", cache, hub.endpoint))

    def test_asks_a_busy_hub_only_once(self, hub: HubStandIn, cache: Path) -> None:
        hub.faults["GET /api/"] = 503
        assert "the Hub answered 503" in refusal(lambda: fetch("owner/good", cache, hub.endpoint))
        assert len(hub.requests) == 1

    @pytest.mark.parametrize(
        ("status", "words"), [(416, "incomplete"), (429, "slow down"), (502, "answered 502")]
    )
    def test_says_what_the_hub_answered_instead_of_a_file(
        self, hub: HubStandIn, cache: Path, status: int, words: str
    ) -> None:
        hub.faults["GET /cdn/"] = status
        assert words in refusal(lambda: fetch("owner/good", cache, hub.endpoint))
        assert hub.count("GET /cdn/") == 1

    @pytest.mark.usefixtures("short_timeout")
    @pytest.mark.parametrize("silent", ["GET /api/", "HEAD /owner/good", "GET /cdn/"])
    def test_does_not_wait_for_a_silent_hub(
        self, hub: HubStandIn, cache: Path, silent: str
    ) -> None:
        hub.faults[silent] = "hang"
        assert "in time" in refusal(lambda: fetch("owner/good", cache, hub.endpoint))
        assert hub.count(silent) == 1

    @pytest.mark.parametrize("at", ["GET /api/", "HEAD /owner/good"])
    def test_is_not_taken_in_by_a_hotels_login_page(
        self, hub: HubStandIn, cache: Path, at: str
    ) -> None:
        hub.faults[at] = "portal"
        assert "not the Hub" in refusal(lambda: fetch("owner/good", cache, hub.endpoint))

    @pytest.mark.parametrize(
        ("fault", "words"), [("truncate", "broke off"), ("shorten", "incomplete")]
    )
    def test_throws_an_incomplete_download_away(
        self, hub: HubStandIn, cache: Path, fault: str, words: str
    ) -> None:
        hub.faults["GET /cdn/"] = fault
        assert words in refusal(lambda: fetch("owner/good", cache, hub.endpoint))
        assert not [path for path in cache.rglob("*") if "safetensors" in path.name]
        assert not [path for path in cache.rglob("*") if path.stat().st_size == len(WEIGHTS) // 2]
        hub.faults.clear()
        assert contents(fetch("owner/good", cache, hub.endpoint).folder) == CHECKPOINT

    def test_goes_on_when_a_download_broke_off(self, hub: HubStandIn, cache: Path) -> None:
        large = {**CHECKPOINT, "model.safetensors": WEIGHTS * 12}  # more than the client buffers
        hub.add_repo("owner/large", large)
        hub.faults["GET /cdn/"] = "cut"
        assert contents(fetch("owner/large", cache, hub.endpoint).folder) == large
        assert hub.count("GET /cdn/") == 2

    @pytest.mark.processes
    def test_names_the_setting_that_forbids_the_network(self, hub: HubStandIn, cache: Path) -> None:
        code = f"{FETCH}('owner/good', None, {hub.endpoint!r})"
        done = in_new_process(code, HF_HUB_OFFLINE="1", HF_HOME=str(cache))
        assert "HubError: owner/good could not be fetched: HF_HUB_OFFLINE forbids" in done.stderr
        assert not hub.requests

    def test_says_what_the_disk_answered(self, hub: HubStandIn, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        sentence = refusal(lambda: fetch("owner/good", tmp_path / "file", hub.endpoint))
        assert "disk" in sentence


class TestPush:
    def test_publishes_what_a_fetch_brings_back(
        self, hub: HubStandIn, cache: Path, folder: Path
    ) -> None:
        url = push(folder, "owner/new", TOKEN, endpoint=hub.endpoint)
        fetched = fetch("owner/new", cache, hub.endpoint, TOKEN)
        assert contents(fetched.folder) == CHECKPOINT
        assert url == f"{hub.endpoint}/owner/new/commit/{fetched.commit}"

    def test_makes_one_commit(self, hub: HubStandIn, folder: Path) -> None:
        push(folder, "owner/new", TOKEN, endpoint=hub.endpoint)
        assert hub.count("POST /api/models/owner/new/commit/main") == 1
        assert len(hub.repos["owner/new"].commits) == 2  # the first is the Hub's own

    def test_leaves_other_files_of_the_folder_at_home(self, hub: HubStandIn, folder: Path) -> None:
        (folder / "last.safetensors").write_bytes(b"optimizer")
        push(folder, "owner/new", TOKEN, endpoint=hub.endpoint)
        assert set(hub.repos["owner/new"].files) == {*CHECKPOINT, ".gitattributes"}

    def test_takes_an_onnx_file_along_where_it_is_given(
        self, hub: HubStandIn, folder: Path
    ) -> None:
        push(folder, "owner/new", TOKEN, endpoint=hub.endpoint, onnx=b"graph")
        assert hub.repos["owner/new"].files["onnx/model.onnx"] == b"graph"
        assert hub.count("POST /api/models/owner/new/commit/main") == 1

    @pytest.mark.parametrize("private", [True, False])
    def test_publishes_to_whom_it_was_told(
        self, hub: HubStandIn, folder: Path, private: bool
    ) -> None:
        push(folder, "owner/new", TOKEN, private, hub.endpoint)
        assert hub.repos["owner/new"].private is private

    def test_is_private_unless_told_otherwise(self, hub: HubStandIn, folder: Path) -> None:
        push(folder, "owner/new", TOKEN, endpoint=hub.endpoint)
        assert hub.repos["owner/new"].private

    def test_reports_its_steps(self, hub: HubStandIn, folder: Path) -> None:
        steps: list[str] = []
        push(folder, "owner/new", TOKEN, endpoint=hub.endpoint, on_progress=steps.append)
        assert steps == ["Creating owner/new", "Uploading 2.0 MB", "Published"]

    def test_neither_keeps_nor_logs_the_token(
        self, hub: HubStandIn, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        logging.getLogger("huggingface_hub").addHandler(caplog.handler)
        hub.faults["PUT /lfs/"] = "cut"
        with (
            caplog.at_level(logging.DEBUG),
            caplog.at_level(logging.DEBUG, "huggingface_hub"),
            pytest.raises(HubError) as caught,
        ):
            push(folder, "owner/new", TOKEN, endpoint=hub.endpoint)
        logging.getLogger("huggingface_hub").removeHandler(caplog.handler)
        assert "/api/repos/create" in caplog.text
        assert TOKEN not in caplog.text
        assert TOKEN not in "".join(traceback.format_exception(caught.value))
        kept = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert not [path for path in kept if TOKEN.encode() in path.read_bytes()]


class TestPushRefuses:
    def test_a_name_that_is_taken(self, hub: HubStandIn, folder: Path) -> None:
        before = dict(hub.repos["owner/good"].refs)
        sentence = refusal(lambda: push(folder, "owner/good", TOKEN, endpoint=hub.endpoint))
        assert "owner/good already exists on the Hub" in sentence
        assert hub.repos["owner/good"].refs == before

    def test_an_empty_repo_that_others_can_see(self, hub: HubStandIn, folder: Path) -> None:
        hub.add_repo("owner/empty", {".gitattributes": b""}, private=False)
        sentence = refusal(lambda: push(folder, "owner/empty", TOKEN, endpoint=hub.endpoint))
        assert "already exists" in sentence
        assert set(hub.repos["owner/empty"].files) == {".gitattributes"}

    def test_a_token_without_the_rights(self, hub: HubStandIn, folder: Path) -> None:
        hub.add_token("hf_reader")
        sentence = refusal(lambda: push(folder, "owner/new", "hf_reader", endpoint=hub.endpoint))
        assert "owner/new could not be published: the token lacks the right" in sentence
        assert "owner/new" not in hub.repos

    def test_a_token_that_the_hub_does_not_know(self, hub: HubStandIn, folder: Path) -> None:
        sentence = refusal(lambda: push(folder, "owner/new", "hf_old", endpoint=hub.endpoint))
        assert "does not accept the token" in sentence

    @pytest.mark.parametrize("token", ["", "  ", "hf_ünreadable"])
    def test_what_cannot_be_a_token(self, hub: HubStandIn, folder: Path, token: str) -> None:
        sentence = refusal(lambda: push(folder, "owner/new", token, endpoint=hub.endpoint))
        assert "not a token" in sentence
        assert not hub.requests

    @pytest.mark.parametrize("name", CHECKPOINT)
    def test_a_folder_that_lacks_a_file(self, hub: HubStandIn, folder: Path, name: str) -> None:
        (folder / name).unlink()
        sentence = refusal(lambda: push(folder, "owner/new", TOKEN, endpoint=hub.endpoint))
        assert f"has no {name}" in sentence
        assert not hub.requests

    def test_what_is_no_id(self, hub: HubStandIn, folder: Path) -> None:
        sentence = refusal(lambda: push(folder, "my model", TOKEN, endpoint=hub.endpoint))
        assert sentence == (
            "'my model' is not a Hub id: write owner/name, in letters, digits, “-”, “_” and “.”."
        )

    def test_an_id_with_a_revision(self, hub: HubStandIn, folder: Path) -> None:
        sentence = refusal(lambda: push(folder, "owner/new@v1", TOKEN, endpoint=hub.endpoint))
        assert "owner/name alone" in sentence

    def test_a_card_that_the_hub_refuses_and_says_why(self, hub: HubStandIn, folder: Path) -> None:
        (folder / "README.md").write_text("---\nlicense: nonsense\n---\n")
        sentence = refusal(lambda: push(folder, "owner/new", TOKEN, endpoint=hub.endpoint))
        assert '"license" must be one of' in sentence


class TestPushOnABadConnection:
    @pytest.mark.parametrize(
        "step", ["PUT /lfs/", "POST /owner/new.git/info/lfs/", "POST /api/models/owner/new/commit"]
    )
    def test_publishes_nothing_when_it_breaks_and_everything_the_next_time(
        self, hub: HubStandIn, cache: Path, folder: Path, step: str
    ) -> None:
        hub.faults[step] = "cut"
        sentence = refusal(lambda: push(folder, "owner/new", TOKEN, endpoint=hub.endpoint))
        assert "the connection to the Hub broke off" in sentence
        assert hub.count(step) == 1
        assert set(hub.repos["owner/new"].files) == {".gitattributes"}
        push(folder, "owner/new", TOKEN, endpoint=hub.endpoint)
        assert contents(fetch("owner/new", cache, hub.endpoint, TOKEN).folder) == CHECKPOINT

    @pytest.mark.parametrize("moment", ["Creating", "Uploading"])
    def test_a_run_that_is_deleted_meanwhile_is_named_without_its_place(
        self, hub: HubStandIn, folder: Path, moment: str
    ) -> None:
        def delete(step: str) -> None:
            if step.startswith(moment):
                shutil.rmtree(folder)

        sentence = refusal(lambda: push(folder, "owner/new", TOKEN, False, hub.endpoint, delete))
        assert "moved or deleted meanwhile" in sentence and str(folder) not in sentence

    def test_says_that_the_hub_cannot_be_reached(self, hub: HubStandIn, folder: Path) -> None:
        hub.go_down()
        sentence = refusal(lambda: push(folder, "owner/new", TOKEN, endpoint=hub.endpoint))
        assert "cannot be reached" in sentence

    @pytest.mark.parametrize("step", ["POST /api/models/owner/new/preupload", "PUT /lfs/"])
    def test_asks_a_busy_hub_only_once(self, hub: HubStandIn, folder: Path, step: str) -> None:
        hub.faults[step] = 503
        sentence = refusal(lambda: push(folder, "owner/new", TOKEN, endpoint=hub.endpoint))
        assert "the Hub answered 503" in sentence
        assert hub.count(step) == 1

    @pytest.mark.usefixtures("short_timeout")
    @pytest.mark.parametrize("silent", ["POST /api/repos/create", "PUT /lfs/"])
    @pytest.mark.processes
    def test_does_not_wait_for_a_silent_hub(
        self, hub: HubStandIn, folder: Path, silent: str
    ) -> None:
        hub.faults[silent] = "hang"
        sentence = refusal(lambda: push(folder, "owner/new", TOKEN, endpoint=hub.endpoint))
        assert "in time" in sentence
        assert hub.count(silent) == 1


def in_new_process(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs `code` where the client reads these settings: it does so once, when it is imported."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_client_never_waits_longer_than_its_own_timeout() -> None:
    request = httpx2.Request("GET", "http://127.0.0.1:9/", extensions={"timeout": {"read": None}})
    with PromptClient(timeout=TIMEOUT) as client, pytest.raises(httpx2.TransportError):
        client.send(request)
    assert request.extensions["timeout"] == {"connect": 3, "read": 15, "write": 15, "pool": 15}
