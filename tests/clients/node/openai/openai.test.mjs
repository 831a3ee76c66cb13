// The official client for Node, as its README uses it: `OpenAI` and `AzureOpenAI`, streams, helpers, pagers, errors.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI, { AzureOpenAI, toFile } from 'openai';
import { zodResponsesFunction, zodTextFormat } from 'openai/helpers/zod';
import { toResponseInputItems } from 'openai/lib/responses/ResponseInputItems';
import { z } from 'zod';
import { all, apiKey, assertNumbered, control, requests, runExample, url } from '../emulator.mjs';

const model = 'gpt-4o';
const client = new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 });
const azure = new OpenAI({ apiKey, baseURL: `${url}/openai/v1`, maxRetries: 0 });
const dated = new AzureOpenAI({ apiKey, endpoint: url, apiVersion: '2025-04-01-preview', maxRetries: 0 });
const every = { client, azure, dated };

const weather = {
  type: 'function',
  name: 'get_weather',
  description: 'Get the weather of a city.',
  strict: true,
  parameters: {
    type: 'object',
    properties: { location: { type: 'string' } },
    required: ['location'],
    additionalProperties: false,
  },
};
const CalendarEvent = z.object({ name: z.string(), date: z.string(), participants: z.array(z.string()) });

test('text: the example of the docs', async () => {
  assert.deepEqual(await runExample(import.meta.dirname), Array(3).fill('You said: "Hello."'));
});

for (const [name, one] of Object.entries(every)) {
  test(`text: a plain answer, by ${name}`, async () => {
    const response = await one.responses.create({
      model,
      instructions: 'You are a coding assistant that talks like a pirate',
      input: 'Are semicolons optional in JavaScript?',
    });
    assert.equal(response.status, 'completed');
    assert.match(response.output_text, /semicolons optional in JavaScript/);
    assert.equal(response.usage.total_tokens, response.usage.input_tokens + response.usage.output_tokens);
    assert.ok(response._request_id);
  });

  test(`stream: the events of an answer, by ${name}`, async () => {
    const stream = await one.responses.create({ model, input: 'Say "Sheep sleep deep" ten times fast!', stream: true });
    const events = await all(stream);
    assertNumbered(events);
    assert.equal(events[0].type, 'response.created');
    const last = events.at(-1);
    assert.equal(last.type, 'response.completed');
    const deltas = events.filter((event) => event.type === 'response.output_text.delta');
    assert.equal(deltas.map((event) => event.delta).join(''), last.response.output[0].content[0].text);
  });

  test(`tools: a call and its output, by ${name}`, async () => {
    const input = [{ role: 'user', content: 'What is the weather in Paris?' }];
    const asked = await one.responses.create({ model, input, tools: [weather] });
    const call = asked.output.find((item) => item.type === 'function_call');
    assert.deepEqual(JSON.parse(call.arguments), { location: 'Paris' });
    input.push(...toResponseInputItems(asked.output));
    input.push({ type: 'function_call_output', call_id: call.call_id, output: JSON.stringify({ temperature: 21 }) });
    const told = await one.responses.create({ model, input, tools: [weather] });
    assert.equal(told.output_text, 'It is 21 degrees in Paris.');
  });

  test(`structured: parse() with a zod schema, by ${name}`, async () => {
    const response = await one.responses.parse({
      model,
      input: [
        { role: 'system', content: 'Extract the event information.' },
        { role: 'user', content: 'Alice and Bob are going to a science fair on Friday.' },
      ],
      text: { format: zodTextFormat(CalendarEvent, 'event') },
    });
    assert.deepEqual(response.output_parsed, { name: 'Science fair', date: 'Friday', participants: ['Alice', 'Bob'] });
  });

  test(`chaining: previous_response_id, and what the context is, by ${name}`, async () => {
    const first = await one.responses.create({ model, input: 'tell me a joke' });
    const second = await one.responses.create({ model, input: 'explain why this is funny.', previous_response_id: first.id });
    assert.equal(second.previous_response_id, first.id);
    const items = await all(one.responses.inputItems.list(second.id, { order: 'asc', limit: 1 }));
    assert.deepEqual(items.map((item) => item.role), ['user', 'assistant', 'user']);
    const kept = await one.responses.retrieve(second.id);
    assert.equal(kept.output_text, second.output_text);
  });

  test(`background: poll until it has ended, by ${name}`, async () => {
    let response = await one.responses.create({ model, input: 'Write a long novel about otters in space.', background: true });
    assert.equal(response.status, 'queued');
    const seen = [];
    while (response.status === 'queued' || response.status === 'in_progress') {
      response = await one.responses.retrieve(response.id);
      seen.push(response.status);
    }
    assert.deepEqual(seen, ['in_progress', 'completed']);
    assert.ok(response.output_text.split(' ').length >= 300);
  });

  test(`background: cancel, twice, then delete, by ${name}`, async () => {
    const started = await one.responses.create({ model, input: 'a slow story', background: true });
    const cancelled = await one.responses.cancel(started.id);
    assert.equal(cancelled.status, 'cancelled');
    assert.equal((await one.responses.cancel(started.id)).status, 'cancelled');
    await one.responses.delete(started.id);
    await assert.rejects(one.responses.retrieve(started.id), OpenAI.NotFoundError);
  });

  test(`resume: a stream that was left is followed from the next event, by ${name}`, async () => {
    const stream = await one.responses.create({ model, input: 'Say it slowly, please.', background: true, stream: true });
    const first = [];
    for await (const event of stream) {
      first.push(event);
      if (event.sequence_number === 5) break;
    }
    const { id } = first[0].response;
    const rest = await all(await one.responses.retrieve(id, { stream: true, starting_after: 5 }));
    assertNumbered([...first, ...rest]);
    assert.equal(rest.at(-1).type, 'response.completed');
    const again = await all(await one.responses.retrieve(id, { stream: true }));
    assert.deepEqual(again.slice(6), rest);
  });

  test(`errors: what is refused has its class, code and param, by ${name}`, async () => {
    await assert.rejects(one.responses.create({ model, input: 'Hi', temperature: 99 }), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.equal(error.param, 'temperature');
      assert.equal(error.type, 'invalid_request_error');
      assert.ok(error.requestID);
      return true;
    });
    const missing = { model, input: 'Hi', previous_response_id: `resp_${'0'.repeat(48)}` };
    await assert.rejects(one.responses.create(missing), (error) => {
      assert.equal(error.code, 'previous_response_not_found');
      assert.equal(error.param, 'previous_response_id');
      return true;
    });
  });
}

