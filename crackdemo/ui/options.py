"""The words of `python app.py`, and what they mean: light, so that --help is there at once."""

import argparse
import os
import shlex
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

from crackdemo.ui.limits import MACS_AT_HOME, Limits

_MORE = "CRACKDEMO_ARGS"
"""An environment variable with more words: a Space has no other place for them."""
_BUCKET = Path("/data")
"""Where a Space's storage is mounted, if it has any."""


@dataclass(frozen=True)
class Options:
    """How one app is to run."""

    host: str
    """The address it listens at."""
    port: int
    """And the port there."""
    runs: Path | None
    """Where fits are kept; None switches training off."""
    allowed: tuple[Path, ...]
    """Folders from which weights and data may be read by path."""
    logins: tuple[tuple[str, str], ...]
    """Names and passwords; without any, whoever reaches the page may use it."""
    names: tuple[str, ...] | None
    """Hosts under which it may be asked for; None for any."""
    cache: Path | None
    """What stays: checkpoints from the Hub; None for the place of the Hub's own client."""
    hub: tuple[str, ...] | None
    """The only models that may be had from the Hub; None for any."""
    is_offline: bool
    """Whether nothing may be asked of the network."""
    is_for_agents: bool
    """Whether they may ask too, by the Model Context Protocol."""
    root_path: str | None
    """The path before its own under which a proxy shows it."""
    limits: Limits
    """What visitors may ask for."""
    owner: str | None
    """On a Space, the Hub name of the one who may fit, rename and delete; None at home."""

    @property
    def is_space(self) -> bool:
        """Whether the Hub shows it."""
        return self.owner is not None

    @property
    def warning(self) -> str:
        """What whoever starts it should know; empty for nothing."""
        if self.is_space or self.logins or is_loopback(self.host):
            return ""
        return (
            "Everybody who reaches this machine may use the app without a login, start fits and "
            "delete runs: give --auth FILE with a line name:password for each person, or "
            "--host 127.0.0.1."
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    return host in ("localhost", "::1") or host.startswith("127.")


def read_options(
    argv: Sequence[str],
    environment: Mapping[str, str] = os.environ,
    is_installed: Callable[[str], bool] = lambda package: find_spec(package) is not None,
) -> Options:
    """Raises SystemExit, as argparse does, for --help (0) and a wrong usage (2)."""
    parser = _parser("SPACE_ID" in environment)
    args = parser.parse_args([*shlex.split(environment.get(_MORE, "")), *argv])
    space = environment.get("SPACE_ID")
    runs: Path | None = args.runs
    if space is not None:
        # visitors share one disk: without a login nobody may fit, delete or rename there
        home = _BUCKET if os.access(_BUCKET, os.W_OK) else Path()
        runs = (runs or home / "runs") if "OAUTH_CLIENT_ID" in environment else None
    else:
        runs = runs or Path("runs")
    if args.mcp and not is_installed("mcp"):
        parser.error(
            "--mcp needs the package mcp: pip install -r crackdemo/ui/requirements-mcp.txt"
        )
    try:
        logins = read_logins(args.auth) if args.auth else ()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        parser.error(f"--auth {args.auth.name}: {reason}")
    return Options(
        host=args.host,
        port=args.port,
        runs=runs,
        allowed=tuple(args.allow),
        logins=logins,
        names=None if space is not None else (*own_names(args.host), *args.names),
        cache=args.cache,
        hub=None if args.hub is None else tuple(args.hub),
        is_offline=args.offline,
        is_for_agents=args.mcp,
        root_path=args.root_path,
        limits=replace(
            Limits(),
            megapixels=args.max_megapixels,
            upload_mb=args.max_upload,
            waiting=args.waiting,
            per_minute=args.per_minute,
            cache_gb=args.cache_size,
            macs_per_pixel=MACS_AT_HOME
            # with other names a proxy shows it to others
            if space is None and is_loopback(args.host) and not args.names
            else Limits.macs_per_pixel,
        ),
        owner=None if space is None else space.partition("/")[0],
    )


def read_logins(file: Path) -> tuple[tuple[str, str], ...]:
    """Lines of name:password. Raises OSError, and ValueError where there is none."""
    lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    pairs = [line.partition(":") for line in lines if line and not line.startswith("#")]
    if not pairs or not all(name and password for name, _, password in pairs):
        raise ValueError("every line must be name:password")
    return tuple((name, password) for name, _, password in pairs)


def own_names(host: str) -> list[str]:
    """What this machine is called by those who reach it at an address it listens at."""
    names = ["localhost", "127.0.0.1", "[::1]", "::1", host]
    if not is_loopback(host):
        addresses = [each.address for card in psutil.net_if_addrs().values() for each in card]
        names += [address.partition("%")[0].lower() for address in addresses]
        name = socket.gethostname().lower()
        names += [name, f"{name}.local", socket.getfqdn().lower()]
    return [name for name in dict.fromkeys(names) if name and "*" not in name]


def scratch_parent() -> Path:
    """Where each running app has a folder of its own."""
    return Path(tempfile.gettempdir())


def _parser(is_space: bool) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=Path(sys.argv[0]).name,
        description="crackdemo: shows cracks in photos of pavement",
        epilog=f"Words in the environment variable {_MORE} come before these.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    _add_place(parser.add_argument, "0.0.0.0" if is_space else "127.0.0.1")
    _add_limits(parser.add_argument)
    return parser


def _add_place(add: Callable[..., Any], host: str) -> None:
    """Where it is, what it reads and keeps."""
    add("--host", default=host, help="address to listen at")
    add("--port", type=int, default=7860, help="port there")
    add("--auth", type=Path, metavar="FILE", help="a line name:password for each who may log in")
    add(
        "--names",
        nargs="*",
        default=[],
        metavar="HOST",
        help="more names under which browsers ask for the app, as behind a proxy",
    )
    add("--root-path", metavar="PATH", help="under which a proxy shows the app")
    add("--runs", type=Path, metavar="FOLDER", help="where fits are kept; runs if not given")
    add(
        "--allow",
        type=Path,
        nargs="*",
        default=[],
        metavar="FOLDER",
        help="folders from which weights and data may be read by path",
    )
    add(
        "--cache",
        type=Path,
        metavar="FOLDER",
        help="where weights from the Hub stay; all else is gone when the app ends",
    )
    add(
        "--hub",
        nargs="*",
        metavar="OWNER/NAME",
        help="the only models that visitors may have from the Hub; any if not given",
    )
    add("--offline", action="store_true", help="ask nothing of the network")
    add("--mcp", action="store_true", help="let agents inspect, evaluate and submit, at /mcp")


def _add_limits(add: Callable[..., Any]) -> None:
    """What visitors may ask for."""
    own = Limits()

    def count(name: str, default: float, unit: str, sentence: str) -> None:
        add(name, type=_positive, default=default, metavar=unit, help=sentence)

    count("--max-megapixels", own.megapixels, "N", "of one photo")
    count("--max-upload", own.upload_mb, "MB", "of one file")
    count("--waiting", own.waiting, "N", "photos of programs that may wait at once")
    count("--per-minute", own.per_minute, "N", "photos that a program may ask for in a minute")
    count(
        "--cache-size",
        own.cache_gb,
        "GB",
        "of detections, of uploads, and of models from the Hub in --cache",
    )


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number
