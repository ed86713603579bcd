"""Files and functions stay short enough to read in one go."""

from __future__ import annotations

from tests.house.sizes import all_files, all_functions


def test_no_file_is_too_long() -> None:
    assert not [str(size) for size in all_files() if size.lines > size.limit]


def test_no_function_is_too_long() -> None:
    assert not [str(size) for size in all_functions() if size.lines > size.limit]
