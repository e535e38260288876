from pathlib import Path

import pytest

from crackdemo.ui.limits import MACS_AT_HOME, Limits
from crackdemo.ui.options import own_names, read_logins, read_options


def test_at_home_only_this_machine_reaches_the_app() -> None:
    options = read_options([], {})
    assert (options.host, options.port, options.runs) == ("127.0.0.1", 7860, Path("runs"))
    assert options.names is not None and {"localhost", "127.0.0.1"} <= set(options.names)
    assert not options.is_space and options.warning == ""


def test_who_opens_it_to_the_network_without_a_login_is_told(tmp_path: Path) -> None:
    assert "--auth FILE" in read_options(["--host", "0.0.0.0"], {}).warning
    (tmp_path / "people").write_text("# who may\nann:secret\nbob: with : colons\n")
    given = ["--host", "0.0.0.0", "--auth", str(tmp_path / "people")]
    options = read_options(given, {})
    assert options.logins == (("ann", "secret"), ("bob", " with : colons"))
    assert options.warning == ""


@pytest.mark.parametrize("text", ["", "ann", ":secret", "ann:", "ann:x\nbob"])
def test_a_file_of_logins_that_is_none_is_refused(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "people").write_text(text)
    with pytest.raises(ValueError, match="every line must be name:password"):
        read_logins(tmp_path / "people")
    with pytest.raises(SystemExit):
        read_options(["--auth", str(tmp_path / "people")], {})
    assert "--auth people: every line must be" in capsys.readouterr().err


def test_on_a_space_runs_need_a_login_and_belong_to_the_owner() -> None:
    space = {"SPACE_ID": "me/cracks"}
    without = read_options([], space)
    assert (without.host, without.runs, without.owner) == ("0.0.0.0", None, "me")
    assert without.names is None and without.warning == ""
    assert read_options([], {**space, "OAUTH_CLIENT_ID": "x"}).runs is not None


def test_a_space_says_more_in_a_variable() -> None:
    variables = {"CRACKDEMO_ARGS": "--hub a/b 'c/d' --max-megapixels 64"}
    options = read_options([], variables)
    assert options.hub == ("a/b", "c/d") and options.limits.megapixels == 64
    assert read_options(["--max-megapixels", "50"], variables).limits.megapixels == 50
    assert read_options(["--hub"], {}).hub == ()
    assert read_options([], {}).hub is None


@pytest.mark.parametrize("word", ["--max-upload", "--waiting", "--per-minute", "--cache-size"])
def test_a_limit_of_nothing_is_refused(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_options([word, "0"], {})
    assert word in capsys.readouterr().err


def test_a_machine_is_known_by_its_addresses_but_by_no_other_name() -> None:
    names = own_names("0.0.0.0")
    assert {"localhost", "127.0.0.1", "::1"} <= set(names)
    assert "evil.example" not in names and not any("*" in name for name in names)


def test_agents_need_a_package_which_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert not read_options([], {}).is_for_agents
    assert read_options(["--mcp"], {}, lambda package: True).is_for_agents
    with pytest.raises(SystemExit):
        read_options(["--mcp"], {}, lambda package: package != "mcp")
    [_, file] = capsys.readouterr().err.strip().rsplit(" ", 1)
    assert (Path(__file__).parents[3] / file).read_text().startswith("mcp")


@pytest.mark.parametrize("words", [["--host", "0.0.0.0"], ["--names", "cracks.example"]])
def test_only_at_home_larger_networks_may_come_from_the_hub(words: list[str]) -> None:
    assert read_options([], {}).limits.macs_per_pixel == MACS_AT_HOME
    assert read_options(words, {}).limits.macs_per_pixel == Limits().macs_per_pixel
