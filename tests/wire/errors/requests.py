"""The lines of what a request says: who asks, for what, and with which body; it asks for nothing itself."""

import httpx

from tests.wire.errors.lines import (
    AZURE,
    HI,
    OPENAI,
    Line,
    gateway,
    get,
    missing,
    model,
    none_of,
    out_of_range,
    raw,
    send,
    stored,
    wrong_prefix,
)

DENIED = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
    "active subscription and use a correct regional API endpoint for your resource."
)
BAD_TOKEN = (
    "Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), or "
    "have expired."
)
NO_ROLE = (
    "The principal `{principal}` lacks the required data action "
    "`Microsoft.CognitiveServices/accounts/OpenAI/responses/write` to perform `POST /openai/responses` operation."
)
NO_DEPLOYMENT = (
    "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, "
    "please wait a moment and try again."
)
NO_KEY = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
    "(i.e. Authorization: Bearer YOUR_KEY)."
)
NO_JSON = (
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library "
    "correctly. The API expects a JSON payload, but what was sent was not valid JSON: unexpected character, expected "
    "',' or '}': line 1 column 20 (char 19).)"
)
NO_INPUT = model(
    "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation_id' must be provided.",
    "missing_required_parameter",
    "input",
)
NOT_FOUND = model("Response with id 'resp_x' not found.")
INCLUDES = (
    "'file_search_call.results', 'web_search_call.results', 'web_search_call.action.sources', "
    "'message.input_image.image_url', 'computer_call_output.output.image_url', 'code_interpreter_call.outputs', "
    "'reasoning.encrypted_content', and 'message.output_text.logprobs'"
)
FUNCTION = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}
OBJECT = {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True}


def with_token(http: httpx.Client) -> httpx.Response:
    """A bearer token and no key beside it."""
    return httpx.get(f"{http.base_url}models", headers={"authorization": "Bearer a.b.c"}, trust_env=False)


def without_role(http: httpx.Client) -> httpx.Response:
    """A create with a token that was issued without any role."""
    issuer = f"{str(http.base_url).removesuffix('/openai/v1/')}/_emulator/entra/msi"
    query = {"api-version": "2019-08-01", "resource": "https://cognitiveservices.azure.com", "roles": "none"}
    issued = httpx.get(issuer, params=query, headers={"x-identity-header": "any"}, trust_env=False).json()
    headers = {"authorization": f"Bearer {issued['access_token']}"}
    return httpx.post(f"{http.base_url}responses", json=HI, headers=headers, trust_env=False)


def page(query: str):
    return stored(lambda http, made: http.get(f"/responses/{made}/input_items?{query}"))


