"""The house: imports only point down, and heavy libraries stay in their rooms.

All is decided by pure functions over a mapping of modules to what they import.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GROUND = ("arrays", "configs", "errors", "files", "tables")
STOREYS = (
    ("app",),
    ("cli", "__main__"),
    ("ui",),
    ("survey",),
    ("evaluation",),
    ("training",),
    ("runs",),
    ("inspection",),
    ("checkpoints",),
    ("data",),
    ("detection",),
    ("models",),
    ("synthesis",),
    ("masks",),
    ("photos",),
    GROUND,
)
"""From top to bottom; a room is a package or module of crackdemo, or the script app.py."""
LEVELS = {room: level for level, storey in enumerate(STOREYS) for room in storey}
WITHOUT_TORCH = ("masks", "runs", "photos", *GROUND)


@dataclass(frozen=True)
class Imports:
    """What one module imports, as dotted names."""

    at_once: frozenset[str]
    """As soon as the module itself is imported."""
    later: frozenset[str] = frozenset()
    """Inside functions, or for type checkers alone."""

    @property
    def all(self) -> frozenset[str]:
        return self.at_once | self.later


House = Mapping[str, Imports]
"""By module: `app`, `crackdemo.masks.cut`, `crackdemo.masks` (its __init__.py), ..."""


def room(module: str) -> str:
    """`masks` of `crackdemo.masks.cut`; the package itself belongs to the ground."""
    first, *more = module.split(".")
    return (more or [GROUND[0]])[0] if first == "crackdemo" else first


def is_own(name: str) -> bool:
    return name.partition(".")[0] in ("app", "crackdemo")


def library(name: str) -> str:
    return name.partition(".")[0]


def inner(house: House, names: frozenset[str]) -> set[str]:
    """The project's own modules among imported names; a name may be one of a module's nouns."""
    own = {name for name in names if is_own(name)}
    return {name if name in house else name.rpartition(".")[0] for name in own}


def upward(house: House) -> list[str]:
    """Imports that point up, and rooms that have no storey."""
    unplaced = [f"{module} has no storey" for module in house if room(module) not in LEVELS]
    return unplaced + [
        f"{module} imports {other}"
        for module, imports in house.items()
        for other in sorted(inner(house, imports.all))
        if LEVELS.get(room(other), -1) < LEVELS.get(room(module), -1)
    ]


def gradio_outside(house: House) -> list[str]:
    """Modules other than the page's that import gradio."""
    return [
        module
        for module, imports in house.items()
        if "gradio" in map(library, imports.all) and room(module) != "ui"
    ]


def ray_outside(house: House) -> list[str]:
    """Modules other than a survey's that import ray."""
    return [
        module
        for module, imports in house.items()
        if "ray" in map(library, imports.all) and room(module) != "survey"
    ]


def torch_outside(house: House) -> list[str]:
    """Modules of rooms without torch that import it, themselves or by others that they import."""
    return [
        " -> ".join(way)
        for module in house
        if room(module) in WITHOUT_TORCH and (way := way_to_torch(house, module))
    ]


def way_to_torch(house: House, module: str, seen: frozenset[str] = frozenset()) -> list[str]:
    """From module to module until one imports torch; empty where none does. Of the first module
    every import counts, of the others what happens at once."""
    imports = house[module].at_once if seen else house[module].all
    if "torch" in map(library, imports):
        return [module, "torch"]
    seen |= {module}
    others = inner(house, house[module].at_once)
    others |= {other.rpartition(".")[0] for other in others}  # its package comes first
    for other in sorted(others & house.keys() - seen):
        if way := way_to_torch(house, other, seen):
            return [module, *way]
    return []


def tabs_entangled(house: House) -> list[str]:
    """Imports of one tab's package in another's."""
    tabs = {tab for module in house if (tab := tab_of(house, module))}
    return [
        f"{module} imports {other}"
        for module, imports in house.items()
        for other in sorted(inner(house, imports.all))
        if tab_of(house, module) in tabs and tab_of(house, other) in tabs - {tab_of(house, module)}
    ]


def tab_of(house: House, module: str) -> str | None:
    """`train` of `crackdemo.ui.train.form`: a package inside ui."""
    parts = module.split(".")
    is_package = any(name.startswith(".".join([*parts[:3], ""])) for name in house)
    return parts[2] if parts[:2] == ["crackdemo", "ui"] and len(parts) > 2 and is_package else None


def faults(house: House) -> list[str]:
    rules = (upward, gradio_outside, ray_outside, torch_outside, tabs_entangled)
    return [fault for rule in rules for fault in rule(house)]


def imports_of(source: str, module: str) -> Imports:
    """Of a module's text; `from a import b` counts as `a.b`. A package's name ends in __init__."""
    at_once: set[str] = set()
    later: set[str] = set()

    def walk(node: ast.AST, found: set[str]) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            found = later
        found.update(names_of(node, module))
        for part in ast.iter_child_nodes(node):
            is_for_types = isinstance(node, ast.If) and part in node.body and is_type_check(node)
            walk(part, later if is_for_types else found)

    walk(ast.parse(source), at_once)
    return Imports(frozenset(at_once), frozenset(later))