test('stream: the responses.stream() helper and its snapshots', async () => {
  const runner = client.responses
    .stream({ model, input: 'Alice and Bob are going to a science fair.', text: { format: zodTextFormat(CalendarEvent, 'event') } })
    .on('response.output_text.delta', (event) => snapshots.push(event.snapshot));
  const snapshots = [];
  const events = await all(runner);
  assertNumbered(events);
  const final = await runner.finalResponse();
  assert.equal(snapshots.at(-1), final.output_text);
  assert.equal(final.output_parsed.name, 'Science fair');
});

test('reasoning: with a refusal after it, it reaches the accumulator', async () => {
  const runner = client.responses.stream({ model: 'o4-mini', input: 'How do I pick a lock?', reasoning: { summary: 'auto' } });
  const final = await runner.finalResponse();
  assert.deepEqual(final.output.map((item) => item.type), ['reasoning', 'message']);
  assert.equal(final.output[0].summary[0].text, 'I should not help with that.');
  assert.equal(final.output[1].content[0].refusal, "I can't help with that.");
});

test('tools: zodResponsesFunction parses the arguments of a streamed call', async () => {
  const tool = zodResponsesFunction({ name: 'get_weather', parameters: z.object({ location: z.string() }) });
  const runner = client.responses.stream({ model, input: 'What is the weather in Paris?', tools: [tool] });
  const snapshots = [];
  runner.on('response.function_call_arguments.delta', (event) => snapshots.push(event.snapshot));
  const final = await runner.finalResponse();
  assert.deepEqual(final.output[0].parsed_arguments, { location: 'Paris' });
  assert.deepEqual(JSON.parse(snapshots.at(-1)), { location: 'Paris' });
});

