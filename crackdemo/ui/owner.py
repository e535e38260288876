"""Who may fit, rename and delete: at home everybody, on a Space its owner alone.

Visitors of a Space share one disk and one machine; only one of them is given the say.
"""

import gradio as gr

from crackdemo.errors import RunError


def check(owner: str | None, profile: gr.OAuthProfile | None) -> None:
    """Raises RunError unless this visitor may. owner: None at home."""
    if owner is not None and (profile is None or profile.username != owner):
        raise RunError(
            f"On this Space only its owner, {owner}, may fit, rename and delete: log in as "
            f"{owner}, or duplicate the Space and log in to your own."
        )