def names_of(node: ast.AST, module: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        package = module.split(".")[: -node.level] if node.level else []
        base = ".".join([*package, *([node.module] if node.module else [])])
        yield from (f"{base}.{alias.name}" for alias in node.names)


def is_type_check(node: ast.If) -> bool:
    return "TYPE_CHECKING" in ast.unparse(node.test)


def read_house() -> dict[str, Imports]:
    files = [ROOT / "app.py", *sorted((ROOT / "crackdemo").rglob("*.py"))]
    house = {}
    for file in files:
        module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        house[module.removesuffix(".__init__")] = imports_of(file.read_text(), module)
    return house


@pytest.fixture(scope="module")
def house() -> dict[str, Imports]:
    return read_house()


def imports(*at_once: str, later: tuple[str, ...] = ()) -> Imports:
    return Imports(frozenset(at_once), frozenset(later))


def test_every_module_is_read(house: House) -> None:
    assert {"app", "crackdemo", "crackdemo.ui.inspect.tab", "crackdemo.masks.cut"} <= house.keys()
    assert "crackdemo.ui.layout.launch" in house["app"].all


def test_imports_only_point_down(house: House) -> None:
    assert upward(house) == []


def test_only_the_page_imports_gradio(house: House) -> None:
    assert gradio_outside(house) == []


def test_only_a_survey_imports_ray(house: House) -> None:
    assert ray_outside(house) == []


def test_rooms_without_torch_import_none(house: House) -> None:
    assert torch_outside(house) == []


def test_no_tab_imports_another(house: House) -> None:
    assert tabs_entangled(house) == []


@pytest.mark.parametrize(
    ("module", "wrong", "fault"),
    [
        ("crackdemo.photos.images", imports("crackdemo.masks.cut.cut_mask"), "upward"),
        ("crackdemo.masks.cut", imports(later=("crackdemo.ui.layout",)), "upward"),
        ("crackdemo.files", imports("crackdemo.cli.arguments.main"), "upward"),
        ("crackdemo.inspection.store", imports("app"), "upward"),
        ("crackdemo.attic.trunk", imports(), "upward"),
        ("crackdemo.data.intake", imports("gradio.data_classes"), "gradio_outside"),
        ("crackdemo.cli.survey", imports(later=("ray.data",)), "ray_outside"),
        ("crackdemo.masks.cut", imports(later=("torch.nn",)), "torch_outside"),
        ("crackdemo.masks.cut", imports("crackdemo.tables"), "torch_outside"),
        (
            "crackdemo.ui.train.form",
            imports("crackdemo.ui.inspect.regions.Regions"),
            "tabs_entangled",
        ),
    ],
)
def test_a_fault_is_refused(module: str, wrong: Imports, fault: str) -> None:
    sound = {
        "app": imports("crackdemo.ui.layout.launch"),
        "crackdemo.ui.layout": imports("gradio", "crackdemo.ui.inspect.tab.build"),
        "crackdemo.ui.inspect.tab": imports("crackdemo.ui.inspect.regions.Regions"),
        "crackdemo.ui.inspect.regions": imports("crackdemo.masks.cut.cut_mask"),
        "crackdemo.ui.train.form": imports("crackdemo.ui.layout"),
        "crackdemo.models.cae": imports("torch"),
        "crackdemo.masks.cut": imports("numpy", "crackdemo.photos.images"),
        "crackdemo.photos.images": imports("crackdemo.files"),
        "crackdemo.files": imports(),
    }
    check = {
        "upward": upward,
        "gradio_outside": gradio_outside,
        "ray_outside": ray_outside,
        "torch_outside": torch_outside,
        "tabs_entangled": tabs_entangled,
    }[fault]
    assert faults(sound) == []
    broken = {**sound, module: wrong, "crackdemo.tables": imports("torch")}
    assert any(module in found for found in check(broken))


def test_imports_are_found_wherever_they_stand() -> None:
    source = """
import torch.nn
from typing import TYPE_CHECKING
from crackdemo.masks import cut, measure
from . import images
if TYPE_CHECKING:
    from crackdemo.ui.layout import launch
def late():
    import gradio
class Early:
    import cv2
"""
    found = imports_of(source, "crackdemo.photos.overlays")
    here = {"torch.nn", "crackdemo.masks.cut", "crackdemo.masks.measure", "cv2"}
    assert found.at_once == here | {"typing.TYPE_CHECKING", "crackdemo.photos.images"}
    assert found.later == {"crackdemo.ui.layout.launch", "gradio"}
    package = imports_of("from .cae import Cae", "crackdemo.models.__init__")
    assert package.at_once == {"crackdemo.models.cae.Cae"}
