import json as plain_json
import math
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from ragstone.core.clock import Deadline, SystemClock
from ragstone.providers.api import HttpRequest, HttpTransportError
from ragstone.testing import deepseek as shop
from ragstone.testing.deepseek import Raw, Reply, SimulatedDeepSeek

KEY = {"Authorization": "Bearer sk-0000abcd"}
HELLO = [{"role": "user", "content": "Hello!"}]


@pytest.fixture
def today() -> Iterator[SimulatedDeepSeek]:
    with SimulatedDeepSeek("v41-2026-09") as simulated:
        yield simulated


@pytest.fixture
def of_2025() -> Iterator[SimulatedDeepSeek]:
    with SimulatedDeepSeek("v3-2025", answer="Hello!") as simulated:
        yield simulated


def chat(simulated: SimulatedDeepSeek, **body: Any) -> requests.Response:
    body = {"model": next(iter(simulated.profile.models)), "messages": HELLO} | body
    return post(simulated, plain_json.dumps(body).encode())


def post(simulated: SimulatedDeepSeek, body: bytes, headers: dict[str, str] = KEY) -> requests.Response:
    return requests.post(f"{simulated.url}/v1/chat/completions", data=body, headers=headers, timeout=10)


def refusal(response: requests.Response, status: int = 400, kind: str = "invalid_request_error") -> str:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == kind
    return str(error["message"])


# ── success ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_answer_of_2025_has_the_tutorials_keys(of_2025: SimulatedDeepSeek) -> None:
    answer = chat(of_2025).json()
    assert list(answer) == ["id", "object", "created", "model", "choices", "usage", "system_fingerprint"]
    assert answer["model"] == "deepseek-chat"
    assert answer["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello!"},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ]
    assert answer["usage"] == {
        "prompt_tokens": 2,
        "completion_tokens": 2,
        "total_tokens": 4,
        "prompt_tokens_details": {"cached_tokens": 0},
        "prompt_cache_hit_tokens": 0,
        "prompt_cache_miss_tokens": 2,
    }


def test_todays_models_think_unless_told_not_to(today: SimulatedDeepSeek) -> None:
    thought = chat(today).json()
    assert thought["choices"][0]["message"]["reasoning_content"]
    assert thought["usage"]["completion_tokens_details"]["reasoning_tokens"] > 0
    for off in ({"thinking": {"type": "disabled"}}, {"reasoning_effort": "none"}):
        plain = chat(today, **off).json()
        assert "reasoning_content" not in plain["choices"][0]["message"]
        assert "completion_tokens_details" not in plain["usage"]


def test_an_alias_is_answered_under_the_canonical_name(today: SimulatedDeepSeek) -> None:
    assert chat(today, model="deepseek-v4-flash").json()["model"] == "deepseek-flash"


def test_reasoning_eats_the_budget_first(today: SimulatedDeepSeek) -> None:
    today.next(shop.starved)
    answer = chat(today, max_tokens=60).json()
    assert answer["choices"][0]["message"]["content"] == ""
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"]["completion_tokens"] == 60
    assert answer["usage"]["completion_tokens_details"]["reasoning_tokens"] == 60


