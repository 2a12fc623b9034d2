"""`_bulk` lines to items: what is accepted, and the refusals word for word."""

import pytest

from ragstone.core.errors import OpenSearchException
from ragstone.dsl.bulk import BulkDefaults, parse_bulk

HERE = BulkDefaults(index="i")


def test_all_four_actions_in_order() -> None:
    body = b'{"index":{"_id":"1"}}\n{"a":1}\n\n{"create":{"_index":"j"}}\r\n{"a":2}\r\n{"update":{"_id":2}}\n{"doc":{}}\n{"delete":{"_id":"3"}}\n'
    items = parse_bulk(body, HERE)
    assert [(item.action, item.index, item.id, item.source) for item in items] == [
        ("index", "i", "1", b'{"a":1}'),
        ("create", "j", None, b'{"a":2}'),
        ("update", "i", "2", None),
        ("delete", "i", "3", None),
    ]


def test_item_metadata_beats_the_defaults() -> None:
    defaults = BulkDefaults(index="i", routing="r", pipeline="p", require_alias=True)
    first, second = parse_bulk(
        b'{"index":{}}\n{}\n{"index":{"routing":"x","pipeline":"_none","require_alias":false,"if_seq_no":3,"if_primary_term":1}}\n{}\n',
        defaults,
    )
    assert (first.routing, first.pipeline, first.require_alias) == ("r", "p", True)
    assert (second.routing, second.pipeline, second.require_alias, second.if_seq_no) == ("x", "_none", False, 3)


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        (b'{"index":{}}\n{"a":1}', "illegal_argument_exception", "The bulk request must be terminated by a newline [\\n]"),
        (b"\n", "action_request_validation_exception", "Validation Failed: 1: no requests added;"),
        (b'{"index":{"_id":"1"}}\n', "action_request_validation_exception", "Validation Failed: 1: no requests added;"),
        (b'"text"\n{}\n', "illegal_argument_exception", "Malformed action/metadata line [1], expected START_OBJECT but found [VALUE_STRING]"),
        (b"{}\n{}\n", "illegal_argument_exception", "Malformed action/metadata line [1], expected FIELD_NAME but found [END_OBJECT]"),
        (b'{"index":{"_id":[1]}}\n{}\n', "illegal_argument_exception", "Malformed action/metadata line [1], expected a simple value for field [_id] but found [START_ARRAY]"),
        (b'{"index":{"_idd":"1"}}\n{}\n', "illegal_argument_exception", "Action/metadata line [1] contains an unknown parameter [_idd]"),
        (b'{"replace":{"_id":"1"}}\n{}\n', "illegal_argument_exception", "Malformed action/metadata line [1], expected one of [create, delete, index, update] but found [replace]"),
        (b'{"index":"x"}\n{}\n', "illegal_argument_exception", "Malformed action/metadata line [1], expected START_OBJECT or END_OBJECT but found [VALUE_STRING]"),
        (b'{"index":{}}\n{}\n{"index":{},"x":1}\n{}\n', "illegal_argument_exception", "Malformed action/metadata line [3], expected END_OBJECT but found [FIELD_NAME]"),
        (b'{"update":{"_id":"1","version":1}}\n{"doc":{}}\n', "illegal_argument_exception", "Update requests do not support versioning. Please use `if_seq_no` and `if_primary_term` instead"),
        (b'{"update":{}}\n{"doc":{}}\n', "action_request_validation_exception", "Validation Failed: 1: id is missing;"),
        (b'{"index":{"_id":"1"}\n{}\n', "json_e_o_f_exception", None),
    ],
)  # fmt: skip
def test_a_malformed_request_is_refused_whole(body: bytes, kind: str, reason: str | None) -> None:
    with pytest.raises(OpenSearchException) as caught:
        parse_bulk(body, HERE)
    assert (caught.value.type_name(), caught.value.status) == (kind, 400)
    assert reason is None or caught.value.reason == reason


def test_items_without_an_index_are_counted() -> None:
    with pytest.raises(OpenSearchException) as caught:
        parse_bulk(b'{"index":{}}\n{}\n{"delete":{}}\n', BulkDefaults())
    assert caught.value.reason == "Validation Failed: 1: index is missing;2: index is missing;3: id is missing;"
