"""From a request to its Run: checked, chained, a fixture taken, planned; it saves nothing and makes no event."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from emulator.core import deployments
from emulator.core.chain import ChainState
from emulator.core.dialects import Dialect
from emulator.core.errors import ApiError
from emulator.core.hosted import HostedCall
from emulator.core.records import dataclass
from emulator.core.requests import CreateRequest
from emulator.core.response import new_response
from emulator.run import conversations, hosted, jobs
from emulator.run.attachments import check_masks, read_attachments
from emulator.run.checks import check_json_mode, check_request, must_drop
from emulator.run.compaction import Moment, compacted_window, seal_compactions, with_compaction
from emulator.run.context import chain_items, listed_tools, take_turn
from emulator.run.conversations import Hold
from emulator.run.namespace import Namespace
from emulator.run.take import take_fixture
from emulator.run.thoughts import seal_reasoning
from emulator.run.tokenizer import loaded_counter
from emulator.run.truncation import truncate
from emulator.script.ask import Ask
from emulator.script.fault import Fault
from emulator.script.incident import plan_for_incident
from emulator.script.plan import Compaction, Plan, holds
from emulator.script.planning import Said, Taken, context_tokens, make_plan, say
from emulator.script.view import View
from emulator.store.conversations import ConversationRow
from emulator.tools.base import ToolContext


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that may run: as the model sees it, what its tools may reach, its chain, the tokens of its context.

    `items` are all of its own, of which the model may see the last ones only. `conversation` is the one that it goes on
    with, as it was read.
    """

    ask: Ask
    context: ToolContext
    items: tuple[dict[str, Any], ...]
    chain: ChainState
    tokens: int
    conversation: ConversationRow | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a plan: an accepted request and the Response before its first event.

    `ready`, `said` and `incident` are what the plan was made from, and is made from again after outside work. `failure`
    is what outside work made the whole response fail with. `hold` keeps its conversation from others.
    """

    namespace: Namespace
    ready: Admitted
    response: dict[str, Any]
    chain: ChainState
    said: Said
    plan: Plan
    incident: Fault | None
    started: float
    failure: ApiError | None = None
    hold: Hold | None = None

    @property
    def ask(self) -> Ask:
        """The request as the model sees it."""
        return self.ready.ask

    @property
    def request(self) -> CreateRequest:
        """What was asked for."""
        return self.ready.ask.request

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the client is told besides: what tools warn of, and which MCP servers are pretended."""
        if not holds(self.plan.steps, HostedCall):
            return tuple(self.ready.context.warnings)
        steps = [step for step in self.plan.steps if isinstance(step, HostedCall) and step.fields.get("pretended")]
        labels = dict.fromkeys(step.fields["server_label"] for step in steps)
        return (*self.ready.context.warnings, *(f"pretended_mcp_server: {label}" for label in labels))

    async def worked(self) -> "Run":
        """The run with its next outside work done, and what is said after that."""
        step, context = self.plan.open_work, self.ready.context
        if step is None:
            return self
        done, failure = await jobs.work(step, context)
        done = replace(done, done=max(0.0, self.namespace.clock.now() - self.started))
        try:
            said = self.said.broken(done, failure.message) if failure else self.said.worked(done, self.ask)
            said = await hosted.prepare(said, context)
        except ApiError as error:  # what comes next cannot be had
            said, failure = self.said.broken(done, error.message), error
        plan = _plan(self.namespace, said, self.ready, self.chain, self.incident)
        return replace(self, said=said, plan=plan, failure=failure)


async def accept(
    namespace: Namespace,
    dialect: Dialect,
    request: CreateRequest,
    headers: Mapping[str, str],
    incident: Fault | None = None,
) -> Run:
    """Check a request and plan its run, changed by `incident`; raises ApiError, and then nothing has happened."""
    ready = await _admit(namespace, dialect, request, headers)
    if ready.conversation is None or not request.store:
        return await _planned(namespace, ready, incident)
    hold = await conversations.hold(namespace, ready.conversation, ready.context.response_id)
    try:
        return replace(await _planned(namespace, ready, incident), hold=hold)
    except BaseException:
        hold.give_up()
        raise


