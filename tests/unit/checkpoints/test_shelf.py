"""Room for models of the Hub, in a cache that its real client has written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crackdemo.checkpoints.hub import fetch
from crackdemo.checkpoints.layout import SIZE_LIMITS
from crackdemo.checkpoints.shelf import RECENT_SECONDS, Shelf
from crackdemo.errors import HubError
from tests.hub_standin import HubStandIn

ONE = sum(SIZE_LIMITS.values())
"""Bytes that are kept free for a model of unknown size."""
WEIGHTS = 1_000_000


class Clock:
    now = 1e9

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hub() -> Iterator[HubStandIn]:
    with HubStandIn() as hub:
        for name in "abcd":
            weights = name.encode() * WEIGHTS
            hub.add_repo(f"o/{name}", {"model.safetensors": weights, "config.json": b"{}"})
        yield hub


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shelf(tmp_path: Path, clock: Clock) -> Shelf:
    """Has room for two models, but not for the third on its way while both are there."""
    return Shelf(tmp_path, WEIGHTS * 3 // 2 + ONE, lambda disk: 10**12, clock)


def get(shelf: Shelf, hub: HubStandIn, folder: Path, name: str, *keep: str) -> None:
    with shelf.room_for(f"o/{name}", [f"o/{each}" for each in keep]):
        fetch(f"o/{name}", folder, hub.endpoint)


def there(folder: Path) -> set[str]:
    return {each.name[-1] for each in folder.glob("models--*")}


def test_the_one_longest_not_asked_for_makes_room(
    shelf: Shelf, hub: HubStandIn, tmp_path: Path, clock: Clock
) -> None:
    for name in "ab":
        get(shelf, hub, tmp_path, name)
        clock.now += RECENT_SECONDS + 1
    shelf.use("o/a")
    clock.now += RECENT_SECONDS + 1
    get(shelf, hub, tmp_path, "c")
    assert there(tmp_path) == {"a", "c"}
    assert fetch("o/b", tmp_path, hub.endpoint).folder.is_dir()  # it may come again


def test_what_is_kept_or_was_just_asked_for_stays_and_the_new_one_is_refused(
    shelf: Shelf, hub: HubStandIn, tmp_path: Path, clock: Clock
) -> None:
    get(shelf, hub, tmp_path, "a")
    clock.now += RECENT_SECONDS + 1
    get(shelf, hub, tmp_path, "b")
    with pytest.raises(HubError, match="no room for another model"):
        get(shelf, hub, tmp_path, "c", "a")
    assert there(tmp_path) == {"a", "b"}
    get(shelf, hub, tmp_path, "c")
    assert there(tmp_path) == {"b", "c"}


def test_of_those_on_their_way_each_has_room(
    shelf: Shelf, hub: HubStandIn, tmp_path: Path, clock: Clock
) -> None:
    with (
        shelf.room_for("o/a"),
        pytest.raises(HubError, match="no room"),
        shelf.room_for("o/b"),
    ):
        pass
    get(shelf, hub, tmp_path, "b")


def test_what_a_broken_download_left_counts(
    shelf: Shelf, hub: HubStandIn, tmp_path: Path, clock: Clock
) -> None:
    get(shelf, hub, tmp_path, "a")
    (tmp_path / "models--o--a" / "blobs" / "x.incomplete").write_bytes(b"x" * WEIGHTS)
    clock.now += RECENT_SECONDS + 1
    get(shelf, hub, tmp_path, "b")
    assert there(tmp_path) == {"b"}


def test_a_full_disk_bounds_it_too(tmp_path: Path, hub: HubStandIn, clock: Clock) -> None:
    shelf = Shelf(tmp_path, 10**12, lambda disk: ONE - 1, clock)
    with pytest.raises(HubError, match="no room"):
        get(shelf, hub, tmp_path, "a")
    (tmp_path / "other").write_text("not the client's")
    get(Shelf(tmp_path, 10**12, lambda disk: ONE, clock), hub, tmp_path, "a")
    assert (tmp_path / "other").exists()
