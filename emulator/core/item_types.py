"""Every type of input item as one row of one table: its prefix and its fields; it checks nothing."""

from collections.abc import Mapping

from emulator.core.records import dataclass


@dataclass(frozen=True, slots=True)
class ItemType:
    """One type of item (docs/reference/items.md).

    `prefix` begins the ids that are made for it; `accepts` must begin an id that a client sends, where it is
    not None. `required` and `optional` are its fields but `type` and `id`, which items of any type may leave
    out. `status` says whether a listed item of the type always has one.
    """

    prefix: str
    accepts: str | None
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    status: bool = False

    @property
    def fields(self) -> frozenset[str]:
        """Every field that the type may carry without a warning."""
        return frozenset((*self.required, *self.optional, *ANYWHERE))


# What any item may carry: SDK objects that are sent back have nulls and parsed values of their own.
ANYWHERE = ("id", "type", "status", "created_by", "parsed", "parsed_arguments", "annotations", "phase")
_CALLER = ("caller", "namespace", "async", "async_")

ITEM_TYPES: Mapping[str, ItemType] = {
    "message": ItemType("msg_", "msg", ("role", "content"), status=True),
    "file_search_call": ItemType("fs_", "fs", ("queries", "status"), ("results",), status=True),
    "computer_call": ItemType(
        "cu_", "cu", ("call_id", "pending_safety_checks", "status"), ("action", "actions"), status=True
    ),
    "computer_call_output": ItemType("cuo_", "cu", ("call_id", "output"), ("acknowledged_safety_checks",), status=True),
    "web_search_call": ItemType("ws_", "ws", ("action", "status"), status=True),
    "function_call": ItemType("fc_", "fc", ("call_id", "name", "arguments"), _CALLER, status=True),
    "function_call_output": ItemType("fco_", "fc", ("call_id", "output"), ("name", *_CALLER), status=True),
    "custom_tool_call": ItemType("ctc_", "ctc", ("call_id", "name", "input"), _CALLER, status=True),
    "custom_tool_call_output": ItemType("ctco_", "ctc", ("call_id", "output"), _CALLER, status=True),
    "reasoning": ItemType("rs_", "rs", ("summary",), ("content", "encrypted_content")),
    "image_generation_call": ItemType(
        "ig_",
        "ig",
        (),
        (
            "result",
            "action",
            "background",
            "error",
            "output_format",
            "quality",
            "revised_prompt",
            "size",
            "svg_usage",
        ),
        status=True,
    ),
    "code_interpreter_call": ItemType("ci_", "ci", ("container_id", "status"), ("code", "outputs"), status=True),
    "mcp_list_tools": ItemType("mcpl_", "mcpl", ("server_label", "tools"), ("error",)),
    "mcp_approval_request": ItemType("mcpr_", "mcpr", ("arguments", "name", "server_label")),
    "mcp_approval_response": ItemType("mcpa_", "mcpa", ("approval_request_id", "approve"), ("reason",)),
    "mcp_call": ItemType(
        "mcp_", "mcp", ("arguments", "name", "server_label"), ("approval_request_id", "error", "output")
    ),
    # The schema wants a status; the Vercel AI SDK sends the call back without one.
    "local_shell_call": ItemType("lsh_", "lsh", ("action", "call_id"), status=True),
    # Its id may be the id of the call that it answers.
    "local_shell_call_output": ItemType("lsho_", None, ("output",), ("call_id",)),
    "shell_call": ItemType("sh_", "sh", ("action", "call_id"), ("caller", "environment"), status=True),
    "shell_call_output": ItemType("sho_", "sh", ("call_id", "output"), ("caller", "max_output_length"), status=True),
    "apply_patch_call": ItemType("apc_", "apc", ("call_id", "operation", "status"), ("caller",), status=True),
    "apply_patch_call_output": ItemType("apco_", "apc", ("call_id", "status"), ("caller", "output"), status=True),
    "compaction": ItemType("cmp_", "cmp", ("encrypted_content",)),
    # Newer types, kept as they are sent. How the service begins their ids is not known, so it is not checked.
    "compaction_trigger": ItemType("cmpt_", None),
    "tool_search_call": ItemType("tsc_", None, ("arguments",), ("call_id", "execution"), status=True),
    "tool_search_output": ItemType("tso_", None, ("tools",), ("call_id", "execution"), status=True),
    "additional_tools": ItemType("adt_", None, ("role", "tools")),
    "configuration_update": ItemType("cfg_", None, (), ("reasoning", "text")),
    "program": ItemType("prg_", None, ("call_id", "code", "fingerprint")),
    "program_output": ItemType("prgo_", None, ("call_id", "result", "status"), status=True),
    "item_reference": ItemType("msg_", None),
}
FIELDS: Mapping[str, frozenset[str]] = {kind: row.fields for kind, row in ITEM_TYPES.items()}