async def _planned(namespace: Namespace, ready: Admitted, incident: Fault | None) -> Run:
    """The run of a request that may run, as a fixture or the built-in model answers it."""
    if ready.ask.triggers_compaction:
        taken, said = Taken(hits=ready.chain.hits), Said((Compaction(),))
    else:
        view = View(ready.ask)
        taken = await take_fixture(namespace, view)
        said = say(view, taken, response_id=ready.context.response_id, now=ready.context.now)
        if holds(said.steps, HostedCall):
            said = await hosted.prepare(said, ready.context)
    chain = ready.chain.answered(said.name, taken.hits)
    plan = _plan(namespace, said, ready, chain, incident)
    now = ready.context.now
    response = new_response(
        ready.ask.request,
        ready.ask.deployment,
        ready.context.dialect,
        response_id=ready.context.response_id,
        created_at=int(now),
    )
    return Run(namespace, ready, response, chain, said, plan, incident, now)


def _plan(namespace: Namespace, said: Said, ready: Admitted, chain: ChainState, incident: Fault | None) -> Plan:
    """The plan of what is said: as the incident changes it, compacted and sealed where that was asked for."""
    ask, context = ready.ask, ready.context
    plan = make_plan(said, ask, context.dialect, tokens=ready.tokens, every=namespace.settings.stream_every)
    plan = plan_for_incident(incident, plan, ask.counter)
    if plan.ending.status == "failed" and plan.ending.error_event is None:
        plan = replace(plan, ending=replace(plan.ending, error_event=namespace.settings.error_event))
    if ask.request.compact_threshold is not None:
        plan = with_compaction(plan, ask, ready.tokens, first=namespace.settings.compaction_item == "first")
    plan = seal_reasoning(namespace, ask.request, plan, response_id=context.response_id, now=context.now)
    if holds(plan.steps, Compaction):
        plan = seal_compactions(namespace, plan, Moment(ask, chain, context.response_id, context.now))
    return plan


async def count_input_tokens(
    namespace: Namespace, dialect: Dialect, request: CreateRequest, headers: Mapping[str, str]
) -> int:
    """How many tokens the same request would read; nothing is stored."""
    return (await _admit(namespace, dialect, request, headers)).tokens


async def compact_context(
    namespace: Namespace, dialect: Dialect, request: CreateRequest, headers: Mapping[str, str]
) -> dict[str, Any]:
    """The compacted window of a request's context (docs/how-to/compaction.md); nothing is stored."""
    ready = await _admit(namespace, dialect, request, headers)
    held = await chain_items(namespace, request.previous_response_id) if request.previous_response_id else []
    moment = Moment(ready.ask, ready.chain, ready.context.response_id, ready.context.now)
    return compacted_window(namespace, [*held, *ready.ask.items], moment, tokens=ready.tokens)


async def _admit(
    namespace: Namespace, dialect: Dialect, request: CreateRequest, headers: Mapping[str, str]
) -> Admitted:
    deployment = deployments.find(request.model, namespace.settings.deployments)
    check_request(request, deployment, dialect)
    now = namespace.clock.now()
    response_id = namespace.ids.response(now, request.previous_response_id)
    turn = await take_turn(namespace, request, response_id)
    if request.text["format"]["type"] == "json_object":
        await check_json_mode(namespace, turn)
    counter = await loaded_counter(namespace.settings.tokens, deployment.model)
    attached = await read_attachments(namespace, dialect, deployment, turn.items, counter)
    if request.tools:
        await check_masks(namespace, dialect, request.tools)
    spent = attached.tokens
    if turn.fresh is not turn.items and spent:
        spent = (await read_attachments(namespace, dialect, deployment, turn.fresh, counter)).tokens
    chain = turn.before.after(turn.fresh, counter, turn.thoughts, spent)
    items, documents, read = turn.items, attached.documents, chain.context
    told = context_tokens(request, 0, counter)
    if must_drop(request, deployment, told + read):
        room = deployment.context_window - told
        items, documents, read = await truncate(namespace, turn, attached, counter, room)
    listed = await listed_tools(namespace, request, turn.before) if turn.before.mcp_servers else {}
    ask = Ask(request, deployment, items, turn.calls, headers, turn.before, documents, counter, listed)
    context = hosted.context_of(namespace, ask, dialect, response_id, now)
    if request.tools:
        await hosted.check_tools(context)
    return Admitted(ask, context, turn.items, chain, told + read, turn.start.conversation)
