"""What `.dockerignore` leaves out, by the rules of Docker's own reference."""

from __future__ import annotations

from pathlib import Path

import pytest
from docker.utils.build import exclude_paths
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vertex_flow.gcp.images.dockerignore import Ignored

TREE = (
    "README.md",
    "a.py",
    "temp",
    "somedir/temporary.txt",
    "somedir/subdir/temporary.txt",
    "somedir/keep.txt",
    "docs/README.md",
    "docs/README-secret.md",
    "docs/deep/down/x.go",
)


def kept(lines: list[str], tree: tuple[str, ...] = TREE) -> list[str]:
    """The files that stay, walked through as a build does."""
    ignored = Ignored.of(lines)
    found = []
    for path in tree:
        matched: tuple[bool, ...] = ()
        left_out, entered = False, True
        parts = path.split("/")
        for count in range(1, len(parts) + 1):
            here = "/".join(parts[:count])
            left_out, matched = ignored.judge(here, matched)
            if left_out and count < len(parts):
                entered = entered and ignored.may_keep_below(here)
        found += [path] if entered and not left_out else []
    return found


@pytest.mark.parametrize(
    ("lines", "gone"),
    [
        ([], set()),
        (["# README.md", "", "   "], set()),
        (["README.md"], {"README.md"}),
        (["/README.md"], {"README.md"}),
        (["./README.md"], {"README.md"}),
        (["docs/../README.md"], {"README.md"}),
        (["  README.md  "], {"README.md"}),
        (["readme.md"], set()),
        (["*/temp*"], {"somedir/temporary.txt"}),
        (["*/*/temp*"], {"somedir/subdir/temporary.txt"}),
        (["temp?"], set()),
        (["tem?"], {"temp"}),
        (["[a-b].py"], {"a.py"}),
        (["docs"], {"docs/README.md", "docs/README-secret.md", "docs/deep/down/x.go"}),
        (["docs/"], {"docs/README.md", "docs/README-secret.md", "docs/deep/down/x.go"}),
        (["**/*.go"], {"docs/deep/down/x.go"}),
        (["docs/**"], {"docs/README.md", "docs/README-secret.md", "docs/deep/down/x.go"}),
        (["**/README.md"], {"README.md", "docs/README.md"}),
        (["**/down"], {"docs/deep/down/x.go"}),
    ],
)
def test_patterns(lines: list[str], gone: set[str]) -> None:
    assert set(TREE) - set(kept(lines)) == gone


@pytest.mark.parametrize(
    ("lines", "stays"),
    [
        (["*", "!README.md"], ["README.md"]),
        (["*", "!docs"], ["docs/README.md", "docs/README-secret.md", "docs/deep/down/x.go"]),
        (["*", "!docs/*.md", "docs/README-*"], ["docs/README.md"]),
        (["*", "!docs/README*", "docs/README-secret.md"], ["docs/README.md"]),
        (["*", "docs/README-secret.md", "!docs/README*"], ["docs/README.md", TREE[7]]),
        (["*", "!**/x.go"], ["docs/deep/down/x.go"]),
        (["*", "! docs/deep"], ["docs/deep/down/x.go"]),
        (["*", "!docs/deep/down"], ["docs/deep/down/x.go"]),
        (["*", "!*/deep"], ["docs/deep/down/x.go"]),
        (["**/down", "!docs/deep/down/y.go"], [one for one in TREE if one != TREE[8]]),
        (["!", "."], list(TREE)),
    ],
)
def test_the_last_pattern_that_matches_decides(lines: list[str], stays: list[str]) -> None:
    assert kept(lines) == stays


def test_a_comment_stands_in_the_first_column() -> None:
    assert kept([" # a", "#*"], ("# a", "#b")) == ["#b"]


def test_the_file_beside_the_dockerfile_comes_first(tmp_path: Path) -> None:
    (tmp_path / "learner").mkdir()
    (tmp_path / ".dockerignore").write_text("one\n")
    (tmp_path / "learner" / "Dockerfile.dockerignore").write_text("two\n")
    own = Ignored.read(tmp_path, "learner/Dockerfile")
    assert [one.cleaned_pattern for one in own.patterns] == ["two"]
    assert [one.cleaned_pattern for one in Ignored.read(tmp_path, None).patterns] == ["one"]


def test_no_file(tmp_path: Path) -> None:
    assert Ignored.read(tmp_path, None) == Ignored()


def test_a_mark_of_the_byte_order_is_no_part_of_a_pattern(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_bytes(b"\xef\xbb\xbfone\r\n\xff\r\n")
    patterns = [one.cleaned_pattern for one in Ignored.read(tmp_path, None).patterns]
    assert patterns == ["one", "\udcff"]


NAMES = st.sampled_from(["a", "b", "a.py", "b.py"])
PARTS = st.sampled_from(["a", "b", "*", "?", "*.py", "a*"])
PATTERNS = st.builds(
    lambda mark, parts: mark + "/".join(parts),
    st.sampled_from(["", "", "!"]),
    st.lists(PARTS, min_size=1, max_size=3),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(patterns=st.lists(PATTERNS, max_size=4), data=st.data())
def test_as_the_docker_package_has_it(
    tmp_path_factory: pytest.TempPathFactory, patterns: list[str], data: st.DataObject
) -> None:
    paths = data.draw(st.sets(st.lists(NAMES, min_size=1, max_size=3).map(tuple), max_size=5))
    folder = tmp_path_factory.mktemp("tree")
    tree = []
    for parts in sorted(paths):
        file = folder.joinpath(*parts)
        if not file.exists() and all(not one.is_file() for one in file.parents):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("")
            tree.append("/".join(parts))
    theirs = exclude_paths(str(folder), [*patterns], dockerfile="no such")
    # Theirs does not enter what it leaves out unless an exception names it as far as it goes.
    ours = set(kept(patterns, tuple(tree)))
    assert {one for one in theirs if (folder / one).is_file()} <= ours
    assert ours <= {one for one in tree if not _wholly_out(patterns, one)}


def _wholly_out(patterns: list[str], path: str) -> bool:
    from docker.utils.build import PatternMatcher

    return bool(PatternMatcher([*patterns]).matches(path))
