"""Who may do what on a Space, where visitors log in, and at home, where they do not."""

import time
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from gradio.context import LocalContext

from crackdemo.errors import HubError, RunError
from crackdemo.runs.jobs import Jobs
from crackdemo.ui.owner import OwnersJobs, check, is_asking
from crackdemo.ui.train.push_box import token_of


def profile(name: str) -> gr.OAuthProfile:
    return gr.OAuthProfile({"name": name, "preferred_username": name, "profile": "", "picture": ""})


def login(scope: str) -> gr.OAuthToken:
    return gr.OAuthToken(token="hf_login", scope=scope, expires_at=int(time.time()) + 60)


def test_at_home_everybody_may() -> None:
    check(None, None)


def test_on_a_space_only_its_owner_may() -> None:
    check("me", profile("me"))
    for visitor in (None, profile("you"), profile("ME ")):
        with pytest.raises(RunError, match="only its owner, me, may fit"):
            check("me", visitor)


def test_at_home_the_typed_token_publishes() -> None:
    assert token_of(None, "hf_typed", None) == "hf_typed"
    with pytest.raises(HubError, match="The token is missing"):
        token_of(None, " ", None)


def test_on_a_space_the_login_publishes_where_it_has_the_right() -> None:
    assert token_of("me", "hf_typed", login("openid profile contribute-repos")) == "hf_login"
    for held in (None, login("openid profile")):
        with pytest.raises(HubError, match="allow “contribute-repos”"):
            token_of("me", "hf_typed", held)


class TestRunsOfASpace:
    """Whoever is not the owner sees none of them."""

    @pytest.fixture
    def runs(self, tmp_path: Path) -> Path:
        run = tmp_path / "runs" / "my-street"
        run.mkdir(parents=True)
        (run / "config.json").write_text("{}")
        (run / "status.json").write_text('{"status": "done"}')
        return run.parent

    def test_for_a_stranger_there_are_none(self, runs: Path) -> None:
        jobs = OwnersJobs(runs, [], "me", may=lambda owner: False)
        assert (jobs.names(), jobs.finished(), jobs.jobs()) == ([], [], [])
        for name in ("my-street", "no such"):
            for look in (jobs.run_folder, jobs.job, jobs.cancel, jobs.resume, jobs.delete):
                with pytest.raises(RunError, match="The runs here are me’s alone: log in as me"):
                    look(name)
        assert (runs / "my-street").is_dir()

    def test_for_the_owner_they_are_as_at_home(self, runs: Path) -> None:
        jobs = OwnersJobs(runs, [], "me", may=lambda owner: owner == "me")
        assert jobs.names() == Jobs(runs).names() == ["my-street"]

    @pytest.mark.parametrize(
        ("name", "seconds", "is_owner"),
        [("me", 60, True), ("you", 60, False), ("me", -60, False), (None, 60, False)],
    )
    def test_the_owner_is_known_by_a_login_that_holds(
        self, name: str | None, seconds: float, is_owner: bool
    ) -> None:
        login = {"expires_at": time.time() + seconds, "userinfo": {"preferred_username": name}}
        scope = {"session": {"oauth_info": login} if name else {}}
        before = LocalContext.request.set(SimpleNamespace(request=SimpleNamespace(scope=scope)))
        try:
            assert is_asking("me") is is_owner
        finally:
            LocalContext.request.reset(before)
        assert not is_asking("me")
