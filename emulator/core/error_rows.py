"""Every error of the wire as one row of one table; it raises nothing and knows no HTTP framework."""

from collections.abc import Mapping

from emulator.core.records import dataclass


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One line of the error table (docs/reference/errors.md).

    `message` is a `str.format` template. `envelope` names the shape of the body: `model` has all four keys
    (message, type, param, code), `gateway` only code and message, `bare` is Azure's answer to a bad token.
    """

    status: int
    message: str
    code: str | None = None
    type: str | None = "invalid_request_error"
    envelope: str = "model"


# The service names what is wrong with a picture by its code; a row is named so too.
IMAGE_CODES = (
    "invalid_image",
    "invalid_image_format",
    "invalid_image_mode",
    "invalid_image_url",
    "image_too_large",
    "image_too_small",
    "image_parse_error",
    "image_content_policy_violation",
    "image_file_too_large",
    "unsupported_image_media_type",
    "empty_image_file",
    "failed_to_download_image",
    "image_file_not_found",
)
_IMAGE_ROWS = {code: ErrorRow(400, "Invalid '{param}': {reason}.", code) for code in IMAGE_CODES}

ERRORS: Mapping[str, ErrorRow] = {
    # The body and its fields
    "bad_json": ErrorRow(
        400,
        "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP "
        "library correctly. The API expects a JSON payload, but what was sent was not valid JSON: {reason}.)",
    ),
    "body_not_object": ErrorRow(400, "Invalid body: expected a JSON object, but got {got} instead.", "invalid_type"),
    "bad_content_type": ErrorRow(
        400, "Unsupported content type: '{got}'. This API method only accepts '{expected}' requests."
    ),
    "bad_multipart": ErrorRow(400, "We could not parse the multipart body of your request: {reason}."),
    "body_too_large": ErrorRow(
        413, "The request body is too large: at most {limit} bytes are accepted here.", "request_too_large"
    ),
    "missing_parameter": ErrorRow(400, "Missing required parameter: '{param}'.", "missing_required_parameter"),
    "missing_input": ErrorRow(
        400,
        "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation_id' must be provided.",
        "missing_required_parameter",
    ),
    "unknown_parameter": ErrorRow(400, "Unknown parameter: '{param}'.", "unknown_parameter"),
    "unsupported_parameter": ErrorRow(400, "Unsupported parameter: '{param}' is not supported with this model."),
    "unsupported_value": ErrorRow(
        400,
        "Unsupported value: '{param}' does not support '{value}' with this model. Supported values are: {supported}.",
        "unsupported_value",
    ),
    "invalid_type": ErrorRow(
        400, "Invalid type for '{param}': expected {expected}, but got {got} instead.", "invalid_type"
    ),
    "invalid_value": ErrorRow(400, "Invalid value: '{value}'. Supported values are: {supported}.", "invalid_value"),
    "invalid": ErrorRow(400, "Invalid '{param}': {reason}", "invalid_value"),
    "integer_below_min_value": ErrorRow(
        400,
        "Invalid '{param}': integer below minimum value. Expected a value >= {limit}, but got {got} instead.",
        "integer_below_min_value",
    ),
    "integer_above_max_value": ErrorRow(
        400,
        "Invalid '{param}': integer above maximum value. Expected a value <= {limit}, but got {got} instead.",
        "integer_above_max_value",
    ),
    "decimal_below_min_value": ErrorRow(
        400,
        "Invalid '{param}': decimal below minimum value. Expected a value >= {limit}, but got {got} instead.",
        "decimal_below_min_value",
    ),
    "decimal_above_max_value": ErrorRow(
        400,
        "Invalid '{param}': decimal above maximum value. Expected a value <= {limit}, but got {got} instead.",
        "decimal_above_max_value",
    ),
    "string_above_max_length": ErrorRow(
        400,
        "Invalid '{param}': string too long. Expected a string with maximum length {limit}, "
        "but got a string with length {got} instead.",
        "string_above_max_length",
    ),
    "string_below_min_length": ErrorRow(
        400,
        "Invalid '{param}': string too short. Expected a string with minimum length {limit}, "
        "but got a string with length {got} instead.",
        "string_below_min_length",
    ),
    "string_pattern": ErrorRow(
        400,
        "Invalid '{param}': string does not match pattern. Expected a string that matches the pattern '{pattern}'.",
        "invalid_value",
    ),
    "array_above_max_length": ErrorRow(
        400,
        "Invalid '{param}': array too long. Expected an array with maximum length {limit}, "
        "but got an array with length {got} instead.",
        "array_above_max_length",
    ),
    "array_below_min_length": ErrorRow(
        400,
        "Invalid '{param}': array too short. Expected an array with minimum length {limit}, "
        "but got an array with length {got} instead.",
        "array_below_min_length",
    ),
    "object_above_max_properties": ErrorRow(
        400,
        "Invalid '{param}': too many properties. Expected an object with at most {limit} properties, "
        "but got an object with {got} properties instead.",
        "object_above_max_properties",
    ),
    "invalid_json_schema": ErrorRow(
        400, "Invalid schema for response_format '{name}': {reason}", "invalid_json_schema"
    ),
    "invalid_function_parameters": ErrorRow(
        400, "Invalid schema for function '{name}': {reason}", "invalid_function_parameters"
    ),
    "mutually_exclusive": ErrorRow(
        400,
        "Mutually exclusive parameters: ''. Ensure you are only providing one of: {names}.",
        "mutually_exclusive_parameters",
    ),
    # Ids
    "id_prefix": ErrorRow(
        400, "Invalid '{param}': '{value}'. Expected an ID that begins with '{prefix}'.", "invalid_value"
    ),
    "id_characters": ErrorRow(
        400,
        "Invalid '{param}': '{value}'. Expected an ID that contains letters, numbers, underscores, or dashes, "
        "but this value contained additional characters.",
        "invalid_value",
    ),
    # Chains and items
    "previous_response_not_found": ErrorRow(
        400, "Previous response with id '{id}' not found.", "previous_response_not_found"
    ),
    "previous_response_unfinished": ErrorRow(
        400,
        "Previous response with id '{id}' is still {status}. Wait until it has finished, then chain to it.",
        "previous_response_not_found",
    ),
    "previous_response_ended": ErrorRow(
        400,
        "Previous response with id '{id}' is {status} and cannot be chained to.",
        "previous_response_not_found",
    ),
    "no_call_for_output": ErrorRow(400, "No tool call found for {kind} call output with call_id {call_id}."),
    "no_output_for_call": ErrorRow(400, "No tool output found for {kind} call {call_id}."),
    "duplicate_item": ErrorRow(
        400,
        "Duplicate item found with id {id}. Remove duplicate items from your input and try again.",
    ),
    "item_not_found": ErrorRow(
        404,
        "Item with id '{id}' not found. Items are not persisted when `store` is set to false. Try again with "
        "`store` set to true, or remove this item from your input.",
    ),
    "tool_choice_not_in_tools": ErrorRow(400, "Tool choice '{name}' not found in 'tools' parameter."),
    "tool_choice_without_tools": ErrorRow(400, "Tool choice '{name}' must be specified with 'tools' parameter."),
    "json_not_asked": ErrorRow(
        400,
        "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.",
    ),
    "no_encrypted_content": ErrorRow(400, "Encrypted content is not supported with this model."),
    "context_length_exceeded": ErrorRow(
        400,
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
        "context_length_exceeded",
    ),
    "no_approval_request": ErrorRow(400, "No approval request found with id '{id}'."),
    "mcp_list_failed": ErrorRow(
        424,
        "Error retrieving tool list from MCP server: '{label}'. {reason}",
        "http_error",
        type="external_connector_error",
    ),
    "mcp_call_failed": ErrorRow(
        424,
        "Error calling tool '{name}' of MCP server: '{label}'. {reason}",
        "http_error",
        type="external_connector_error",
    ),
    "unsupported_operation": ErrorRow(
        400, "The model '{model}' is not supported by this operation.", "unsupported_model"
    ),
    # Hosted tools
    "unsupported_tool": ErrorRow(400, "Hosted tool '{tool}' is not supported with {model}."),
    "image_deployment_missing": ErrorRow(
        400,
        "imagegen deployment must be provided through header: {header}",
        "invalid_request_error",
        type="image_generation_user_error",
    ),
    "image_deployment": ErrorRow(
        400,
        "The header {header} names '{got}', which makes no images; it must name a deployment such as 'gpt-image-1'.",
        "invalid_request_error",
        type="image_generation_user_error",
    ),
    "image_streaming": ErrorRow(
        400, "Streaming is not supported with the tool 'image_generation'.", "unsupported_parameter"
    ),
    "image_editing": ErrorRow(
        400,
        "Editing an image over several turns is not supported with the tool 'image_generation'; with the action "
        "'generate' it draws a new one.",
        "unsupported_parameter",
    ),
    "computer_truncation": ErrorRow(
        400, "The tool 'computer_use_preview' is only supported with 'truncation' set to 'auto'.", "unsupported_value"
    ),
    "safety_checks": ErrorRow(
        400, "The pending safety checks of the computer call {call_id} must be acknowledged: {checks}."
    ),
    # Images and files in the input
    "no_vision": ErrorRow(
        400, "Invalid '{param}': the model '{model}' takes no images and no files.", "unsupported_content"
    ),
    "image_url_format": ErrorRow(
        400,
        "Invalid '{param}'. Expected a valid URL, but got a value with an invalid format.",
        "invalid_value",
    ),
    "image_mime": ErrorRow(
        400,
        "Invalid '{param}'. Expected a base64-encoded data URL with an image MIME type (e.g. "
        "'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='), but got unsupported MIME type '{got}'.",
        "invalid_value",
    ),
    "image_base64": ErrorRow(
        400,
        "Invalid '{param}'. Expected a base64-encoded data URL with an image MIME type (e.g. "
        "'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='), but got a value without the 'base64' encoding or with "
        "invalid base64 data.",
        "invalid_base64_image",
    ),
    **_IMAGE_ROWS,
    "file_data": ErrorRow(
        400,
        "Invalid '{param}'. Expected a base64-encoded data URL (e.g. 'data:application/pdf;base64,...') or "
        "base64 data, but got a value with an invalid format.",
        "invalid_value",
    ),
    "file_mime": ErrorRow(
        400,
        "Invalid '{param}'. Expected a base64-encoded data URL with an application/pdf MIME type (e.g. "
        "'data:application/pdf;base64,...'), but got unsupported MIME type '{got}'.",
        "invalid_value",
    ),
    "input_file_type": ErrorRow(
        400,
        "Invalid input: Expected context stuffing file type to be a supported format: .pdf but got {got}.",
        "invalid_value",
    ),
    "file_not_found": ErrorRow(404, "No such File object: {id}"),
    "file_purpose": ErrorRow(400, "Invalid value: '{value}'. Supported values are: {supported}.", "invalid_value"),
    "file_kept": ErrorRow(400, "Not allowed to download files of purpose: {purpose}"),
    # Uploads in parts
    "upload_not_found": ErrorRow(404, "No such Upload object: {id}"),
    "upload_ended": ErrorRow(400, "Upload '{id}' is {status}: it takes no parts and cannot be completed or cancelled."),
    "upload_size": ErrorRow(
        400, "The parts hold {got} bytes, but the upload was created for {declared} bytes.", "invalid_value"
    ),
    "upload_md5": ErrorRow(
        400, "The MD5 checksum of the parts is '{got}', but '{expected}' was expected.", "invalid_value"
    ),
    "part_not_found": ErrorRow(400, "No part with id '{id}' was added to this upload.", "invalid_value"),
    "part_repeated": ErrorRow(400, "The part with id '{id}' is named twice.", "invalid_value"),
    # Containers
    "container_not_found": ErrorRow(404, "Container with id '{id}' not found."),
    "container_expired": ErrorRow(400, "Container is expired."),
    "container_file_not_found": ErrorRow(404, "Container file with id '{id}' not found."),
    "container_full": ErrorRow(400, "Container with id '{id}' holds {limit} files already, the most that it takes."),
    "file_type": ErrorRow(
        400, "Unsupported file type: '{extension}'. Supported file types are: {supported}.", "unsupported_file"
    ),
    # Vector stores
    "vector_store_not_found": ErrorRow(404, "No vector store found with id '{id}'."),
    "searched_store_not_found": ErrorRow(404, "Vector store with id ['{id}'] not found."),
    "vector_store_expired": ErrorRow(400, "Vector store '{id}' has expired."),
    "vector_store_file_not_found": ErrorRow(404, "No file found with id '{id}' in vector store '{store}'."),
    "vector_store_batch_not_found": ErrorRow(404, "No file batch found with id '{id}' in vector store '{store}'."),
    # Conversations
    "conversation_not_found": ErrorRow(404, "Conversation with id '{id}' not found."),
    "conversation_item_not_found": ErrorRow(404, "Item with id '{id}' not found in conversation '{conversation}'."),
    "conversation_locked": ErrorRow(
        400,
        "Another process is currently operating on this conversation. Please retry in a few seconds.",
        "conversation_locked",
    ),
    # Responses
    "response_not_found": ErrorRow(404, "Response with id '{id}' not found."),
    "background_needs_store": ErrorRow(400, "background=true requires store=true.", "unsupported_parameter"),
    "stream_options_need_stream": ErrorRow(
        400, "The 'stream_options' parameter is only allowed when 'stream' is enabled."
    ),
    "cancel_foreground": ErrorRow(400, "Cannot cancel a synchronous response."),
    "cancel_ended": ErrorRow(400, "Cannot cancel a {status} response."),
    "delete_running": ErrorRow(400, "Cannot delete an in-flight response."),
    "stream_not_background": ErrorRow(
        400, "This response cannot be streamed because it was not created with background=true."
    ),
    "stream_not_streamed": ErrorRow(
        400, "This response cannot be streamed because it was not created with stream=true."
    ),
    "encrypted_content_persisted": ErrorRow(400, "Encrypted content cannot be requested for persisted responses."),
    "stream_too_old": ErrorRow(400, "This response can no longer be streamed because it is more than {age} old."),
    # What only faults and limits bring about
    "rate_limited_requests": ErrorRow(
        429,
        "Rate limit reached for {model} on requests per min (RPM): Limit {limit}, Used {used}, Requested {requested}. "
        "Please try again in {wait}.",
        "rate_limit_exceeded",
        type="requests",
    ),
    "rate_limited_tokens": ErrorRow(
        429,
        "Rate limit reached for {model} on tokens per min (TPM): Limit {limit}, Used {used}, Requested {requested}. "
        "Please try again in {wait}.",
        "rate_limit_exceeded",
        type="tokens",
    ),
    "insufficient_quota": ErrorRow(
        429,
        "You exceeded your current quota, please check your plan and billing details. For more information on this "
        "error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
        "insufficient_quota",
        type="insufficient_quota",
    ),
    "overloaded": ErrorRow(
        503,
        "The server is currently overloaded with other requests. Sorry about that! You can retry your request, or "
        "contact us through our help center at help.openai.com if the error persists.",
        type="server_error",
    ),
    "item_lost": ErrorRow(404, "Item with id '{id}' not found."),
    "invalid_encrypted_content": ErrorRow(
        400,
        "The encrypted content {shown} could not be verified. Reason: {reason}",
        "invalid_encrypted_content",
    ),
    "content_filter": ErrorRow(
        400,
        "The response was filtered due to the prompt triggering Azure OpenAI\u2019s content management policy. Please "
        "modify your prompt and retry. To learn more about our content filtering policies please read our "
        "documentation: https://go.microsoft.com/fwlink/?linkid=2198766",
        "content_filter",
    ),
    # The door
    "no_key": ErrorRow(
        401,
        "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer "
        "auth (i.e. Authorization: Bearer YOUR_KEY).",
    ),
    "bad_key": ErrorRow(401, "Incorrect API key provided: {key}.", "invalid_api_key"),
    "bad_token": ErrorRow(401, "Incorrect API key provided: {key}.", "invalid_api_key"),
    "no_role": ErrorRow(
        401, "You have insufficient permissions for this operation: {principal} lacks {action} for {operation}."
    ),
    "key_disabled": ErrorRow(403, "Key based authentication is disabled for this resource.", "key_disabled"),
    "unknown_deployment": ErrorRow(400, "The requested model '{model}' does not exist.", "model_not_found"),
    "model_not_found": ErrorRow(404, "The model '{model}' does not exist.", "model_not_found"),
    "bad_api_version": ErrorRow(400, "API version not supported: {got}."),
    "store_busy": ErrorRow(
        503, "The server is overloaded: another process holds its database.", "server_busy", type="server_error"
    ),
    "bad_path": ErrorRow(404, "Invalid URL ({method} {path})"),
    "bad_method": ErrorRow(
        405, "Method not allowed: {method} is not accepted here, use {allowed}.", "method_not_allowed"
    ),
    "bad_namespace": ErrorRow(
        400, "Invalid namespace '{name}': use 1 to 64 letters, digits, dots, dashes and underscores."
    ),
    "foreign_host": ErrorRow(
        403,
        "The control endpoints are not served under the name '{host}'; --allowed-hosts adds it.",
        "foreign_host",
        type="emulator_error",
    ),
    "foreign_origin": ErrorRow(
        403,
        "The control endpoints take no requests from another site ({origin}).",
        "foreign_origin",
        type="emulator_error",
    ),
    "control_not_found": ErrorRow(404, "There is no {what} '{id}' here.", "not_found", type="emulator_error"),
    "bad_control": ErrorRow(400, "{reason}", "bad_request", type="emulator_error"),
    "server_error": ErrorRow(
        500,
        "The server had an error while processing your request. Sorry about that!",
        "server_error",
        type="server_error",
    ),
    # The emulator's own
    "not_implemented": ErrorRow(
        501,
        "The emulator knows {what}, but has not built it yet; docs/coverage.md lists what is built.",
        "not_implemented",
        type="emulator_error",
    ),
    "extra_missing": ErrorRow(
        501,
        "{what} needs a package that is not installed here: pip install 'responses-emulator[{extra}]'.",
        "extra_missing",
        type="emulator_error",
    ),
    "fixture_not_found": ErrorRow(404, "No fixture matched. {reason}", "fixture_not_found", type="emulator_error"),
    "bad_fixture": ErrorRow(400, "{reason}", "bad_fixture", type="emulator_error"),
    "sequence_ended": ErrorRow(
        404,
        "The sequence of the fixture '{fixture}' ({where}) has ended after {count}, and its at_end is error.",
        "sequence_ended",
        type="emulator_error",
    ),
    "template_failed": ErrorRow(
        400,
        "A template of the fixture '{fixture}' ({where}) cannot be filled in: {reason}",
        "template_failed",
        type="emulator_error",
    ),
    # What a fixture answers instead of a response; its row comes with it.
    "scripted": ErrorRow(500, "{message}"),
}
