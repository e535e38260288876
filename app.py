"""Builds the page and launches it; nothing else."""

import argparse
import os
import tempfile
from pathlib import Path

# torch's idle threads must sleep, not spin, where a background fit needs the cores
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when gradio is imported

from crackdemo.ui.layout import build_page, page_head, page_theme  # noqa: E402
from crackdemo.workbench import Workbench  # noqa: E402


def main() -> None:
    """python app.py [--host --port --runs FOLDER --allow FOLDER...]"""
    parser = argparse.ArgumentParser(description="crackdemo: shows cracks in photos of pavement")
    on_space = "SPACE_ID" in os.environ
    parser.add_argument("--host", default="0.0.0.0" if on_space else "127.0.0.1")
    parser.add_argument("--port", type=int, default=7860)
    parser.add_argument("--allow", type=Path, nargs="*", default=[], metavar="FOLDER",
                        help="folders from which weights and data may be read by path")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crackdemo-") as scratch:
        page = build_page(Workbench(Path(scratch), tuple(args.allow)))
        page.queue(max_size=64).launch(
            server_name=args.host,
            server_port=args.port,
            head=page_head(),
            theme=page_theme(),
            max_file_size="200mb",
            ssr_mode=False,
            show_error=True,
        )


if __name__ == "__main__":
    main()
