"""Ray, started on this machine or found elsewhere: the only module that imports it."""

import logging
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from urllib.parse import urlsplit

from crackdemo.errors import SurveyError

_STORE_BYTES = 512_000_000
"""For what passes between processes: names, hashes and rows, never pixels."""
_PATIENCE = 5
"""Seconds to wait for a cluster's address to answer at all."""


@dataclass(frozen=True)
class Cluster:
    """Ray, connected, and what it may use."""

    ray: ModuleType
    """With ray.data."""
    workers: int
    """Processes that inspect photos."""
    gpus: int
    """Graphics cards that each of them has to itself, 0 or 1."""


@contextmanager
def connected(address: str | None, workers: int | None) -> Iterator[Cluster]:
    """A cluster on this machine alone, which nothing outside reaches and which is gone afterwards;
    or the one at an address.

    workers: by default one for each graphics card, or else for each core. Raises SurveyError.
    """
    if address is None:
        _stay_at_home()
    ray = _imported()
    with tempfile.TemporaryDirectory(prefix="crackdemo-", ignore_cleanup_errors=True) as scratch:
        if address is None:
            ray.init(
                num_cpus=workers or os.cpu_count() or 1,
                object_store_memory=_STORE_BYTES,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                _temp_dir=scratch,
            )
        else:
            _join(ray, address)
        try:
            yield _measured(ray, workers)
        finally:
            ray.shutdown()


def _stay_at_home() -> None:
    """Ray reads these before it starts: nothing is reported to its makers, every port is opened on
    the loopback device alone, and others on this machine lack the token."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    os.environ["RAY_AUTH_MODE"] = "token"
    # once in a process: Ray remembers the first
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


def _imported() -> ModuleType:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # it warns of what Ray Data itself does; what concerns a person is said here
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    import ray
    import ray.data

    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    # what a worker could not do is done again, one photo at a time, see survey.py
    context.max_errored_blocks = -1
    found: ModuleType = ray
    return found


def _join(ray: ModuleType, address: str) -> None:
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        raise SurveyError(f"“{address}” is no address: give host:port.") from None
    if host and port:  # “auto” has none
        _knock(address, host, port)
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:  # of many kinds, none of them documented
        first = str(error).partition("\n")[0].rstrip(".")
        raise SurveyError(f"There is no Ray cluster at {address} ({first}): check it.") from None


def _knock(address: str, host: str, port: int) -> None:
    """Ray would try for minutes."""
    try:
        socket.create_connection((host, port), _PATIENCE).close()
    except OSError as error:
        why = error.strerror or "it does not answer"
        raise SurveyError(f"There is no Ray cluster at {address} ({why}): check it.") from None


def _measured(ray: ModuleType, workers: int | None) -> Cluster:
    has = ray.cluster_resources()
    cards, cores = int(has.get("GPU", 0)), int(has.get("CPU", 0))
    room = cards or cores
    if (workers or 1) > room:
        raise SurveyError(
            f"The cluster has room for {room} workers, one for each graphics card or else each "
            f"core, not for {workers}: give fewer --workers."
        )
    return Cluster(ray, workers or room, 1 if cards else 0)
