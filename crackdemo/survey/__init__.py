"""The same inspection over archives, on Ray Data: one machine, or a cluster."""

from importlib.util import find_spec

from crackdemo.errors import SurveyError

if not (find_spec("ray") and find_spec("pyarrow")):
    raise SurveyError(
        "A survey needs Ray, which is not installed: pip install '.[survey]' in the project's "
        "folder."
    )
