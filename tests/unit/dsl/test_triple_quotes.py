"""Raw texts in request bodies."""

from ragstone.dsl.triple_quotes import without_triple_quotes


def test_triple_quotes_become_json_strings() -> None:
    body = '{"a": """line "one"\n\\two""", "b": """ü"""}'.encode()
    assert without_triple_quotes(body) == '{"a": "line \\"one\\"\\n\\\\two", "b": "ü"}'.encode()


def test_an_open_triple_quote_is_left_to_the_parser() -> None:
    assert without_triple_quotes(b'{"a": """x}') == b'{"a": """x}'
