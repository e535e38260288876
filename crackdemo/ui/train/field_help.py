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
        match field, text:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(sentence)):
                sentences[name] = " ".join(str(sentence).split())
    return sentences