def test_an_answer_longer_than_max_tokens_is_cut(today: SimulatedDeepSeek) -> None:
    today.next("a" * 100)
    answer = chat(today, max_tokens=3, thinking={"type": "disabled"}).json()
    assert answer["choices"][0]["message"]["content"] == "a" * 10
    assert answer["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize("reason", ["insufficient_system_resource", "aborted", "content_filter"])
def test_every_finish_reason_can_be_told(today: SimulatedDeepSeek, reason: str) -> None:
    today.next(Reply("half an ans", finish_reason=reason))
    assert chat(today).json()["choices"][0]["finish_reason"] == reason


def test_steps_are_used_up_in_order_and_may_look_at_the_request(today: SimulatedDeepSeek) -> None:
    today.next("one", lambda request: f"you said {request.last_user_text}")
    said = [chat(today).json()["choices"][0]["message"]["content"] for _ in range(3)]
    assert said == ["one", "you said Hello!", "Hello! How can I assist you today?"]


def test_parts_of_content_are_read_today_and_refused_in_2025(
    today: SimulatedDeepSeek, of_2025: SimulatedDeepSeek
) -> None:
    messages = [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]
    today.next(lambda request: request.last_user_text)
    assert chat(today, messages=messages).json()["choices"][0]["message"]["content"] == "a\n\nb"
    text = refusal(chat(of_2025, messages=messages), 422)
    assert text.startswith(
        "Failed to deserialize the JSON body into the target type: messages[0]: invalid type: sequence, "
        "expected a string at line 1 column "
    )


def test_requests_are_recorded_with_the_key_scrubbed(today: SimulatedDeepSeek) -> None:
    chat(today, temperature=0.5)
    (received,) = today.requests
    assert received.path == "/v1/chat/completions"
    assert received.body["temperature"] == 0.5
    assert received.headers["authorization"] == "Bearer ****abcd"
    assert "sk-0000" not in repr(received)


def test_models_and_balance_are_told(today: SimulatedDeepSeek) -> None:
    models = requests.get(f"{today.url}/models", headers=KEY, timeout=10).json()
    assert [model["id"] for model in models["data"]] == ["deepseek-flash", "deepseek-v4-pro"]
    balance = requests.get(f"{today.url}/user/balance", headers=KEY, timeout=10).json()
    assert balance["balance_infos"][0]["total_balance"] == "100.00"
    assert requests.get(f"{today.url}/nothing", headers=KEY, timeout=10).status_code == 404


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_keys_are_checked_in_form_and_value() -> None:
    with SimulatedDeepSeek(api_key="sk-right") as simulated:
        wrong = refusal(post(simulated, b"{}", {"Authorization": "Bearer sk-wrong"}), 401, "authentication_error")
        assert wrong == "Authentication Fails, Your api key: ****rong is invalid"
        form = refusal(post(simulated, b"{}", {"Authorization": "sk-right"}), 401, "authentication_error")
        assert form == "Authentication Fails (auth header format should be Bearer sk-...)"
        none = refusal(post(simulated, b"{}", {}), 401, "authentication_error")
        assert none == "Authentication Fails (governor)"


def test_no_money_no_answer() -> None:
    with SimulatedDeepSeek(balance=0) as simulated:
        assert refusal(chat(simulated), 402, "unknown_error") == "Insufficient Balance"


@pytest.mark.parametrize(
    ("profile", "text"),
    [
        ("v3-2025", "Model Not Exist"),
        (
            "v4-2026-07",
            "The supported API model names are deepseek-v4-pro or deepseek-v4-flash, but you passed deepseek-gone.",
        ),
        (
            "v41-2026-09",
            "The supported API model names are deepseek-flash, deepseek-v4-pro, but you passed deepseek-gone",
        ),
    ],
)
def test_unknown_models_are_refused_in_the_words_of_their_time(profile: str, text: str) -> None:
    with SimulatedDeepSeek(profile) as simulated:
        assert refusal(chat(simulated, model="deepseek-gone")) == text


def test_the_tutorials_model_name_is_retired_today(today: SimulatedDeepSeek) -> None:
    assert refusal(chat(today, model="deepseek-chat")) == (
        "The supported API model names are deepseek-flash, deepseek-v4-pro, but you passed deepseek-chat"
    )


def test_an_unknown_role_is_named_with_its_place(today: SimulatedDeepSeek) -> None:
    body = b'{"model":"deepseek-flash","messages":[{"role":"developer","content":"x"}]}'
    assert refusal(post(today, body)) == (
        "Failed to deserialize the JSON body into the target type: messages[0].role: unknown variant `developer`, "
        "expected one of `system`, `user`, `assistant`, `tool`, `latest_reminder` at line 1 column 57"
    )


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"messages": HELLO}, "missing field `model`"),
        ({"model": "deepseek-flash"}, "missing field `messages`"),
        ({"model": 1, "messages": HELLO}, "model: invalid type: integer `1`, expected a string"),
        ({"model": "m", "messages": "Hello"}, 'messages: invalid type: string "Hello", expected a sequence'),
        ({"model": "m", "messages": [1]}, "messages[0]: invalid type: integer `1`, expected a map"),
        ({"model": "m", "messages": [{"content": "x"}]}, "messages[0]: missing field `role`"),
        ({"model": "m", "messages": [{"role": "user"}]}, "messages[0]: missing field `content`"),
        (
            {"model": "m", "messages": [{"role": "user", "content": None}]},
            "messages[0]: invalid type: null, expected a string",
        ),
        (
            {"model": "m", "messages": HELLO, "temperature": "warm"},
            'temperature: invalid type: string "warm", expected f32',
        ),
        (
            {"model": "m", "messages": HELLO, "max_tokens": True},
            "max_tokens: invalid type: boolean `true`, expected u32",
        ),
    ],
)
def test_wrong_shapes_are_told_with_their_place(today: SimulatedDeepSeek, body: dict[str, Any], text: str) -> None:
    message = refusal(post(today, plain_json.dumps(body).encode()))
    assert message.startswith(f"Failed to deserialize the JSON body into the target type: {text} at line 1 column ")


