"""`highlight` over HTTP. The fragments are recorded OpenSearch behaviour."""

from typing import Any

import pytest

from ragstone.testing.asgi import AsgiClient

RIVER = (
    "The river rises in the hills. It passes three old mills before it turns east. Below the second mill the river is "
    "wide and slow, and in summer children swim there until dark. The sea is near."
)
DOCUMENTS = {
    "1": {"text": RIVER, "title": "River & sea <b>mills</b>", "key": ["river", "sea"], "n": 5},
    "2": {"text": "Nothing here", "title": ["first river", "second mill"]},
    "3": {
        "text": 'Mr. Smith went. to the "kettle". (Then) he swam? yes! 3.5 miles... kettle \U0001f600 end. 5 kettles'
    },
}
PROPERTIES = {
    "text": {"type": "text", "fields": {"raw": {"type": "keyword"}}},
    "title": {"type": "text", "copy_to": "all"},
    "all": {"type": "text"},
    "key": {"type": "keyword"},
    "n": {"type": "integer"},
    "vectors": {"type": "text", "term_vector": "with_positions_offsets"},
}


@pytest.fixture
async def texts(client: AsgiClient) -> AsgiClient:
    await client("PUT /texts", {"mappings": {"properties": PROPERTIES}})
    for id, document in DOCUMENTS.items():
        await client(f"PUT /texts/_doc/{id}", document)
    await client("POST /texts/_refresh")
    return client


async def marked(client: AsgiClient, query: Any, **highlight: Any) -> dict[str, Any]:
    """Per document what is highlighted; those without are left out."""
    body = {"query": query, "_source": False, "sort": ["_doc"], "highlight": highlight}
    answer = await client("POST /texts/_search", body)
    assert answer.status == 200, answer.text
    return {hit["_id"]: hit["highlight"] for hit in answer.json["hits"]["hits"] if "highlight" in hit}


async def test_fragments_are_sentences_joined_while_they_fit(texts: AsgiClient) -> None:
    found = await marked(texts, {"match": {"text": "river"}}, fields={"text": {}, "title": {}})
    assert found == {
        "1": {
            "text": [
                "The <em>river</em> rises in the hills. It passes three old mills before it turns east.",
                "Below the second mill the <em>river</em> is wide and slow, and in summer children swim there until "
                "dark.",
            ]
        }
    }


@pytest.mark.parametrize(
    ("options", "fragments"),
    [
        ({"number_of_fragments": 1}, ["The <em>river</em> rises in the hills. It passes three old mills before it turns east."]),
        ({"fragment_size": 40}, ["The <em>river</em> rises in the hills.", "Below the second mill the <em>river</em> is wide and"]),
        ({"fragment_size": 10}, ["The <em>river</em> rises", "mill the <em>river</em>"]),
        ({"fragment_size": 0}, ["The <em>river</em> rises in the hills.", "Below the second mill the <em>river</em> is wide and slow, and in summer children swim there until dark."]),
        ({"number_of_fragments": 0}, [RIVER.replace("river", "<em>river</em>")]),
        ({"boundary_scanner": "word"}, ["<em>river</em>", "<em>river</em>"]),
        ({"pre_tags": ["["], "post_tags": ["]"], "number_of_fragments": 1, "fragment_size": 40}, ["The [river] rises in the hills."]),
        ({"type": "plain", "fragment_size": 50}, ["The <em>river</em> rises in the hills. It passes three old", " the <em>river</em> is wide and slow, and in summer"]),
        ({"type": "plain", "number_of_fragments": 0}, [RIVER.replace("river", "<em>river</em>")]),
        ({"max_analyzer_offset": 20}, ["The <em>river</em> rises in the hills. It passes three old mills before it turns east."]),
        ({"options": {}, "order": "score", "fragment_size": 40}, ["The <em>river</em> rises in the hills.", "Below the second mill the <em>river</em> is wide and"]),
    ],
)  # fmt: skip
async def test_a_field_says_how_it_is_cut(texts: AsgiClient, options: Any, fragments: list[str]) -> None:
    found = await marked(texts, {"match": {"text": "river"}}, fields={"text": options})
    assert found == {"1": {"text": fragments}}
    # What a field does not say, the highlight says for all.
    assert await marked(texts, {"match": {"text": "river"}}, **options, fields={"text": {}}) == found


