// The Agents SDK for Node, as its guides use it: run, streams, tools, handoffs, approvals, output types, sessions.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Agent,
  AgentsError,
  MemorySession,
  OpenAIConversationsSession,
  OpenAIProvider,
  Runner,
  applyPatchTool,
  codeInterpreterTool,
  fileSearchTool,
  hostedMcpTool,
  imageGenerationTool,
  run,
  setDefaultOpenAIClient,
  setTracingDisabled,
  shellTool,
  tool,
  webSearchTool,
} from '@openai/agents';
import OpenAI from 'openai';
import { z } from 'zod';
import { all, apiKey, runExample, url } from '../emulator.mjs';

const model = 'gpt-5-mini';
const client = new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 });
setDefaultOpenAIClient(client);
setTracingDisabled(true);

const getWeather = tool({
  name: 'get_weather',
  description: 'Get the weather for a given city',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => `The weather in ${city} is sunny.`,
});
const assistant = new Agent({ name: 'Assistant', instructions: 'You are a helpful assistant.', model });
const forecaster = new Agent({ name: 'Weather agent', instructions: 'You provide weather information.', model, tools: [getWeather] });

test('text: the example of the docs', async () => {
  assert.deepEqual(await runExample(import.meta.dirname), Array(1).fill('You said: "Hello."'));
});

test('text: an answer', async () => {
  const result = await run(assistant, 'Write a haiku about recursion in programming.');
  assert.match(result.finalOutput, /recursion in programming/);
  assert.ok(result.state.usage.totalTokens > 0);
});

test('text: by the Azure base URL', async () => {
  const modelProvider = new OpenAIProvider({ apiKey, baseURL: `${url}/openai/v1` });
  const result = await new Runner({ modelProvider }).run(assistant, 'Write a haiku about recursion.');
  assert.match(result.finalOutput, /recursion/);
});

test('stream: the text comes in pieces', async () => {
  const result = await run(assistant, 'Tell me a story about a cat.', { stream: true });
  const pieces = await all(result.toTextStream({ compatibleWithNodeStreams: false }));
  await result.completed;
  assert.ok(pieces.length > 3);
  assert.equal(pieces.join(''), result.finalOutput);
});

test('stream: a tool, its output and the reasoning before it are events of the run', async () => {
  const result = await run(forecaster, 'What is the weather in Tokyo?', { stream: true });
  const events = await all(result);
  const named = events.filter((event) => event.type === 'run_item_stream_event').map((event) => event.name);
  assert.deepEqual(named, ['reasoning_item_created', 'tool_called', 'tool_output', 'message_output_created']);
  assert.equal(result.finalOutput, 'The weather in Tokyo is sunny.');
});

test('tools: a call, run by the SDK', async () => {
  const result = await run(forecaster, 'What is the weather in Tokyo?');
  assert.equal(result.finalOutput, 'The weather in Tokyo is sunny.');
  assert.equal(result.rawResponses.length, 2);
});

test('tools: two calls of one answer', async () => {
  const result = await run(forecaster, 'What is it like in two cities?');
  const outputs = result.newItems.filter((item) => item.type === 'tool_call_output_item');
  assert.deepEqual(outputs.map((item) => item.output), ['The weather in Oslo is sunny.', 'The weather in Rome is sunny.']);
  assert.match(result.finalOutput, /Rome/);
});

test('tools: a handoff', async () => {
  const tutor = new Agent({ name: 'Math Tutor', handoffDescription: 'Helps with math.', instructions: 'Explain.', model });
  const triage = Agent.create({ name: 'Triage', instructions: 'Choose who answers.', model, handoffs: [tutor] });
  const result = await run(triage, 'Please differentiate x squared.');
  assert.equal(result.lastAgent.name, 'Math Tutor');
  assert.equal(result.finalOutput, 'The derivative is 2x.');
});

