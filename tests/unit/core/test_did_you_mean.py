"""Names near a mistyped one."""

from ragstone.core.did_you_mean import similar


def test_the_nearest_comes_first_and_equals_by_name() -> None:
    assert similar("matc", ["match", "matching", "batch", "term"]) == ["match", "batch"]
    assert similar("refresj", ["refresh", "refrest"]) == ["refresh", "refrest"]


def test_half_alike_is_not_near_enough() -> None:
    assert similar("ab", ["ac"]) == []
    assert similar("abc", ["abd"]) == ["abd"]
    assert similar("abc", ["abd"], threshold=0.7) == []


def test_nothing_is_near_nothing() -> None:
    assert similar("", ["a"]) == similar("a", []) == []