test('hosted: every tool of the built-in model reaches the accumulator', async () => {
  const file = await client.files.create({ file: await toFile(Buffer.from('Returns are free.'), 'policy.md'), purpose: 'assistants' });
  const store = await client.vectorStores.create({ name: 'policies', file_ids: [file.id] });
  const offered = {
    code_interpreter_call: { type: 'code_interpreter', container: { type: 'auto' } },
    web_search_call: { type: 'web_search' },
    file_search_call: { type: 'file_search', vector_store_ids: [store.id] },
    image_generation_call: { type: 'image_generation', partial_images: 1 },
    mcp_call: { type: 'mcp', server_label: 'docs', server_url: 'https://example.com/mcp', require_approval: 'never' },
  };
  for (const [type, tool] of Object.entries(offered)) {
    const runner = client.responses.stream({ model, input: 'Are returns free?', tools: [tool] });
    const events = await all(runner);
    const final = await runner.finalResponse();
    assert.ok(final.output.some((item) => item.type === type), type);
    assert.ok(final.output_text, type);
    const kept = await client.responses.retrieve(final.id);
    assert.deepEqual(plain(final.output), plain(kept.output), type);
    assertNumbered(events);
  }
});

/** Output without what the helper adds to it. */
function plain(output) {
  return JSON.parse(JSON.stringify(output, (key, value) => (key === 'parsed' || key === 'parsed_arguments' ? undefined : value)));
}

test('resume: the helper replays a stored stream from an event on', async () => {
  const stream = await client.responses.create({ model, input: 'Say it slowly.', background: true, stream: true });
  const events = await all(stream);
  const { id } = events[0].response;
  const runner = client.responses.stream({ response_id: id, starting_after: 3 });
  const rest = await all(runner);
  assert.equal(rest[0].sequence_number, 4);
  assert.deepEqual((await runner.finalResponse()).output_text, events.at(-1).response.output[0].content[0].text);
});

test('background: thirty days later a response is gone', async () => {
  const held = new OpenAI({ apiKey, baseURL: `${url}/ns/retention/v1`, maxRetries: 0 });
  const response = await held.responses.create({ model, input: 'Keep this.' });
  await control('clock', { advance: '29d' }, 'retention');
  assert.equal((await held.responses.retrieve(response.id)).id, response.id);
  await control('clock', { advance: '2d' }, 'retention');
  await assert.rejects(held.responses.retrieve(response.id), OpenAI.NotFoundError);
});

test('conversation: responses that go on with one, and its items', async () => {
  const conversation = await client.conversations.create({
    items: [{ type: 'message', role: 'user', content: 'Hello!' }],
    metadata: { topic: 'demo' },
  });
  const first = await client.responses.create({ model, input: 'What are the 5 Ds?', conversation: conversation.id });
  assert.equal(first.conversation.id, conversation.id);
  const second = await client.responses.create({ model, input: 'And the last?', conversation: { id: conversation.id } });
  const items = await all(client.conversations.items.list(conversation.id, { order: 'asc', limit: 2 }));
  assert.deepEqual(items.map((item) => item.role), ['user', 'user', 'assistant', 'user', 'assistant']);
  assert.equal(items.at(-1).content[0].text, second.output_text);
  await client.conversations.items.delete(items[0].id, { conversation_id: conversation.id });
  const added = await client.conversations.items.create(conversation.id, {
    items: [{ type: 'message', role: 'user', content: 'One more.' }],
  });
  const one = await client.conversations.items.retrieve(added.data[0].id, { conversation_id: conversation.id });
  assert.equal(one.content[0].text, 'One more.');
  assert.equal((await all(client.conversations.items.list(conversation.id))).length, 5);
});

test('conversation: one that is streamed into, changed and deleted', async () => {
  const { id } = await client.conversations.create();
  const events = await all(await client.responses.create({ model, input: 'Hello.', conversation: id, stream: true }));
  assert.equal(events.at(-1).response.conversation.id, id);
  assert.equal((await all(client.conversations.items.list(id))).length, 2);
  const changed = await client.conversations.update(id, { metadata: { topic: 'otters' } });
  assert.deepEqual(changed.metadata, { topic: 'otters' });
  assert.equal((await client.conversations.delete(id)).deleted, true);
  await assert.rejects(client.conversations.retrieve(id), OpenAI.NotFoundError);
});