test('tools: an approval by a human interrupts the run, which goes on from its saved state', async () => {
  const deleted = [];
  const agent = new Agent({
    name: 'Cleaner',
    model,
    tools: [
      tool({
        name: 'delete_file',
        description: 'Delete a file',
        parameters: z.object({ path: z.string() }),
        needsApproval: true,
        execute: async ({ path }) => {
          deleted.push(path);
          return 'gone';
        },
      }),
    ],
  });
  const asked = await run(agent, 'delete everything');
  assert.equal(asked.interruptions.length, 1);
  assert.deepEqual(deleted, []);
  asked.state.approve(asked.interruptions[0]);
  const result = await run(agent, asked.state);
  assert.deepEqual(deleted, ['everything']);
  assert.equal(result.finalOutput, 'So it is: gone.');
});

test('tools: the shell, carried out here', async () => {
  const seen = [];
  const shell = {
    run: async ({ commands }) => {
      seen.push(...commands);
      return { output: commands.map(() => ({ stdout: 'readme', stderr: '', outcome: { type: 'exit', exitCode: 0 } })) };
    },
  };
  const agent = new Agent({ name: 'Operator', model, tools: [shellTool({ shell })] });
  assert.equal((await run(agent, 'Please list the files.')).finalOutput, 'There is a readme.');
  assert.deepEqual(seen, ['ls', 'pwd']);
});

test('tools: a patch, carried out here', async () => {
  const written = [];
  const editor = {
    createFile: async ({ path, diff }) => {
      written.push(path, diff);
      return { status: 'completed', output: 'ok' };
    },
    updateFile: async () => assert.fail('nothing is updated'),
    deleteFile: async () => assert.fail('nothing is deleted'),
  };
  const agent = new Agent({ name: 'Editor', model, tools: [applyPatchTool({ editor })] });
  const result = await run(agent, 'Please write a file.', { stream: true });
  await all(result);
  assert.equal(result.finalOutput, 'It is written.');
  assert.deepEqual(written, ['hello.txt', '+Hello\n']);
});

test('tools: an approval of an MCP call', async () => {
  const asked = [];
  const docs = hostedMcpTool({
    serverLabel: 'docs',
    serverUrl: 'https://example.com/mcp',
    requireApproval: 'always',
    onApproval: async (_, item) => {
      asked.push(item.rawItem.name);
      return { approve: true };
    },
  });
  const result = await run(new Agent({ name: 'Assistant', model, tools: [docs] }), 'Fetch the docs about otters.');
  assert.deepEqual(asked, ['fetch_docs_docs']);
  assert.match(result.finalOutput, /fetch_docs_docs/);
});

const hosted = {
  web_search_call: async () => webSearchTool(),
  code_interpreter_call: async () => codeInterpreterTool(),
  image_generation_call: async () => imageGenerationTool(),
  file_search_call: async () => fileSearchTool([(await client.vectorStores.create({ name: 'empty' })).id]),
  mcp_call: async () => hostedMcpTool({ serverLabel: 'docs', serverUrl: 'https://example.com/mcp' }),
};
for (const [type, made] of Object.entries(hosted)) {
  for (const stream of [false, true]) {
    test(`hosted: ${type} of the service, ${stream ? 'streamed' : 'plain'}`, async () => {
      const agent = new Agent({ name: 'Assistant', model, tools: [await made()] });
      const result = await run(agent, 'Find out about otters.', { stream });
      if (stream) await all(result);
      const calls = result.newItems.filter((item) => item.type === 'tool_call_item');
      assert.ok(calls.some((item) => item.rawItem.type === 'hosted_tool_call' && item.rawItem.status === 'completed'), type);
      assert.ok(result.finalOutput);
      const next = await run(agent, [...result.history, { role: 'user', content: 'Thank you.' }]);
      assert.equal(next.finalOutput, 'You are welcome.');
    });
  }
}

test('structured: an output type', async () => {
  const CalendarEvent = z.object({ name: z.string(), date: z.string(), participants: z.array(z.string()) });
  const extractor = new Agent({ name: 'Extractor', instructions: 'Extract events.', model, outputType: CalendarEvent });
  const result = await run(extractor, 'Alice and Bob go to a science fair on Friday.');
  assert.deepEqual(result.finalOutput, { name: 'Science fair', date: 'Friday', participants: ['Alice', 'Bob'] });
});

