"""Lines of keys: what tomllib reads and what the line walk finds are the same keys, however the file is written."""

import tomllib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portcheck.config.lines import Path, key_lines

BLANKS = st.sampled_from(["", " ", "\t"])
BREAKS = st.sampled_from(["", " ", "\n", ' # ] } [x] = "\n', "\r\n\n"])
SCALARS = st.sampled_from(
    [
        "1",
        "0x1",
        "true",
        "1.5e3",
        "inf",
        "1979-05-27 07:32:00Z",
        '""',
        "''",
        '"a # b"',
        '"\\""',
        "'\\'",
        '"[x]\\n="',
        '"""\n[x]\na = 1"""',
        '"""a""b\\""""""',
        "'''\n'x' = [''''",
        '"""\\\\"""',
        '"""a"""""',
    ]
)


def paths(value: object, at: Path = ()) -> Iterator[Path]:
    if at:
        yield at
    if isinstance(value, dict):
        for key, child in value.items():
            yield from paths(child, (*at, key))
    if isinstance(value, list):
        for index, child in enumerate(value):
            yield from paths(child, (*at, index))


class Writer:
    """Writes a valid text and keeps the line of each of its keys, which are numbered and so never the same."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.text = ""
        self.lines: dict[str, int] = {}

    def one_of(self, *texts: str) -> str:
        return self.draw(st.sampled_from(texts))

    def some(self) -> range:
        return range(self.draw(st.integers(0, 3)))

    def blank(self) -> None:
        self.text += self.draw(BLANKS)

    def mark(self, mark: str) -> None:
        self.blank()
        self.text += mark
        self.blank()

    def key(self) -> None:
        name = f"k{len(self.lines)}"
        self.lines[name] = self.text.count("\n") + 1
        self.text += self.one_of(name, f'"{name}"', f"'{name}'", f'"\\u006b{name[1:]}"')

    def assignment(self, depth: int) -> None:
        self.key()
        if self.draw(st.booleans()):
            self.mark(".")
            self.key()
        self.mark("=")
        self.value(depth)

    def value(self, depth: int) -> None:
        match self.one_of("scalar", "array", "table") if depth else "scalar":
            case "scalar":
                self.text += self.draw(SCALARS)
            case "array":
                self.array(depth - 1)
            case _:
                self.inline_table(depth - 1)

    def array(self, depth: int) -> None:
        self.text += "["
        for _ in self.some():
            self.text += self.draw(BREAKS)
            self.value(depth)
            self.text += self.draw(BREAKS) + ","
        self.text += self.draw(BREAKS) + "]"

    def inline_table(self, depth: int) -> None:
        self.mark("{")
        for index in self.some():
            self.mark("," if index else "")
            self.assignment(depth)
        self.mark("}")

    def header(self, bracket: str) -> None:
        self.mark(bracket)
        self.key()
        self.mark(".")
        self.key()
        self.mark("]" * len(bracket))
        self.text += self.one_of("\n", "# [y]\n")

    def document(self) -> None:
        for _ in self.some():
            if bracket := self.one_of("", "[", "[["):
                self.header(bracket)
            for _ in self.some():
                self.text += self.draw(BREAKS)
                self.assignment(3)
                self.text += self.one_of("\n", " # 'x' = [\n", "\r\n")


@st.composite
def documents(draw: st.DrawFn) -> Writer:
    writer = Writer(draw)
    writer.document()
    return writer


@given(documents())
def test_every_key_that_is_read_has_the_line_it_was_written_on(document: Writer) -> None:
    found = key_lines(document.text)
    assert set(found) == set(paths(tomllib.loads(document.text)))
    assert {path[-1]: line for path, line in found.items() if isinstance(path[-1], str)} == document.lines


def test_arrays_of_tables_count_and_their_sub_tables_belong_to_the_last() -> None:
    text = "[[f]]\nn = 1\n[[f.x]]\n[[f.x]]\np = 2\n[f.e]\ns = 3\n\n[[f]]\n[[f.x]]\np = 4\n[f.e]\n"
    found = key_lines(text)
    assert set(found) == set(paths(tomllib.loads(text)))
    assert [found[path] for path in [("f", 0), ("f", 0, "x", 1, "p"), ("f", 0, "e", "s")]] == [1, 5, 7]
    assert [found[path] for path in [("f", 1), ("f", 1, "x", 0, "p"), ("f", 1, "e")]] == [9, 11, 12]


@pytest.mark.parametrize("text", ["[", "a = [", "a = {b", "a = '''", "= 1", "a 1", "[a", '"\\', "a = [1 2]", "]", "\0"])
def test_a_text_that_is_not_toml_ends_the_walk_quietly(text: str) -> None:
    assert set(key_lines(f"x = 1\n{text}")) >= {("x",)}


def test_brackets_beyond_any_depth_end_the_walk_quietly() -> None:
    assert ("x",) in key_lines("x = " + "[" * 100_000)
