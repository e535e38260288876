"""Builds the page and launches it; nothing else."""

import os
import signal
import sys

from crackdemo.ui.options import read_options, scratch_parent
from crackdemo.ui.scratch import UPLOADS, Scratch, remove_abandoned


def main() -> None:
    """python app.py [--host --port --runs FOLDER --allow FOLDER...]"""
    options = read_options(sys.argv[1:])
    if options.warning:
        print(options.warning, file=sys.stderr, flush=True)
    remove_abandoned(scratch_parent())
    scratch = Scratch(scratch_parent())

    def end(*_: object) -> None:
        scratch.remove()  # at once: the server takes seconds to close
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    # read while gradio and the Hub's client are imported
    os.environ["GRADIO_TEMP_DIR"] = str(scratch.folder / UPLOADS)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    if options.is_offline:
        os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        from crackdemo.ui.layout import launch
        from crackdemo.ui.workbench import Workbench

        # a Space keeps nothing, and its disk is as bounded as another's
        kept = options.cache or (scratch.folder if options.is_space else None)
        bench = Workbench(
            scratch.folder,
            options.allowed,
            hub_cache=kept and kept / "hub",
            hub_only=options.hub,
            runs=options.runs,
            owner=options.owner,
            limits=options.limits,
            uploads=scratch.folder / UPLOADS,
        )
        agents = None
        if options.is_for_agents:
            from crackdemo.ui.agents import Agents

            agents = Agents(bench, options.logins)
        launch(
            bench,
            agents=agents,
            names=options.names,
            is_space=options.is_space,
            auth=list(options.logins) or None,
            root_path=options.root_path,
            mcp_server=False,
            server_name=options.host,
            server_port=options.port,
        )
    except OSError:
        told = f"port {options.port} of {options.host} is taken or not this machine's"
        print(told, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        pass  # gradio only expects it once all is up
    finally:
        scratch.remove()


if __name__ == "__main__":
    main()
