// Codex without a screen: `codex exec --json`, its provider as its configuration names one. Each test has a home and a
// namespace of its own. The shell call is run outside of Codex's sandbox, which not every container allows.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { all, apiKey, control, example, requests } from '../emulator.mjs';

const program = createRequire(import.meta.url).resolve('@openai/codex/bin/codex.js');

/** A folder with the configuration of the docs; `base` follows the address, `more` are further lines for the provider. */
async function home(namespace, { path: base = '/v1', more = '', search = 'disabled', model = 'gpt-5-codex' } = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), 'codex-'));
  await mkdir(path.join(folder, 'work'));
  const text = await example(import.meta.dirname, 'config.toml', `/ns/${namespace}`);
  const changes = { '/v1"': `${base}"`, '"disabled"': `"${search}"`, '"gpt-5-codex"': `"${model}"` };
  const config = Object.entries(changes).reduce((changed, [from, to]) => changed.replace(from, to), text);
  await writeFile(path.join(folder, 'config.toml'), `${config}request_max_retries = 2\nstream_max_retries = 2\n${more}`);
  return folder;
}

/** Run `codex exec` in a home: its events, and the exit status. */
async function codex(folder, ...args) {
  const options = ['exec', '--json', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox'];
  const child = spawn(process.execPath, [program, ...options, ...args], {
    cwd: path.join(folder, 'work'),
    env: { ...process.env, CODEX_HOME: folder, EMULATOR_KEY: apiKey },
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 60_000,
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const said = (await all(child.stdout.setEncoding('utf8'))).join('');
  return { events: said.split('\n').filter(Boolean).map((line) => JSON.parse(line)), status: await ended };
}

/** The finished items of one type. */
function items(events, type) {
  return events.filter((event) => event.type === 'item.completed' && event.item.type === type).map((event) => event.item);
}

/** The texts of the agent's messages. */
function messages(events) {
  return items(events, 'agent_message').map((item) => item.text);
}

for (const [name, base, more] of [
  ['openai', '/v1', ''],
  ['azure', '/openai', 'query_params = { api-version = "2025-04-01-preview" }'],
  ['azure-v1', '/openai/v1', ''],
]) {
  test(`text: an answer, by the base URL ${base}`, async () => {
    const { events, status } = await codex(await home(`text-${name}`, { path: base, more }), 'Say hello.');
    assert.deepEqual(messages(events), ['Hello from the emulator.']);
    assert.equal(status, 0);
  });
}

test('stream: the events of a turn, in order, with its usage', async () => {
  const { events } = await codex(await home('stream'), 'Say hello.');
  const told = events.filter((event) => event.item?.type !== 'error').map((event) => event.item?.type ?? event.type);
  assert.deepEqual(told, ['thread.started', 'turn.started', 'reasoning', 'agent_message', 'turn.completed']);
  const { usage } = events.at(-1);
  assert.ok(usage.input_tokens > 0);
  assert.ok(usage.output_tokens > 0);
  const [{ stream, body }] = await requests('stream');
  assert.equal(stream, true);
  assert.equal(body.store, false);
});

test('reasoning: its summary is told, and it comes back sealed', async () => {
  const folder = await home('reasoning');
  const { events } = await codex(folder, 'Tell me what the shell says.');
  assert.deepEqual(items(events, 'reasoning').map((item) => item.text), ['I must run it.']);
  const second = (await requests('reasoning'))[1].body.input;
  const thought = second.find((item) => item.type === 'reasoning');
  assert.ok(thought.encrypted_content);
});

test('tools: a command, run by Codex, and what came of it', async () => {
  const { events, status } = await codex(await home('tools'), 'Tell me what the shell says.');
  const [run] = items(events, 'command_execution');
  assert.equal(run.exit_code, 0);
  assert.match(run.aggregated_output, /the shell says 42/);
  assert.deepEqual(messages(events), ['It says 42.']);
  assert.equal(status, 0);
});

test('tools: a tool of a group finds its way by the name of the group', async () => {
  const { events } = await codex(await home('groups'), 'Please close the agent.');
  const [call] = (await requests('groups'))[1].body.input.filter((item) => item.type === 'function_call');
  assert.equal(call.namespace, 'multi_agent_v1');
  const [said] = messages(events);
  assert.match(said, /Codex said: .*nobody/);
  assert.doesNotMatch(said, /unsupported/);
});

test('tools: a model of which Codex knows more gets its tools by an item, and writes a program that calls them', async () => {
  const { events, status } = await codex(await home('program', { model: 'gpt-6.2-sol' }), 'Tell me what the program says.');
  assert.deepEqual(messages(events), ['It printed 42.']);
  assert.equal(status, 0);
  const [first, second] = await requests('program');
  assert.equal(first.body.tools, undefined);
  assert.equal(first.body.input[0].type, 'additional_tools');
  assert.equal(second.body.input.find((item) => item.type === 'custom_tool_call').namespace, 'functions');
});

test('structured: an output schema', async () => {
  const folder = await home('structured');
  const schema = {
    type: 'object',
    properties: { name: { type: 'string' }, participants: { type: 'array', items: { type: 'string' } } },
    required: ['name', 'participants'],
    additionalProperties: false,
  };
  const file = path.join(folder, 'schema.json');
  await writeFile(file, JSON.stringify(schema));
  const { events } = await codex(folder, '--output-schema', file, 'Alice and Bob go to a science fair.');
  assert.deepEqual(JSON.parse(messages(events)[0]), { name: 'Science fair', participants: ['Alice', 'Bob'] });
  const [{ body }] = await requests('structured');
  assert.deepEqual(body.text.format.schema, schema);
});

test('chaining: a session that is taken up again sends its history', async () => {
  const folder = await home('chaining');
  const first = await codex(folder, 'Say hello.');
  const { thread_id: thread } = first.events[0];
  const second = await codex(folder, 'resume', thread, 'And then?');
  assert.equal(second.events[0].thread_id, thread);
  assert.deepEqual(messages(second.events), ['Then I said it again.']);
  const { input } = (await requests('chaining'))[1].body;
  const said = input.filter((item) => item.role === 'assistant').map((item) => item.content[0].text);
  assert.deepEqual(said, ['Hello from the emulator.']);
});

test('hosted: a search of the web', async () => {
  const { events } = await codex(await home('hosted', { search: 'live' }), 'Please search the web.');
  assert.deepEqual(items(events, 'web_search').map((item) => item.query), ['emulators']);
  assert.deepEqual(messages(events), ['I found some.']);
});

/** What a fault does to a turn: the events, the exit status, and the status of each request. */
async function struck(namespace, ...faults) {
  await control('faults', faults, namespace);
  const ran = await codex(await home(namespace), 'Say hello.');
  return { ...ran, seen: (await requests(namespace)).map((entry) => entry.status) };
}

test('errors: a stream that is cut before its end is asked for again', async () => {
  const { events, status, seen } = await struck('cut', { incident: 'cut_before_completed', times: 1 });
  assert.ok(events.some((event) => event.type === 'error' && /Reconnecting/.test(event.message)));
  assert.equal(messages(events).at(-1), 'Hello from the emulator.');
  assert.deepEqual(seen, [200, 200]);
  assert.equal(status, 0);
});

test('errors: a connection that is reset in the middle of a stream is made again', async () => {
  const { events, status } = await struck('reset', { kind: 'reset', at_event: 5, times: 1 });
  assert.equal(messages(events).at(-1), 'Hello from the emulator.');
  assert.equal(status, 0);
});

test('errors: a busy server is asked again', async () => {
  const { events, status, seen } = await struck('busy', { kind: 'status', status: 503, times: 1 });
  assert.deepEqual(messages(events), ['Hello from the emulator.']);
  assert.deepEqual(seen, [503, 200]);
  assert.equal(status, 0);
});

test('errors: a key that is not known ends the turn', async () => {
  const { events, status, seen } = await struck('key', { kind: 'status', status: 401 });
  assert.equal(events.at(-1).type, 'turn.failed');
  assert.match(events.at(-1).error.message, /401/);
  assert.deepEqual(new Set(seen), new Set([401]));
  assert.equal(status, 1);
});
