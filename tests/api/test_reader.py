import pytest

from ragstone.testing.asgi import AsgiClient

PATH = "POST /_plugins/_ragstone/reader/v1/chat/completions"


async def test_the_reader_answers_like_a_chat_model(client: AsgiClient) -> None:
    content = "SEARCH RESULT 1: Oslo is the capital of Norway.\n\nQUESTION: What is the capital of Norway?\n\nANSWER:"
    answer = await client(PATH, {"model": "any", "messages": [{"role": "user", "content": content}]})
    assert answer.status == 200
    assert answer.json["model"] == "ragstone-reader"
    assert answer.json["choices"][0]["message"]["content"] == "“Oslo is the capital of Norway.” [1]"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"hello", b"[]", b'{"messages": 5}', b'{"messages": [{"role": "user", "content": 5}]}']
)
async def test_malformed_bodies_get_an_error_in_openais_shape(client: AsgiClient, body: bytes) -> None:
    answer = await client(PATH, body, headers={"content-type": "application/json"})
    assert answer.status == 400
    assert set(answer.json) == {"error"}
    assert set(answer.json["error"]) == {"message", "type", "param", "code"}
    assert answer.json["error"]["type"] == "invalid_request_error"
