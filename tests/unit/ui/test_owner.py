"""Who may do what on a Space, where visitors log in, and at home, where they do not."""

import time

import gradio as gr
import pytest

from crackdemo.errors import HubError, RunError
from crackdemo.ui.owner import check
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