ACCESS = [
    Line("Azure, no key", get("/models", **{"api-key": ""}), 401, gateway("401", DENIED)),
    Line("Azure, bad key", get("/models", **{"api-key": "x"}), 401, gateway("401", DENIED), server="keys"),
    Line("Azure, bad token", with_token, 401, {"statusCode": 401, "message": BAD_TOKEN}, server="keys", bare=True),
    Line("Azure, no role", without_role, 401, gateway("PermissionDenied", NO_ROLE), server="tokens"),
    Line(
        "Azure, keys are turned off",
        send(),
        403,
        gateway("AuthenticationTypeDisabled", "Key based authentication is disabled for this resource."),
        server="tokens",
    ),
    Line("OpenAI, no key", get("/models", **{"api-key": ""}), 401, model(NO_KEY), OPENAI),
    Line(
        "OpenAI, bad key",
        get("/models", **{"api-key": "", "authorization": "Bearer sk-0123456789abcdef"}),
        401,
        model("Incorrect API key provided: ********cdef.", "invalid_api_key"),
        OPENAI,
        "keys",
    ),
    Line("Azure, unknown deployment", send(), 404, gateway("DeploymentNotFound", NO_DEPLOYMENT), server="deployments"),
    Line(
        "OpenAI, unknown model",
        send(),
        400,
        model("The requested model 'gpt-4o' does not exist.", "model_not_found", "model"),
        OPENAI,
        "deployments",
    ),
    Line("Azure, bad path", get("/nothing"), 404, gateway("404", "Resource not found")),
    Line("OpenAI, bad path", get("/nothing"), 404, model("Invalid URL (GET /v1/nothing)"), OPENAI),
    Line(
        "Azure, bad api-version",
        get("/models?api-version=2031"),
        400,
        gateway("BadRequest", "API version not supported"),
        server="strict",
    ),
]
BODIES = [
    Line("bad JSON", raw(b'{"model": "gpt-4o" "input": "x"}'), 400, model(NO_JSON)),
    Line(
        "no JSON by its type",
        raw(b"x", "text/plain"),
        400,
        model("Unsupported content type: 'text/plain'. This API method only accepts 'application/json' requests."),
    ),
    Line("missing model", send(model=None), 400, missing("model")),
    Line("missing input", send(input=None), 400, NO_INPUT),
    Line("empty text", send(input=""), 400, NO_INPUT),
    Line("empty list", send(input=[]), 400, NO_INPUT),
    Line(
        "unknown parameter",
        send(x=1),
        400,
        model("Unknown parameter: 'x'.", "unknown_parameter", "x"),
        server="strict",
    ),
    Line(
        "unsupported parameter",
        send(model="o3", temperature=0.5),
        400,
        model("Unsupported parameter: 'temperature' is not supported with this model.", None, "temperature"),
    ),
    Line(
        "wrong type",
        send(stream="yes"),
        400,
        model("Invalid type for 'stream': expected a boolean, but got a string instead.", "invalid_type", "stream"),
    ),
    Line("none of two", send(truncation="x"), 400, none_of("truncation", "x", "'auto' and 'disabled'")),
    Line(
        "none of three",
        send(text={"verbosity": "x"}),
        400,
        none_of("text.verbosity", "x", "'low', 'medium', and 'high'"),
    ),
    Line(
        "bad include",
        send(include=["file_search_call.results", "x"]),
        400,
        none_of("include[1]", "x", INCLUDES),
    ),
    Line("decimal too small", send(temperature=-1), 400, out_of_range("temperature", "decimal", "below", 0, -1)),
    Line("decimal too large", send(top_p=1.5), 400, out_of_range("top_p", "decimal", "above", 1, 1.5)),
    Line(
        "integer too small",
        send(max_output_tokens=15),
        400,
        out_of_range("max_output_tokens", "integer", "below", 16, 15),
    ),
    Line("integer too large", send(top_logprobs=21), 400, out_of_range("top_logprobs", "integer", "above", 20, 21)),
    Line(
        "many pairs of metadata",
        send(metadata={str(number): "x" for number in range(17)}),
        400,
        model(
            "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, but "
            "got an object with 17 properties instead.",
            "object_above_max_properties",
            "metadata",
        ),
    ),
    *(
        Line(
            f"a long {what} of metadata",
            send(metadata=pairs),
            400,
            model(
                f"Invalid 'metadata': string too long. Expected a string with maximum length {limit}, but got a string "
                f"with length {limit + 1} instead.",
                "string_above_max_length",
                "metadata",
            ),
        )
        for what, limit, pairs in (("key", 64, {"x" * 65: ""}), ("value", 512, {"k": "x" * 513}))
    ),
    Line(
        "bad schema",
        send(text={"format": OBJECT}),
        400,
        model(
            "Invalid schema for response_format 'n': In context=(), 'additionalProperties' is required to be supplied "
            "and to be false.",
            "invalid_json_schema",
            "text.format.schema",
        ),
    ),
    Line(
        "stream options without a stream",
        send(stream_options={"include_obfuscation": False}),
        400,
        model("The 'stream_options' parameter is only allowed when 'stream' is enabled.", None, "stream_options"),
    ),
    Line(
        "a choice that is not offered",
        send(tools=[FUNCTION], tool_choice={"type": "function", "name": "g"}),
        400,
        model("Tool choice 'g' not found in 'tools' parameter.", None, "tool_choice"),
    ),
    Line("no container", send(tools=[{"type": "code_interpreter"}]), 400, missing("tools[0].container")),
    Line(
        "MCP without an address",
        send(tools=[{"type": "mcp", "server_label": "x"}]),
        400,
        missing("tools[0].server_url"),
    ),
    Line(
        "unknown conversation",
        send(conversation="conv_x"),
        404,
        model("Conversation with id 'conv_x' not found."),
        OPENAI,
    ),
    Line(
        "conversations, Azure",
        send(conversation="conv_x"),
        400,
        model("Unknown parameter: 'conversation'.", "unknown_parameter", "conversation"),
        AZURE,
    ),
    Line(
        "previous response and conversation",
        send(previous_response_id="resp_x", conversation="conv_x"),
        400,
        model(
            "Mutually exclusive parameters: ''. Ensure you are only providing one of: 'pre..._id' or 'conversation'.",
            "mutually_exclusive_parameters",
        ),
        OPENAI,
    ),
]
PAGES = [
    Line("a page of none", page("limit=0"), 400, out_of_range("limit", "integer", "below", 1, 0)),
    Line("a page of too many", page("limit=101"), 400, out_of_range("limit", "integer", "above", 100, 101)),
    Line("another order", page("order=up"), 400, none_of("order", "up", "'asc' and 'desc'")),
    Line(
        "a page after an unknown item",
        page("after=msg_x"),
        400,
        model("Invalid 'after': no item with id 'msg_x' is in this list.", "invalid_value", "after"),
    ),
]
IDS = [
    *(
        Line(f"unknown response, {method} {rest}, {base}", ask, 404, NOT_FOUND, base)
        for base in (AZURE, OPENAI)
        for method, rest, ask in (
            ("GET", "", get("/responses/resp_x")),
            ("DELETE", "", lambda http: http.delete("/responses/resp_x")),
            ("POST", "cancel", lambda http: http.post("/responses/resp_x/cancel")),
            ("GET", "input_items", get("/responses/resp_x/input_items")),
        )
    ),
    Line("malformed id", get("/responses/x"), 400, wrong_prefix("response_id", "x", "resp")),
    Line(
        "unknown previous response",
        send(previous_response_id="resp_x"),
        400,
        model("Previous response with id 'resp_x' not found.", "previous_response_not_found", "previous_response_id"),
    ),
    Line(
        "previous response with a wrong prefix",
        send(previous_response_id="x"),
        400,
        wrong_prefix("previous_response_id", "x", "resp"),
    ),
    Line(
        "previous response with other signs",
        send(previous_response_id="resp_é"),
        400,
        model(
            "Invalid 'previous_response_id': 'resp_é'. Expected an ID that contains letters, numbers, underscores, or "
            "dashes, but this value contained additional characters.",
            "invalid_value",
            "previous_response_id",
        ),
    ),
]
LINES = [*ACCESS, *BODIES, *PAGES, *IDS]