test('chaining: by history, and by previousResponseId', async () => {
  const first = await run(assistant, 'What city is the Golden Gate Bridge in?');
  const history = await run(assistant, [...first.history, { role: 'user', content: 'What state is it in?' }]);
  assert.match(history.finalOutput, /What state/);
  const second = await run(assistant, 'What state is it in?', { previousResponseId: first.lastResponseId });
  const kept = await client.responses.retrieve(second.lastResponseId);
  assert.equal(kept.previous_response_id, first.lastResponseId);
});

test('chaining: previousResponseId through a tool', async () => {
  const first = await run(assistant, 'Hello.');
  const second = await run(forecaster, 'What is the weather in Tokyo?', { previousResponseId: first.lastResponseId });
  assert.equal(second.finalOutput, 'The weather in Tokyo is sunny.');
  const [call, answer] = second.rawResponses.map((response) => response.responseId);
  assert.equal((await client.responses.retrieve(answer)).previous_response_id, call);
});

test('chaining: a session in memory', async () => {
  const session = new MemorySession();
  await run(forecaster, 'What is the weather in Tokyo?', { session });
  const result = await run(forecaster, 'Thank you.', { session });
  assert.equal(result.finalOutput, 'You are welcome.');
  const roles = (await session.getItems()).map((item) => item.role ?? item.type);
  assert.deepEqual(roles, ['user', 'reasoning', 'function_call', 'function_call_result', 'assistant', 'user', 'assistant']);
});

test('conversation: conversationId, through a tool', async () => {
  const { id } = await client.conversations.create();
  const first = await run(forecaster, 'What is the weather in Tokyo?', { conversationId: id });
  assert.equal(first.finalOutput, 'The weather in Tokyo is sunny.');
  const second = await run(forecaster, 'Thank you.', { conversationId: id });
  assert.equal(second.finalOutput, 'You are welcome.');
  const types = (await all(client.conversations.items.list(id, { order: 'asc' }))).map((item) => item.type);
  assert.deepEqual(types, ['message', 'reasoning', 'function_call', 'function_call_output', 'message', 'message', 'message']);
});

test('conversation: a session that the service keeps', async () => {
  const session = new OpenAIConversationsSession({ client });
  await run(forecaster, 'What is the weather in Tokyo?', { session });
  const result = await run(forecaster, 'Thank you.', { session });
  assert.equal(result.finalOutput, 'You are welcome.');
  const types = (await session.getItems()).map((item) => item.role ?? item.type);
  assert.deepEqual(types.slice(-3), ['assistant', 'user', 'assistant']);
  assert.ok(types.includes('function_call_result'));
  const popped = await session.popItem();
  assert.equal(popped.role, 'assistant');
  await session.clearSession();
});

test('reasoning: what is sent back sealed, with nothing stored', async () => {
  const modelSettings = { store: false, reasoning: { effort: 'low', summary: 'auto' }, providerData: { include: ['reasoning.encrypted_content'] } };
  const thinker = new Agent({ name: 'Thinker', model, modelSettings, tools: [getWeather] });
  const first = await run(thinker, 'What is the weather in Tokyo?');
  assert.equal(first.finalOutput, 'The weather in Tokyo is sunny.');
  const thought = first.history.find((item) => item.type === 'reasoning');
  assert.ok(thought.providerData.encrypted_content);
  const second = await run(thinker, [...first.history, { role: 'user', content: 'Thank you.' }]);
  assert.equal(second.finalOutput, 'You are welcome.');
  await assert.rejects(client.responses.retrieve(second.lastResponseId), OpenAI.NotFoundError);
});

test('errors: what the service refuses reaches the caller', async () => {
  const hot = new Agent({ name: 'Hot', model: 'gpt-4o', modelSettings: { temperature: 99 } });
  await assert.rejects(run(hot, 'Hi'), OpenAI.BadRequestError);
  const endless = new Agent({ name: 'Endless', model, tools: [getWeather], modelSettings: { toolChoice: 'required' }, resetToolChoice: false });
  await assert.rejects(run(endless, 'What is the weather in Tokyo?', { maxTurns: 1 }), AgentsError);
});
