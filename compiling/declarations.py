"""Write the ``.pxd`` of a module: what its classes look like in C, as their source and the table say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from compiling.table import NUMBERS, Class

Modules = Mapping[str, Mapping[str, Class]]
"""Classes by module."""

_METHOD = re.compile(r"cpdef (?:[\w ]+ )?(?P<name>\w+)\((?P<parameters>[^()]*)\)")


class DeclarationError(Exception):
    """The table and the source do not agree."""


def declarations(module: str, source: str, modules: Modules) -> str:
    """Return the text of a module's ``.pxd``.

    Args:
        module: its full name, one of ``modules``.
        source: its Python source.
        modules: the whole table; where a type or a base is one of its classes, that one is imported.

    Raises:
        DeclarationError: a class, an attribute, a method or its parameters are not in the source.
    """
    homes = {name: home for home, classes in modules.items() for name in classes}
    found = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}
    classes = modules[module]
    for name in classes:
        if name not in found:
            raise DeclarationError(f"{module} has no class {name}, which the table names")
    # In the order of the source: a base is declared before what is made of it.
    lines = [
        line
        for name, node in found.items()
        if name in classes
        for line in _class(node, classes[name], module, homes)
    ]
    words = {word for line in lines for word in re.findall(r"\w+", line)}
    imports = [
        f"from {homes[name]} cimport {name}" for name in sorted(words & homes.keys()) if homes[name] != module
    ]
    if "cython" in words:
        imports.insert(0, "cimport cython")
    return "\n".join([*imports, "", *lines, ""])


def write(folder: Path, modules: Modules) -> None:
    """Write the ``.pxd`` of every module below a folder; one that is there already stays as it is.

    Raises:
        DeclarationError: see ``declarations``.
        OSError: a module is not there, or cannot be written beside.
    """
    for module in modules:
        path = folder.joinpath(*module.split(".")).with_suffix(".pxd")
        if not path.exists():
            source = path.with_suffix(".py").read_text(encoding="utf-8")
            path.write_text(declarations(module, source, modules), encoding="utf-8")


def _class(node: ast.ClassDef, wanted: Class, module: str, homes: Mapping[str, str]) -> Iterator[str]:
    place = f"{module}.{node.name}"
    if node.decorator_list:
        raise DeclarationError(f"{place} has a decorator; a compiled class can have none")
    attributes = attributes_of(node)
    for name, kind in wanted.types.items():
        if name not in attributes:
            raise DeclarationError(f"{place} has no attribute {name}, which the table makes {kind}")
    for method in wanted.methods:
        _hold_against(node, method, place)
    _hold_variables(node, wanted, place)
    bases = [base for base in map(ast.unparse, node.bases) if base in homes]
    yield f"cdef class {node.name}({', '.join(bases)}):" if bases else f"cdef class {node.name}:"
    body = [f"    cdef public {wanted.types.get(name, 'object')} {name}" for name in attributes]
    for method in wanted.methods:
        variables = wanted.variables.get(_name_of(method), {})
        if variables:
            body.append(
                f"    @cython.locals({', '.join(f'{name}={kind}' for name, kind in variables.items())})"
            )
        body.append(f"    {method}")
    yield from body or ["    pass"]
    yield ""


def attributes_of(node: ast.ClassDef) -> list[str]:
    """Return the names of a class's own attributes: its ``__slots__``, or else what it writes on ``self``."""
    for statement in node.body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__slots__":
            slots = ast.literal_eval(statement.value)
            return [slots] if isinstance(slots, str) else list(slots)
    written = (
        part.attr
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute)
        and isinstance(part.ctx, ast.Store)
        and isinstance(part.value, ast.Name)
        and part.value.id == "self"
    )
    return list(dict.fromkeys(written))


def _name_of(method: str) -> str:
    match = _METHOD.fullmatch(method)
    return match["name"] if match else ""


def _function(node: ast.ClassDef, name: str) -> ast.FunctionDef | None:
    return next((part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == name), None)


def _hold_against(node: ast.ClassDef, method: str, place: str) -> None:
    """Compare the declaration of a method with its definition."""
    match = _METHOD.fullmatch(method)
    if match is None:
        raise DeclarationError(f"{place}: '{method}' is not 'cpdef [type] name(self, type name, …)'")
    name = match["name"]
    function = _function(node, name)
    if function is None:
        raise DeclarationError(f"{place} has no method {name}, which the table declares")
    words = [parameter.removesuffix("=*").split() for parameter in match["parameters"].split(",")]
    declared = [parameter[-1] for parameter in words]
    defined = [argument.arg for argument in function.args.args]
    if declared != defined:
        here, there = ", ".join(defined), ", ".join(declared)
        raise DeclarationError(f"{place}.{name} has the parameters {here}; the table declares {there}")
    _refuse_identity(function, {one[-1]: " ".join(one[:-1]) for one in words}, f"{place}.{name}")


def _hold_variables(node: ast.ClassDef, wanted: Class, place: str) -> None:
    """Compare the types of local variables with the methods that they are for."""
    declared = {_name_of(method) for method in wanted.methods}
    for method, variables in wanted.variables.items():
        if method not in declared:
            raise DeclarationError(f"{place}.{method} has variables in the table, and is not declared there")
        function = _function(node, method)
        assert function is not None
        names = {part.id for part in ast.walk(function) if isinstance(part, ast.Name)}
        for name in variables:
            if name not in names:
                raise DeclarationError(f"{place}.{method} has no variable {name}, which the table types")
        _refuse_identity(function, variables, f"{place}.{method}")


def _refuse_identity(function: ast.FunctionDef, types: Mapping[str, str], place: str) -> None:
    """Raise where ``is`` compares a number of C, which becomes another object each time."""
    numbers = {name for name, kind in types.items() if kind in NUMBERS}
    for part in ast.walk(function):
        if isinstance(part, ast.Compare) and any(isinstance(one, ast.Is | ast.IsNot) for one in part.ops):
            for name in {
                one.id for one in (part.left, *part.comparators) if isinstance(one, ast.Name)
            } & numbers:
                raise DeclarationError(
                    f"{place} compares {name} by 'is', and the table makes it a number of C"
                )
