"""The declarations for the compiler: what is made of a class and the table, and that both agree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import compiling.build
import pytest
from compiling import declarations, table
from compiling.build import main
from compiling.declarations import DeclarationError
from compiling.table import FLAG, INDEX, REAL, Class, each

RUNNER = Path(__file__).parents[2] / "runner"

SHAPES = '''
class Shape:
    """Has slots."""

    __slots__ = ("is_round", "name", "owner")


class Square(Shape):
    __slots__ = "side"

    def grow(self, by, times=1):
        more = self.side * by
        if more is not self.side:
            self.side = more


class Owner:
    def __init__(self):
        self.age = self.shapes = 0
        self.age, other.name = 1, 2
'''


GROW = "cpdef grow(self, object by, Py_ssize_t times=*)"


def shapes(classes: Mapping[str, Class], *, source: str = SHAPES) -> str:
    """Declare classes of a module that has another one beside it."""
    return declarations.declarations(
        "a.shapes", source, {"a.shapes": classes, "a.paint": {"Colour": Class()}}
    )


def test_slots_become_attributes_with_the_types_of_the_table() -> None:
    """What the table does not name is an object."""
    text = shapes({"Shape": Class(types={"is_round": FLAG})})
    assert text.split("\n") == [
        "",
        "cdef class Shape:",
        "    cdef public bint is_round",
        "    cdef public object name",
        "    cdef public object owner",
        "",
        "",
    ]


def test_a_single_slot_may_be_written_as_text() -> None:
    """As Python allows."""
    assert "    cdef public double side\n" in shapes({"Square": Class(types={"side": REAL})})


def test_without_slots_the_attributes_are_what_is_written_on_self() -> None:
    """Each once, in the order in which they are written first; those of others are not its own."""
    lines = shapes({"Owner": Class()}).split("\n")
    assert lines[2:4] == ["    cdef public object age", "    cdef public object shapes"]
    assert "name" not in "".join(lines)


def test_a_base_is_declared_where_it_is_compiled_too() -> None:
    """Otherwise the class would not be one of C at all."""
    assert "cdef class Square(Shape):\n" in shapes({"Square": Class(), "Shape": Class()})
    assert "cdef class Square:\n" in shapes({"Square": Class()})


def test_a_class_of_another_module_is_imported() -> None:
    """As a type of an attribute, or in the declaration of a method."""
    line = "from a.paint cimport Colour\n"
    assert shapes({"Shape": Class(types={"owner": "Colour"})}).startswith(line)
    source = "class Brush:\n    def use(self, colour): ..."
    assert shapes({"Brush": Class(methods=["cpdef use(self, Colour colour)"])}, source=source).startswith(
        line
    )
    assert "cimport" not in shapes({"Shape": Class()})


def test_methods_follow_the_attributes() -> None:
    """Their declarations are those of the table."""
    text = shapes({"Square": Class(methods=["cpdef grow(self, double by, Py_ssize_t times=*)"])})
    assert text.endswith("side\n    cpdef grow(self, double by, Py_ssize_t times=*)\n\n")


def test_types_of_variables_stand_before_their_method() -> None:
    """And Cython's own words are imported for them."""
    text = shapes({"Square": Class(methods=[GROW], variables={"grow": {"more": "object", "by": "Shape"}})})
    assert text.startswith("cimport cython\n")
    assert f"    @cython.locals(more=object, by=Shape)\n    {GROW}\n" in text


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        ({"Circle": Class()}, "a.shapes has no class Circle, which the table names"),
        (
            {"Shape": Class(types={"size": INDEX})},
            "a.shapes.Shape has no attribute size, which the table makes Py_ssize_t",
        ),
        (
            {"Square": Class(methods=["cpdef shrink(self)"])},
            "a.shapes.Square has no method shrink, which the table declares",
        ),
        (
            {"Square": Class(methods=["cpdef grow(self, double by)"])},
            "a.shapes.Square.grow has the parameters self, by, times; the table declares self, by",
        ),
        (
            {"Square": Class(methods=["def grow(self)"])},
            "a.shapes.Square: 'def grow(self)' is not 'cpdef [type] name(self, type name, …)'",
        ),
        (
            {"Square": Class(methods=[GROW], variables={"grow": {"depth": REAL}})},
            "a.shapes.Square.grow has no variable depth, which the table types",
        ),
        (
            {"Square": Class(variables={"grow": {"more": REAL}})},
            "a.shapes.Square.grow has variables in the table, and is not declared there",
        ),
        (
            {"Square": Class(methods=[GROW], variables={"grow": {"more": REAL}})},
            "a.shapes.Square.grow compares more by 'is', and the table makes it a number of C",
        ),
    ],
)
def test_what_the_source_does_not_have_is_named(classes: Mapping[str, Class], said: str) -> None:
    """With its class and its module."""
    with pytest.raises(DeclarationError, match=re.escape(said)):
        shapes(classes)


def test_a_class_with_a_decorator_is_refused() -> None:
    """A dataclass, for one, makes a new class of it."""
    with pytest.raises(DeclarationError, match=r"a\.shapes\.Point has a decorator"):
        shapes({"Point": Class()}, source="@dataclass\nclass Point:\n    x: int")


@pytest.mark.parametrize("module", table.MODULES)
def test_the_table_knows_the_classes_as_they_are(module: str) -> None:
    """A class, attribute or method of the per-message path with a new name needs it there too."""
    source = RUNNER.joinpath(*module.split(".")).with_suffix(".py").read_text(encoding="utf-8")
    declarations.declarations(module, source, table.MODULES)


def test_every_type_of_the_table_is_one() -> None:
    """One of C, a class of Python that Cython knows, or a class of the table."""
    own = {name for classes in table.MODULES.values() for name in classes}
    known = own | {*table.NUMBERS, "bytes", "dict", "frozenset", "list", "object", "str", "tuple"}
    types = {
        kind
        for classes in table.MODULES.values()
        for each in classes.values()
        for kinds in (each.types, *each.variables.values())
        for kind in kinds.values()
    }
    assert types <= known


def test_hand_written_modules_are_there() -> None:
    """They have no Python source of their name."""
    for module in table.HAND_WRITTEN:
        path = RUNNER.joinpath(*module.split("."))
        assert path.with_suffix(".pyx").exists() and not path.with_suffix(".py").exists()


def test_declarations_are_written_beside_the_modules(tmp_path: Path) -> None:
    """One that lies there already is kept."""
    for name in ("one", "two"):
        (tmp_path / f"{name}.py").write_text("class It:\n    __slots__ = ('a',)\n")
    (tmp_path / "two.pxd").write_text("by hand")
    declarations.write(tmp_path, {"one": {"It": Class(types=each(REAL, "a"))}, "two": {}})
    assert "cdef public double a" in (tmp_path / "one.pxd").read_text()
    assert (tmp_path / "two.pxd").read_text() == "by hand"


def test_a_machine_without_a_compiler_says_so_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last line of what is said becomes the reason that the wheel tells its users."""
    monkeypatch.setenv("CC", "no-such-compiler -O2")

    assert main([str(RUNNER / "wsrun"), str(tmp_path)]) == 1
    assert capsys.readouterr().err == "there was no C compiler (no-such-compiler)\n"
    assert not list(tmp_path.iterdir())


def test_whatever_stops_the_compiling_is_one_line_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the whole of it before, for whoever builds."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(compiling.build, "look_around", lambda: None)

    assert main([str(tmp_path / "empty"), str(tmp_path / "made")]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "Traceback (most recent call last):"
    assert re.fullmatch(r"compiling failed \(FileNotFoundError: .*\.py'\)", said[-1])
