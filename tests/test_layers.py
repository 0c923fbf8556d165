"""The rules of the house that import-linter cannot see, and one for tests."""

import ast
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "xmppd"

NAMESPACES = "xmppd.protocol.namespaces."
OF_LINKS = {
    "CONTENT",
    "STREAMS",
    "STANZA_ERRORS",
    "COMPONENT_ACCEPT",
    "PING",  # to ask for life
    "SESSION_PROTOCOL",
    "STREAM_MANAGEMENT",  # what streams tell, in envelopes
    "CLIENT_STATE",
}

Import = ast.Import | ast.ImportFrom


def trees(folder: Path) -> Iterator[tuple[str, ast.Module]]:
    """Yield the name and the syntax tree of each module below a folder."""
    for path in sorted(folder.rglob("*.py")):
        yield str(path.relative_to(ROOT)), ast.parse(path.read_bytes())


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the full name of everything that a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


class LayersTest(SynchronousTestCase):
    def test_protocol_has_no_reactor(self) -> None:
        """The protocol is sans-I/O: of Twisted it knows the XML values of words alone."""
        allowed = "twisted.words."
        offenders = [
            f"{path}: {name}"
            for path, tree in trees(PACKAGE / "protocol")
            for name in imported(tree)
            if f"{name}.".startswith("twisted.") and not f"{name}.".startswith(allowed)
        ]
        self.assertEqual(offenders, [])

    def test_the_router_knows_no_instant_messaging(self) -> None:
        """Links and the router move whatever there is: they name no namespace of its payloads."""
        known = {name for tree in trees(PACKAGE / "link") for name in imported(tree[1])}
        namespaces = {name.rpartition(".")[2] for name in known if NAMESPACES in name}
        self.assertEqual(namespaces - OF_LINKS, set())
        offenders = [
            f"{path}:{node.lineno}: {node.value}"
            for path, tree in trees(PACKAGE / "link")
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and str(node.value).startswith(("jabber:", "http://jabber.org", "urn:xmpp:"))
            and node.value != "urn:xmpp:component:0"  # XEP-0225: to bind names
        ]
        self.assertEqual(offenders, [])

    def test_no_import_inside_a_function(self) -> None:
        """What a module needs stands at its top, where the layers are checked."""
        offenders = {
            f"{path}:{inner.lineno}"
            for path, tree in trees(PACKAGE)
            for function in ast.walk(tree)
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            for inner in ast.walk(function)
            if isinstance(inner, Import)
        }
        self.assertEqual(offenders, set())

    def test_packages_hold_no_code(self) -> None:
        """A name has one home: packages export nothing again."""
        offenders = [
            path
            for path, tree in trees(PACKAGE)
            if path.endswith("__init__.py") and not all(map(is_docstring, tree.body))
        ]
        self.assertEqual(offenders, [])

    def test_twisted_is_not_shadowed(self) -> None:
        """A package file below twisted/ would hide Twisted itself, or its other plugins."""
        self.assertEqual(list((ROOT / "twisted").rglob("__init__.py")), [])


def is_test_case(node: ast.AST) -> bool:
    """Whether a class looks like one with tests."""
    return isinstance(node, ast.ClassDef) and any(
        isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
        and part.name.startswith(("setUp", "test_"))
        for part in node.body
    )


class TestsTest(SynchronousTestCase):
    def test_ids_are_left_alone(self) -> None:
        """`id` is a method of a test's: an attribute of that name ends the worker of `trial -j`."""
        offenders = [
            f"{path.relative_to(ROOT)}:{target.lineno}"
            for path in (ROOT / "tests").rglob("*.py")
            if "self.id = " in (text := path.read_text("utf-8"))
            for case in filter(is_test_case, ast.walk(ast.parse(text)))
            for target in ast.walk(case)
            if isinstance(target, ast.Attribute)
            and target.attr == "id"
            and isinstance(target.ctx, ast.Store)
            and isinstance(target.value, ast.Name)
            and target.value.id == "self"
        ]
        self.assertEqual(offenders, [])
