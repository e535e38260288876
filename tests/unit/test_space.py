"""What the Hub reads of the README before it builds the Space."""

import re
from pathlib import Path

import pytest
from huggingface_hub.repocard import metadata_load
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[2]
KEYS = {
    *("title", "emoji", "colorFrom", "colorTo"),
    *("sdk", "python_version", "sdk_version", "suggested_hardware"),
    *("suggested_storage", "app_file", "app_build_command", "app_port"),
    *("base_path", "fullWidth", "header", "short_description"),
    *("models", "datasets", "tags", "thumbnail"),
    *("pinned", "hf_oauth", "hf_oauth_scopes", "hf_oauth_expiration_minutes"),
    *("hf_oauth_authorized_org", "disable_embedding", "startup_duration_timeout", "custom_headers"),
    *("preload_from_hub", "license"),
}
"""As huggingface.co/docs/hub/spaces-config-reference has them, and `license` of every repo."""
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
SCOPES = {
    *("email", "read-repos", "write-repos", "manage-repos", "contribute-repos", "read-mcp"),
    *("inference-api", "write-discussions", "jobs", "webhooks", "read-billing"),
}


@pytest.fixture(scope="module")
def front() -> dict[str, object]:
    values = metadata_load(ROOT / "README.md")
    assert isinstance(values, dict)
    return values


def test_the_hub_knows_every_key(front: dict[str, object]) -> None:
    assert set(front) <= KEYS
    assert {front["colorFrom"], front["colorTo"]} <= COLOURS
    assert set(front["hf_oauth_scopes"]) <= SCOPES
    assert len(str(front["short_description"])) <= 60
    assert (ROOT / str(front["app_file"])).is_file()


def test_the_hub_installs_what_the_requirements_ask_for(front: dict[str, object]) -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    asked = {each.name: each.specifier for each in map(Requirement, filter(None, lines))}
    assert str(front["sdk_version"]) in asked["gradio"]
    assert isinstance(front["python_version"], str)
    project = (ROOT / "pyproject.toml").read_text()
    needed = re.search(r'requires-python = "(.*)"', project)
    assert needed is not None and f"{front['python_version']}.0" in SpecifierSet(needed[1])
    # the torch versions of ZeroGPU hardware
    assert all(version in asked["torch"] for version in ("2.8.0", "2.9.1", "2.10.0", "2.11.0"))