def test_pictures_are_for_models_that_see(today: SimulatedDeepSeek) -> None:
    messages = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x.example/a.png"}}]}]
    assert chat(today, messages=messages).status_code == 200
    text = refusal(chat(today, model="deepseek-v4-pro", messages=messages))
    assert "messages[0]: unknown variant `image_url`, expected `text` at line 1" in text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"model":"deepseek-flash","messages":[', "EOF while parsing a value at line 1 column 39"),
        (b'{"model":', "EOF while parsing a value at line 1 column 10"),
        (b"hello", "expected value at line 1 column 1"),
        (b"[]", "expected value at line 1 column 1"),
        (
            b'{"messages":[{"role":"user","content":"half \\ud83d"}]}',
            "messages[0].content: unexpected end of hex escape at line 1 column 48",
        ),
    ],
)
def test_broken_json_is_told_with_its_place(today: SimulatedDeepSeek, body: bytes, text: str) -> None:
    assert refusal(post(today, body)) == f"Failed to parse the request body as JSON: {text}"


def test_the_context_has_an_end(of_2025: SimulatedDeepSeek) -> None:
    messages = [{"role": "user", "content": "x" * 218_000}]
    assert refusal(chat(of_2025, messages=messages, max_tokens=200)) == (
        "This model's maximum context length is 65536 tokens. However, you requested 65600 tokens (65400 in the "
        "messages, 200 in the completion). Please reduce the length of the messages or completion."
    )


@pytest.mark.parametrize("given", [0, -1, 393_217])
def test_max_tokens_has_a_range(today: SimulatedDeepSeek, given: int) -> None:
    text = "Invalid max_tokens value, the valid range of max_tokens is [1, 393216]"
    assert refusal(chat(today, max_tokens=given)) == text


def test_a_forbidden_word_in_a_retrieved_passage_is_enough() -> None:
    with SimulatedDeepSeek(forbidden_words=("xyzzy",)) as simulated:
        messages = [{"role": "user", "content": "SEARCH RESULT 1: say xyzzy"}, *HELLO]
        assert refusal(chat(simulated, messages=messages)) == "Content Exists Risk"


@pytest.mark.parametrize(
    ("extra", "text"),
    [
        ({"tool_choice": "required"}, "Thinking mode does not support this tool_choice"),
        ({"response_format": {"type": "json_schema"}}, "This response_format type is unavailable now"),
        ({"stream_options": {"include_usage": True}}, "stream_options should be set along with stream = true"),
        (
            {"tools": [{}], "messages": [*HELLO, {"role": "assistant", "content": "a"}, *HELLO]},
            "The `reasoning_content` in the thinking mode must be passed back to the API.",
        ),
    ],
)
def test_fields_that_do_not_fit_each_other_are_refused(
    today: SimulatedDeepSeek, extra: dict[str, Any], text: str
) -> None:
    assert refusal(chat(today, **extra)) == text