@pytest.mark.parametrize(
    ("query", "marks"),
    [
        ({"match_phrase": {"text": "the river"}}, ["The", "river", "the", "river"]),
        ({"match_phrase": {"text": {"query": "wide slow", "slop": 1}}}, ["wide", "slow"]),
        ({"match_phrase": {"text": "slow wide"}}, []),
        ({"match_phrase_prefix": {"text": "second mi"}}, ["second", "mill"]),
        ({"match_bool_prefix": {"text": "sea hil"}}, ["hills", "sea"]),
        ({"prefix": {"text": "mil"}}, ["mills", "mill"]),
        ({"prefix": {"text": {"value": "MIL", "case_insensitive": True}}}, ["mills", "mill"]),
        ({"wildcard": {"text": "?il*s"}}, ["hills", "mills"]),
        ({"wildcard": {"text": "*ll\\?"}}, []),
        ({"regexp": {"text": "[hm]ills?"}}, ["hills", "mills", "mill"]),
        ({"fuzzy": {"text": "rivet"}}, ["river", "river"]),
        ({"match": {"text": {"query": "rivet", "fuzziness": 1}}}, ["river", "river"]),
        ({"term": {"text": {"value": "SEA", "case_insensitive": True}}}, ["sea"]),
        ({"terms": {"text": ["sea", "east"]}}, ["east", "sea"]),
        ({"multi_match": {"query": "sea river", "fields": ["te*", "title"]}}, ["river", "river", "sea"]),
        ({"multi_match": {"query": "second mill", "fields": ["text"], "type": "phrase"}}, ["second", "mill"]),
        ({"multi_match": {"query": "sea", "fields": ["text", "title"], "type": "cross_fields"}}, ["sea"]),
        ({"query_string": {"query": "text:hi* AND (sea OR \"second mill\") NOT slow zebra~"}}, []),
        ({"query_string": {"query": "hi* AND (sea OR \"second mill\") NOT zebra", "default_field": "text"}}, ["hills", "second", "mill", "sea"]),
        ({"query_string": {"query": "n:>3 AND _exists_:text AND text:rivre~"}}, ["river", "river"]),
        ({"simple_query_string": {"query": "sea | east -zebra", "fields": ["text"]}}, ["east", "sea"]),
        ({"bool": {"must": {"match": {"text": "sea"}}, "must_not": {"match": {"text": "zebra"}}, "filter": {"term": {"text": "east"}}, "should": {"match": {"text": "dark"}}}}, ["east", "dark", "sea"]),
        ({"dis_max": {"queries": [{"match": {"text": "sea"}}, {"constant_score": {"filter": {"match": {"text": "dark"}}}}]}}, ["dark", "sea"]),
        ({"boosting": {"positive": {"match": {"text": "sea"}}, "negative": {"match": {"text": "dark"}}, "negative_boost": 0.5}}, ["dark", "sea"]),
        ({"bool": {"must": {"match": {"title": "river"}}, "filter": {"range": {"n": {"gt": 1}}}}}, []),
        ({"match": {"title": {"query": "sea", "_name": "x"}}}, []),
        ({"exists": {"field": "text"}}, []),
    ],
)  # fmt: skip
async def test_every_query_of_words_marks_them(texts: AsgiClient, query: Any, marks: list[str]) -> None:
    found = await marked(texts, query, fields={"text": {"number_of_fragments": 0}}, pre_tags="[", post_tags="]")
    whole = found.get("1", {"text": [""]})["text"][0]
    assert [part.split("]")[0] for part in whole.split("[")[1:]] == marks
    assert not marks or whole.replace("[", "").replace("]", "") == RIVER


async def test_values_are_cut_one_by_one(texts: AsgiClient) -> None:
    found = await marked(texts, {"match": {"title": "river mill sea"}}, fields={"title": {}, "all": {}}, require_field_match=False)  # fmt: skip
    assert found["2"] == {field: ["first <em>river</em>", "second <em>mill</em>"] for field in ("title", "all")}
    assert found["1"]["title"] == ["<em>River</em> & <em>sea</em> <b>mills</b>"]
    phrase = await marked(texts, {"match": {"title": "first"}}, fields={"title": {"highlight_query": {"match_phrase": {"title": "river second"}}}})  # fmt: skip
    assert phrase == {}


async def test_words_of_other_fields_are_marked_if_asked(texts: AsgiClient) -> None:
    query = {"match": {"title": "river"}}
    assert list((await marked(texts, query, fields={"*": {}}))["1"]) == ["title"]
    found = await marked(texts, query, fields={"*": {"number_of_fragments": 1}}, require_field_match=False)
    assert found["1"]["key"] == ["<em>river</em>"]
    assert list(found["1"]) == ["all", "key", "text", "title"]


async def test_texts_are_written_for_html_if_asked(texts: AsgiClient) -> None:
    found = await marked(
        texts, {"match": {"title": "mills"}}, encoder="html", tags_schema="styled", fields={"title": {}}
    )
    assert found["1"]["title"] == ['River &amp; sea &lt;b&gt;<em class="hlt1">mills</em>&lt;&#x2F;b&gt;']


async def test_a_field_without_a_match_may_show_its_beginning(texts: AsgiClient) -> None:
    query = {"match": {"title": "second"}}
    assert await marked(texts, query, fields={"text": {"no_match_size": 10}, "title": {}}) == {
        "2": {"text": ["Nothing here"], "title": ["<em>second</em> mill"]}
    }
    plain = await marked(texts, query, fields=[{"text": {"no_match_size": 10, "type": "plain"}}])
    assert plain == {"2": {"text": ["Nothing"]}}


async def test_sentences_end_as_java_ends_them(texts: AsgiClient) -> None:
    found = await marked(texts, {"match": {"text": "kettle miles swam"}}, fields={"text": {"fragment_size": 0}})
    assert found["3"]["text"] == [
        'Smith went. to the "<em>kettle</em>".',
        "(Then) he <em>swam</em>?",
        "3.5 <em>miles</em>... <em>kettle</em> \U0001f600 end. 5 kettles",
    ]