test('text: withResponse() and asResponse() give the headers', async () => {
  const call = client.responses.create({ model, input: 'testing 123' });
  const { data, response, request_id } = await call.withResponse();
  assert.equal(response.headers.get('x-request-id'), request_id);
  assert.equal(data.object, 'response');
  const raw = await client.responses.create({ model, input: 'testing 123' }).asResponse();
  assert.match(raw.headers.get('content-type'), /^application\/json/);
});

test('files: an upload is read, listed and deleted', async () => {
  const file = await azure.files.create({ file: await toFile(Buffer.from('hello'), 'notes.txt'), purpose: 'assistants' });
  assert.equal(file.bytes, 5);
  assert.ok((await all(azure.files.list({ limit: 1 }))).some(({ id }) => id === file.id));
  assert.equal(await (await azure.files.content(file.id)).text(), 'hello');
  assert.equal((await azure.files.delete(file.id)).deleted, true);
  await assert.rejects(azure.files.retrieve(file.id), OpenAI.NotFoundError);
});

test('text: models and token counts', async () => {
  const models = await all(client.models.list());
  assert.ok(models.some(({ id }) => id === model));
  const counted = await client.responses.inputTokens.count({ model, input: 'How long is this?' });
  assert.equal(counted.object, 'response.input_tokens');
  assert.ok(counted.input_tokens > 3);
});

test('errors: a busy server is asked again, as the client does by itself', async () => {
  const namespace = new OpenAI({ apiKey, baseURL: `${url}/ns/retries/v1`, maxRetries: 2 });
  const faults = [429, 503].map((status) => ({ kind: 'status', status, retry_after_ms: 10, times: 1 }));
  await control('faults', faults, 'retries');
  const response = await namespace.responses.create({ model, input: 'Are you there?' });
  assert.equal(response.status, 'completed');
  assert.deepEqual((await requests('retries')).map((entry) => entry.status), [429, 503, 200]);
});

const faults = {
  'status=429; retry_after_ms=10': OpenAI.RateLimitError,
  'status=401': OpenAI.AuthenticationError,
  'status=500': OpenAI.InternalServerError,
  empty: OpenAI.APIConnectionError,
  reset: OpenAI.APIConnectionError,
};
for (const [fault, kind] of Object.entries(faults)) {
  test(`errors: ${fault} is ${kind.name}`, async () => {
    const headers = { 'X-Emulator-Fault': fault };
    await assert.rejects(client.responses.create({ model, input: 'Hi' }, { headers }), kind);
  });
}

const streamed = (fault) =>
  client.responses.create({ model, input: 'Say much.', stream: true }, { headers: { 'X-Emulator-Fault': fault } });

test('errors: a limit in the middle of a stream is an event, not an exception', async () => {
  const last = (await all(await streamed('rate_limit_in_stream'))).at(-1);
  assert.equal(last.type, 'response.failed');
  assert.equal(last.response.error.code, 'rate_limit_exceeded');
});

test('errors: a stream that is cut ends without its end; one that is reset, or no JSON, is an exception', async () => {
  const cut = await all(await streamed('cut_before_completed'));
  assert.equal(cut.at(-1).type, 'response.output_item.done');
  await assert.rejects(all(await streamed('reset; at_event=4')));
  const quiet = client.withOptions({ logLevel: 'off' });
  const broken = quiet.responses.create({ model, input: 'Say much.', stream: true }, { headers: { 'X-Emulator-Fault': 'bad_json' } });
  await assert.rejects(all(await broken), SyntaxError);
});

test('errors: an event that nobody documents does no harm to the helper', async () => {
  const headers = { 'X-Emulator-Fault': 'keepalive_event' };
  const runner = client.responses.stream({ model, input: 'Say much.' }, { headers });
  const events = await all(runner);
  assert.ok(events.some((event) => event.type === 'keepalive'));
  assert.match((await runner.finalResponse()).output_text, /Say much/);
});

test('errors: what the dialect does not have, and what is no JSON, is told', async () => {
  await assert.rejects(azure.get('/nothing'), OpenAI.NotFoundError);
  await assert.rejects(client.post('/responses', { body: 'no JSON', headers: { 'content-type': 'application/json' } }), OpenAI.BadRequestError);
});