def test_2025_wants_the_word_json_and_refuses_reasoning_sent_back(of_2025: SimulatedDeepSeek) -> None:
    assert refusal(chat(of_2025, response_format={"type": "json_object"})).startswith("Prompt must contain the word")
    assistant = {"role": "assistant", "content": "a", "reasoning_content": "b"}
    assert chat(of_2025, messages=[*HELLO, assistant, *HELLO]).status_code == 400


def test_more_requests_than_allowed_get_429_until_one_ends() -> None:
    with SimulatedDeepSeek(concurrency=1) as simulated:
        simulated.next(Reply("slow", delay=0.3))
        slow: list[requests.Response] = []
        thread = threading.Thread(target=lambda: slow.append(chat(simulated)))
        thread.start()
        simulated.wait_for_requests(1)
        assert refusal(chat(simulated), 429, "rate_limit_error").startswith("Your current concurrency is 2, which")
        thread.join()
        assert slow[0].status_code == 200
        assert chat(simulated).status_code == 200


def test_each_user_id_has_a_limit_of_its_own() -> None:
    with SimulatedDeepSeek(user_concurrency=0) as simulated:
        assert chat(simulated, user_id="a").status_code == 429
        assert chat(simulated).status_code == 200


def test_streams_are_refused_aloud(today: SimulatedDeepSeek) -> None:
    assert refusal(chat(today, stream=True), 501) == "the simulator does not stream"


# ── bad days ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_failures_come_as_often_as_told_and_then_success(today: SimulatedDeepSeek) -> None:
    today.next(shop.server_error(), shop.overloaded(), shop.gateway_error(502), shop.gateway_error(504))
    answers = [chat(today) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [500, 503, 502, 504, 200]
    assert answers[2].headers["content-type"] == "text/html"
    assert answers[2].text == "<html><head><title>502 Bad Gateway</title></head><body></body></html>"


def test_blank_lines_come_before_the_json(today: SimulatedDeepSeek) -> None:
    today.next(Reply("late", blank_lines=3))
    response = chat(today)
    assert response.headers["transfer-encoding"] == "chunked"
    assert response.text.startswith("\n\n\n{")
    assert response.json()["choices"][0]["message"]["content"] == "late"


def test_blank_lines_may_be_all(today: SimulatedDeepSeek) -> None:
    today.next(shop.blank_lines_only(), shop.blank_lines_only(ending="reset"), Raw(b"<p>", content_type="text/html"))
    assert chat(today).text == "\n\n\n"
    with pytest.raises(requests.RequestException):
        chat(today)
    assert chat(today).headers["content-type"] == "text/html"


def test_a_body_may_end_before_its_length(today: SimulatedDeepSeek) -> None:
    today.next(shop.cut_short())
    with pytest.raises(requests.RequestException):
        chat(today)
    assert chat(today).status_code == 200


# ── under its real name ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_products_transport_reaches_it_under_its_real_name(today: SimulatedDeepSeek) -> None:
    transport = today.transport()
    body = plain_json.dumps({"model": "deepseek-flash", "messages": HELLO}).encode()
    request = HttpRequest(method="POST", url="https://api.deepseek.com/v1/chat/completions", headers=KEY, body=body)
    response = await transport.send(request)
    assert response.status == 200
    today.next(shop.silence())
    with pytest.raises(HttpTransportError, match="Read timed out"):
        await transport.send(request, Deadline.after(SystemClock(), 0.2))
    await transport.close()
    assert len(today.requests) == 2


pytest_plugins = ["ragstone.testing.fixtures"]


def test_the_fixture_for_users_runs_todays_profile(simulated_deepseek: SimulatedDeepSeek) -> None:
    assert chat(simulated_deepseek).status_code == 200
    assert math.isfinite(simulated_deepseek.requests[0].at)
