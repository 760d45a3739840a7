"""The part of Jinja2 that templates may use, and where the counting is put in.

What could multiply work or size behind the counter's back (macros, recursive loops, captured blocks, inclusion, powers)
isn't part of it; a template that uses it fails when it is compiled, with its line.
"""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import nodes
from jinja2.environment import Environment
from jinja2.exceptions import TemplateSyntaxError

STEPS, CHARGE, TEXT, SCALAR = "_steps", "_charge", "_text", "_scalar"
"""Names of the counting filters; authors can't write them, a leading underscore is refused."""

ALLOWED: tuple[type[nodes.Node], ...] = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.For, nodes.If, nodes.Assign, nodes.With),
    *(nodes.Name, nodes.Const, nodes.Tuple, nodes.List, nodes.Dict, nodes.Pair, nodes.Keyword, nodes.CondExpr),
    *(nodes.Filter, nodes.Test, nodes.Getitem, nodes.Getattr, nodes.Slice, nodes.Call, nodes.Concat),
    *(nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos),
    *(nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod),
)
_WORDS = {
    "FilterBlock": "{% filter %}",
    "AssignBlock": "{% set %} … {% endset %}",
    "CallBlock": "{% call %}",
    "Pow": "the operator **",
    "NSRef": "namespace()",
}


def prepare(environment: Environment, tree: nodes.Template) -> nodes.Template:
    """Checks a parsed template and puts the counting in. Raises TemplateSyntaxError with the line."""
    for node in walk(tree):
        _check(node)
    for node in list(walk(tree)):
        _instrument(node)
    tree.set_environment(environment)
    return tree


def walk(node: nodes.Node) -> Iterator[nodes.Node]:
    """The node and all below it."""
    yield node
    for child in node.iter_child_nodes():
        yield from walk(child)


def _check(node: nodes.Node) -> None:
    name = type(node).__name__
    if not isinstance(node, ALLOWED):
        words = _WORDS.get(name, "{% " + name.lower() + " %}")
        raise TemplateSyntaxError(f"{words} can't be used in a notification's template", node.lineno)
    if isinstance(node, nodes.For) and node.recursive:
        raise TemplateSyntaxError("a loop can't be recursive here", node.lineno)
    if isinstance(node, nodes.Filter) and (node.node is None or node.name.startswith("_")):
        raise TemplateSyntaxError(f"there is no filter {node.name!r}", node.lineno)
    if isinstance(node, nodes.Call) and (node.dyn_args is not None or node.dyn_kwargs is not None):
        raise TemplateSyntaxError("*args and **kwargs can't be used here", node.lineno)


def _instrument(node: nodes.Node) -> None:
    if isinstance(node, nodes.For):
        node.iter = _through(STEPS, node.iter, nodes.Const(_weight(node), lineno=node.lineno))
    elif isinstance(node, nodes.Concat):
        node.nodes = [_through(TEXT, part) for part in node.nodes]
    elif isinstance(node, nodes.Compare):
        _instrument_compare(node)
    elif isinstance(node, nodes.List | nodes.Tuple) and getattr(node, "ctx", "load") == "load":
        node.items = [_through(SCALAR, item) for item in node.items]
    elif isinstance(node, nodes.Pair):
        node.value = _through(SCALAR, node.value)
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice):
        node.node = _through(CHARGE, node.node)


def _instrument_compare(node: nodes.Compare) -> None:
    """A comparison touches at most its shorter side, `in` all of its right one."""
    sides = [node.expr, *(operand.expr for operand in node.ops)]
    contains = any(operand.op in ("in", "notin") for operand in node.ops)
    if not contains and any(isinstance(side, nodes.Const) for side in sides):
        return
    for operand in node.ops:
        operand.expr = _through(CHARGE, operand.expr)


def _through(name: str, expression: nodes.Node, *args: nodes.Expr) -> nodes.Expr:
    assert isinstance(expression, nodes.Expr)
    if isinstance(expression, nodes.Const | nodes.TemplateData) and name != STEPS:
        return expression
    return nodes.Filter(expression, name, list(args), [], None, None, lineno=expression.lineno)


def _weight(loop: nodes.For) -> int:
    """What one step costs: the nodes it runs through. A loop inside counts its own steps."""
    return 1 + sum(_below(child) for child in (*loop.body, *([loop.test] if loop.test else [])))


def _below(node: nodes.Node) -> int:
    if isinstance(node, nodes.For):
        return 1 + sum(1 for _ in walk(node.iter))
    return 1 + sum(_below(child) for child in node.iter_child_nodes())
