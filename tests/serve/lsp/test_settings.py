import pytest

from avatar.common.errors import ConfigError
from avatar.serve.lsp.editor_settings import EditorSettings, read_settings


def test_nothing_given_is_the_default() -> None:
    assert read_settings(None) == read_settings({}) == EditorSettings()


def test_the_section_may_be_left_out() -> None:
    given = {"threshold": 0.9, "languages": ["java", "c"], "minLines": 3, "debounceMs": 0}
    expected = EditorSettings(threshold=0.9, languages=("java", "c"), min_lines=3, debounce_ms=0)
    assert read_settings(given) == read_settings({"avatar": given}) == expected


def test_what_others_set_changes_nothing() -> None:
    base = EditorSettings(threshold=0.9)
    for given in (None, {}, {"avatar": None}, {"python": {"threshold": 7}}, {"avatar": {}}):
        assert read_settings(given, base) == base
    assert read_settings({"avatar": {"debounceMs": 1}}, base) == EditorSettings(threshold=0.9, debounce_ms=1)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"treshold": 0.9}, "did you mean 'threshold'"),
        ({"threshold": 1.5}, "probability from 0 to 1"),
        ({"threshold": True}, "probability from 0 to 1"),
        ({"languages": ["cobol"]}, "list of"),
        ({"minLines": -1}, "whole number"),
        ({"debounceMs": "fast"}, "whole number"),
        (["threshold"], "not an object"),
    ],
)
def test_what_is_wrong_is_said(given: object, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_settings(given)


def test_all_that_is_wrong_is_one_error() -> None:
    with pytest.raises(ConfigError, match=r"threshold.*minWords"):
        read_settings({"threshold": 7, "minWords": None, "minWord": 1})
