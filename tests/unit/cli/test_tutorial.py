from ragstone.cli.tutorial import THINKING_OFF, Chat, Step, bulk_lines, documents, steps
from ragstone.core import json


def test_five_of_the_six_documents_spell_their_line_breaks_out() -> None:
    texts = documents()
    assert len(texts) == 6
    assert [text.count("\n") for text in texts] == [4, 0, 0, 0, 0, 0]
    assert [text.count("\\n") for text in texts] == [0, 4, 4, 4, 4, 4]
    assert texts[3].endswith("\\nThe metro area population of Miami in 2020 was 6,122,000, a 0.71% increase from 2019.")
    assert "The current metro area population of Miami in 2023 is 6,265,000, a 0.8% increase from 2022." in texts[3]


def test_the_bulk_body_has_an_action_and_a_document_in_turn() -> None:
    lines = [json.decode(line) for line in bulk_lines().splitlines()]
    assert [line["index"]["_id"] for line in lines[::2]] == ["1", "2", "3", "4", "5", "6"]
    assert [line["text"] for line in lines[1::2]] == documents()


def test_ids_of_replies_are_filled_into_later_requests() -> None:
    step = Step("t", "GET", "/a/{{x}}", {"b": ["{{y}}", 1, {"c": "{{x}}{{y}}"}]})
    filled = step.filled({"x": "1", "y": "2"})
    assert (filled.path, filled.body) == ("/a/1", {"b": ["2", 1, {"c": "12"}]})


def test_every_id_that_a_step_needs_was_kept_by_one_before_it() -> None:
    kept: dict[str, str] = {}
    for step in steps(Chat("sk-x")):
        filled = step.filled(kept)
        assert b"{{" not in (filled.path.encode() + (filled.content() or b""))
        kept.update(dict.fromkeys(step.keep, "id"))


def test_the_tutorials_lines_stand_unless_another_chat_is_given() -> None:
    connector = steps(Chat("sk-x"))[1].body
    assert connector["parameters"] == {"endpoint": "api.deepseek.com", "model": "deepseek-chat"}
    action = connector["actions"][0]
    assert action["url"] == "https://${parameters.endpoint}/v1/chat/completions"
    assert action["request_body"] == '{ "model": "${parameters.model}", "messages": ${parameters.messages} }'
    current = steps(Chat("sk-x", model="deepseek-flash", request_body=THINKING_OFF))
    assert current[1].body["actions"][0]["request_body"] == THINKING_OFF
    assert current[-1].body["ext"]["generative_qa_parameters"]["llm_model"] == "deepseek-flash"


def test_a_chat_does_not_show_its_key() -> None:
    assert "sk-hush" not in repr(Chat("sk-hush"))
