from pathlib import Path

from crackdemo.ui.holdings import Holdings


def test_a_file_is_held_as_long_as_its_visitor_is_here(tmp_path: Path) -> None:
    holdings = Holdings()
    holdings.hold("ann", [tmp_path / "a.png", tmp_path / "set"])
    holdings.hold("", [tmp_path / "nobodys.png"])
    here = {"ann"}
    for path in (tmp_path / "a.png", tmp_path / "set" / "deep" / "b.png"):
        assert holdings.is_held(path, here.__contains__)
        assert not holdings.is_held(path, lambda name: False)
    assert not holdings.is_held(tmp_path / "nobodys.png", lambda name: True)


def test_what_is_gone_is_forgotten(tmp_path: Path) -> None:
    holdings = Holdings()
    (tmp_path / "there.png").touch()
    holdings.hold("ann", [tmp_path / "there.png", tmp_path / "gone.png"])
    holdings.forget_missing()
    assert holdings.is_held(tmp_path / "there.png", lambda name: True)
    assert not holdings.is_held(tmp_path / "gone.png", lambda name: True)


def test_one_photo_may_be_held_by_several(tmp_path: Path) -> None:
    holdings = Holdings()
    for visitor in ("ann", "bob"):
        holdings.hold(visitor, [tmp_path / "same.png"])
    for visitor in ("ann", "bob"):
        assert holdings.is_held(tmp_path / "same.png", {visitor}.__contains__)
    assert not holdings.is_held(tmp_path / "same.png", {"eve"}.__contains__)
