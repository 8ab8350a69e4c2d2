"""No way from a caller's text to a shell, an interpreter, an unpickler or a backtracking pattern."""

import ast

from tests.architecture.sources import Source, calls, imports, product

FORBIDDEN = frozenset(
    {
        "eval", "exec", "compile", "__import__",
        "os.system", "os.popen", "os.execv", "os.spawnv", "subprocess.getoutput", "subprocess.getstatusoutput",
        "asyncio.create_subprocess_shell",
        "pickle.load", "pickle.loads", "marshal.load", "marshal.loads", "shelve.open", "dill.loads",
        "yaml.load", "yaml.unsafe_load", "tempfile.mktemp",
    }
)  # fmt: skip
COMPILES_A_PATTERN = frozenset(
    {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}
)

STARTS_A_PROCESS = frozenset({"subprocess_exec", "create_subprocess_exec", "posix_spawn", "fork", "execv", "execvp"})
LIBRARIES = frozenset({"subprocess", "multiprocessing", "pty"})
# The client starts the server that its caller names; no server starts anything.
STARTERS = frozenset({"mcp_protocol.client.process", "mcp_ref_kit.processes.running"})
# Where a pattern that is no literal was written by a server's author, not by a caller.
AUTHORS_PATTERN = frozenset({"mcp_protocol.schema.explain"})


def test_no_shell_anywhere() -> None:
    """CVE-2025-66401, -53107, -53355, -53967, CVE-2026-7812: arguments built a shell command."""
    found = [
        f"{source.at(call.lineno)} {name}"
        for source in product()
        for name, call in calls(source)
        if name in FORBIDDEN or _asks_for_a_shell(call)
    ]
    assert found == []


def test_no_command_from_request() -> None:
    """CVE-2026-30623, CVE-2026-30617: a request that becomes a command. Who starts processes is named here."""
    others = [source for source in product() if source.module not in STARTERS]
    starts = [
        source.at(call.lineno)
        for source in others
        for name, call in calls(source)
        if name.rsplit(".", 1)[-1] in STARTS_A_PROCESS
    ]
    starts += [source.at(found.line) for source in others for found in imports(source) if found.target in LIBRARIES]
    assert starts == []


def test_patterns_of_the_standard_library_are_literals() -> None:
    """A caller's pattern in `re` can take exponential time; theirs run in RE2."""
    loose = [
        source.at(call.lineno)
        for source in product()
        if source.module not in AUTHORS_PATTERN
        for name, call in calls(source)
        if name.startswith("re.")
        and name.removeprefix("re.") in COMPILES_A_PATTERN
        and call.args
        and not _is_literal(call.args[0], source)
    ]
    assert loose == []


def test_no_statement_is_put_together_from_text() -> None:
    """An f-string given to `execute` is how a value becomes a statement."""
    spliced = [
        source.at(call.lineno)
        for source in product()
        for name, call in calls(source)
        if name.endswith((".execute", ".executemany")) and _is_spliced(call)
    ]
    assert spliced == []


def _asks_for_a_shell(call: ast.Call) -> bool:
    return any(
        keyword.arg == "shell" and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
        for keyword in call.keywords
    )


def _is_literal(node: ast.expr, source: Source) -> bool:
    """A literal, or a module constant: in capitals by our naming, so it was written by us."""
    if isinstance(node, ast.Name):
        constants = {
            target.id
            for item in source.tree.body
            if isinstance(item, ast.Assign)
            for target in item.targets
            if isinstance(target, ast.Name)
        }
        return node.id in constants
    if isinstance(node, ast.JoinedStr):
        return all(_is_literal(part.value, source) for part in node.values if isinstance(part, ast.FormattedValue))
    if isinstance(node, ast.IfExp):
        return _is_literal(node.body, source) and _is_literal(node.orelse, source)
    if isinstance(node, ast.BinOp):
        return _is_literal(node.left, source) and _is_literal(node.right, source)
    return isinstance(node, ast.Constant)


def _is_spliced(call: ast.Call) -> bool:
    return bool(call.args) and isinstance(call.args[0], ast.JoinedStr | ast.BinOp)
