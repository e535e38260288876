"""Builds the page and launches it; nothing else."""

import argparse
import os
import tempfile
from pathlib import Path

from crackdemo.ui.layout import launch
from crackdemo.ui.workbench import Workbench


def main() -> None:
    """python app.py [--host --port --runs FOLDER --allow FOLDER...]"""
    parser = argparse.ArgumentParser(description="crackdemo: shows cracks in photos of pavement")
    on_space = "SPACE_ID" in os.environ
    parser.add_argument("--host", default="0.0.0.0" if on_space else "127.0.0.1")
    parser.add_argument("--port", type=int, default=7860)
    parser.add_argument(
        "--runs", type=Path, default=Path("runs"), metavar="FOLDER", help="where fits are kept"
    )
    parser.add_argument(
        "--allow",
        type=Path,
        nargs="*",
        default=[],
        metavar="FOLDER",
        help="folders from which weights and data may be read by path",
    )
    args = parser.parse_args()
    # on a Space visitors share one disk: without a login nobody may fit, delete or rename there
    owner = os.environ["SPACE_ID"].partition("/")[0] if on_space else None
    runs = None if on_space and "OAUTH_CLIENT_ID" not in os.environ else args.runs
    with tempfile.TemporaryDirectory(prefix="crackdemo-") as scratch:
        bench = Workbench(Path(scratch), tuple(args.allow), runs=runs, owner=owner)
        try:
            launch(bench, server_name=args.host, server_port=args.port)
        except OSError:
            parser.error(f"port {args.port} of {args.host} is taken or not this machine's")
        except KeyboardInterrupt:
            pass  # gradio only expects it once all is up


if __name__ == "__main__":
    main()
