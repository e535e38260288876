"""The sentences that stand under the fields of config dataclasses, as help for widgets."""

import ast
import inspect
import textwrap
from functools import cache


@cache
def field_help(kind: type) -> dict[str, str]:
    """Field to its sentence, from the class's source."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)
    sentences = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        is_text = isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and is_text:
            sentences[field.target.id] = " ".join(str(text.value.value).split())
    return sentences