async def test_the_best_fragments_are_kept(texts: AsgiClient) -> None:
    found = await marked(texts, {"match": {"text": "sea river wide"}}, fields={"text": {"number_of_fragments": 1}})
    assert found["1"]["text"][0].startswith("Below the second mill the <em>river</em> is <em>wide</em>")


async def test_the_source_need_not_be_shown(texts: AsgiClient) -> None:
    body = {"query": {"match": {"text": "river"}}, "highlight": {"fields": {"text.raw": {}, "text": {}}}, "stored_fields": "_none_"}  # fmt: skip
    [hit] = (await texts("POST /texts/_search", body)).json["hits"]["hits"]
    assert list(hit) == ["_index", "_score", "highlight"]


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ({"type": "fvh"}, "the field [text] should be indexed with term vector with position offsets to be used with fast vector highlighter"),
        ({"type": "nope"}, "unknown highlighter type [nope] for the field [text]"),
        ({"type": "semantic"}, "[highlight type semantic] is not supported by Ragstone yet"),
        ({"type": "plain", "fragmenter": "zz"}, "unknown fragmenter option [zz] for the field [text]"),
        ({"boundary_scanner": "chars"}, "Invalid boundary scanner type: chars"),
        ({"max_analyzer_offset": 0}, "the value [0] of max_analyzer_offset is invalid"),
        ({"number_of_fragments": -1}, "[number_of_fragments] must not be negative: [-1]"),
        ({"highlight_query": {"regexp": {"text": "<1-9>"}}}, "[highlight of the regexp <1-9>] is not supported by Ragstone yet"),
    ],
)  # fmt: skip
async def test_what_cannot_be_done_fails_in_the_shard(texts: AsgiClient, field: Any, reason: str) -> None:
    refused = await texts("POST /texts/_search", {"query": {"match": {"text": "river"}}, "highlight": {"fields": {"text": field}}})  # fmt: skip
    assert (refused.status, refused.json["error"]["type"]) == (400, "search_phase_execution_exception")
    causes = refused.json["error"]["root_cause"]
    assert [cause["reason"].removeprefix("failed to create query: ") for cause in causes] == [reason]


async def test_term_vectors_do_not_make_a_fast_highlighter(texts: AsgiClient) -> None:
    refused = await texts("POST /texts/_search", {"highlight": {"fields": {"vectors": {"type": "fvh"}}}})
    assert refused.json["error"]["root_cause"][0]["reason"] == "[highlight type fvh] is not supported by Ragstone yet"


async def test_a_long_text_is_refused_unless_it_may_be_cut(texts: AsgiClient) -> None:
    await texts("PUT /texts/_settings", {"index.highlight.max_analyzed_offset": 50})
    query, name = {"match": {"text": "river"}}, "index.highlight.max_analyzed_offset"
    refused = await texts("POST /texts/_search", {"query": query, "highlight": {"fields": {"text": {}}}})
    assert refused.json["error"]["root_cause"][0]["reason"] == (
        "The length of [text] field of [0] doc of [texts] index has exceeded [50] - maximum allowed to be analyzed for "
        f"highlighting. This maximum can be set by changing the [{name}] index level setting. For large texts, indexing "
        "with offsets or term vectors is recommended!"
    )
    assert len((await marked(texts, query, fields={"text": {"max_analyzer_offset": 50}}))["1"]["text"]) == 1


@pytest.mark.parametrize(
    ("highlight", "kind", "reason"),
    [
        ({"foo": 1}, "x_content_parse_exception", "[1:15] [highlight] unknown field [foo]"),
        ({"fields": {"b": {"foo": 1}}}, "x_content_parse_exception", "[1:36] [highlight] failed to parse field [fields]"),
        ({"fields": {"b": 3}}, "x_content_parse_exception", "[1:29] [highlight] failed to parse field [fields]"),
        ({"fields": ["b"]}, "x_content_parse_exception", "[1:25] [highlight] failed to parse field [fields]"),
        ({"tags_schema": "x"}, "x_content_parse_exception", "[1:29] [highlight] failed to parse field [tags_schema]"),
        ({"boundary_scanner": "x"}, "x_content_parse_exception", "[1:34] [highlight] failed to parse field [boundary_scanner]"),
        ({"pre_tags": ["<a>"], "fields": {"b": {}}}, "parsing_exception", "pre_tags are set but post_tags are not set"),
        ({"fields": {"b": {"highlight_query": {"hybrid": {"queries": [{"match_all": {}}]}}}}}, "x_content_parse_exception", None),
    ],
)  # fmt: skip
async def test_what_is_no_highlight_is_refused(
    texts: AsgiClient, highlight: Any, kind: str, reason: str | None
) -> None:
    refused = await texts("POST /texts/_search", {"highlight": highlight})
    error = refused.json["error"]
    assert (refused.status, error["type"]) == (400, kind)
    assert reason is None or error["reason"] == reason
    if kind == "parsing_exception":
        assert (error["line"], error["col"]) == (1, 51)
