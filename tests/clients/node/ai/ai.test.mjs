// The Vercel AI SDK with its OpenAI and its Azure provider, as their pages use them. It checks every event that it
// knows against a strict schema: what does not fit becomes an `error` part, and any such part fails a test here.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAzure } from '@ai-sdk/azure';
import { createOpenAI } from '@ai-sdk/openai';
import { APICallError, Output, generateText, isStepCount, streamText, tool } from 'ai';
import { z } from 'zod';
import { apiKey, runExample, url } from '../emulator.mjs';

const openai = createOpenAI({ apiKey, baseURL: `${url}/v1` });
const azure = createAzure({ apiKey, baseURL: `${url}/openai/v1` });
const providers = { openai, azure };

const weather = tool({
  description: 'Get the weather in a location',
  inputSchema: z.object({ location: z.string().describe('The location to get the weather for') }),
  execute: async ({ location }) => ({ location, temperature: 72 }),
});
const Recipe = z.object({ name: z.string(), steps: z.array(z.string()) });

/** Run `streamText` to its end: all parts, none of which is an error. */
async function streamed(options) {
  const result = streamText({ maxRetries: 0, onError: () => {}, include: { rawChunks: true }, ...options });
  const parts = [];
  for await (const part of result.stream) {
    if (part.type === 'error') throw part.error;
    parts.push(part);
  }
  return { result, parts: parts.filter((part) => part.type !== 'raw'), raw: parts.filter((part) => part.type === 'raw') };
}

/** The parts of one type. */
function of(type, parts) {
  return parts.filter((part) => part.type === type);
}

test('text: the example of the docs', async () => {
  assert.deepEqual(await runExample(import.meta.dirname), Array(2).fill('You said: "Hello."'));
});

for (const [name, provider] of Object.entries(providers)) {
  const options = (more) => ({ providerOptions: { [name]: more } });
  const responseId = (result) => result.providerMetadata[name].responseId;

  test(`text: generateText, by ${name}`, async () => {
    const result = await generateText({ model: provider('gpt-4o'), system: 'You are brief.', prompt: 'Invent a new holiday.' });
    assert.match(result.text, /new holiday/);
    assert.equal(result.finishReason, 'stop');
    assert.ok(result.usage.totalTokens > 0);
    assert.match(responseId(result), /^resp_/);
    assert.deepEqual(result.warnings, []);
  });

  test(`stream: streamText, by ${name}`, async () => {
    const { result, parts, raw } = await streamed({ model: provider('gpt-4o'), prompt: 'Invent a new holiday.' });
    const kinds = [...new Set(parts.map((part) => part.type))];
    assert.deepEqual(kinds, ['start', 'start-step', 'text-start', 'text-delta', 'text-end', 'finish-step', 'finish']);
    assert.equal(of('text-delta', parts).map((part) => part.text).join(''), await result.text);
    assert.equal(raw.at(-1).rawValue.type, 'response.completed');
  });

  test(`tools: a call, run by the SDK, by ${name}`, async () => {
    const result = await generateText({
      model: provider('gpt-4o'),
      tools: { weather },
      stopWhen: isStepCount(5),
      prompt: 'What is the weather in San Francisco?',
    });
    assert.equal(result.text, 'It is 72 degrees in San Francisco.');
    assert.equal(result.steps.length, 2);
  });

  test(`tools: a streamed call after reasoning, by ${name}`, async () => {
    const { result, parts } = await streamed({
      model: provider('gpt-5-mini'),
      tools: { weather },
      stopWhen: isStepCount(5),
      prompt: 'What is the weather in San Francisco?',
      ...options({ reasoningSummary: 'auto' }),
    });
    assert.equal(await result.text, 'It is 72 degrees in San Francisco.');
    assert.equal(of('reasoning-delta', parts).map((part) => part.text).join(''), 'I need the weather first.');
    const [call] = of('tool-call', parts);
    assert.deepEqual(call.input, { location: 'San Francisco' });
    assert.equal(of('tool-input-delta', parts).map((part) => part.delta).join(''), JSON.stringify(call.input));
  });

  test(`structured: Output.object, by ${name}`, async () => {
    const { output } = await generateText({
      model: provider('gpt-4o'),
      output: Output.object({ schema: Recipe }),
      prompt: 'Generate a lasagna recipe.',
    });
    assert.deepEqual(output, { name: 'Lasagna', steps: ['Boil.', 'Bake.'] });
  });

  test(`structured: streamed, and made from the schema, by ${name}`, async () => {
    const { result } = await streamed({
      model: provider('gpt-4o'),
      output: Output.object({ schema: Recipe }),
      prompt: 'Generate a recipe for soup.',
    });
    assert.ok(Recipe.safeParse(await result.output).success);
  });

  test(`chaining: previousResponseId, by ${name}`, async () => {
    const first = await generateText({ model: provider('gpt-4o'), prompt: 'Tell me a joke.' });
    const second = await generateText({
      model: provider('gpt-4o'),
      prompt: 'Explain it.',
      include: { responseBody: true },
      ...options({ previousResponseId: responseId(first) }),
    });
    assert.equal(second.response.body.previous_response_id, responseId(first));
    assert.ok(second.usage.inputTokens > first.usage.inputTokens);
  });

  test(`chaining: by messages, with what was stored as references, by ${name}`, async () => {
    const model = provider('gpt-5-mini');
    const messages = [{ role: 'user', content: 'What is the weather in San Francisco?' }];
    const first = await generateText({ model, tools: { weather }, stopWhen: isStepCount(5), messages });
    messages.push(...first.responseMessages, { role: 'user', content: 'Thank you.' });
    const second = await generateText({ model, tools: { weather }, messages, include: { requestBody: true } });
    assert.equal(second.text, 'You are welcome.');
    assert.ok(second.request.body.input.some((item) => item.type === 'item_reference'));
  });

  test(`reasoning: what is sent back sealed, with nothing stored, by ${name}`, async () => {
    const model = provider('gpt-5-mini');
    const stateless = options({ store: false, reasoningSummary: 'auto', include: ['reasoning.encrypted_content'] });
    const messages = [{ role: 'user', content: 'What is the weather in San Francisco?' }];
    const { result } = await streamed({ model, tools: { weather }, stopWhen: isStepCount(5), messages, ...stateless });
    messages.push(...(await result.responseMessages), { role: 'user', content: 'Thank you.' });
    const second = await generateText({ model, tools: { weather }, messages, include: { requestBody: true }, ...stateless });
    assert.equal(second.text, 'You are welcome.');
    const thought = second.request.body.input.find((item) => item.type === 'reasoning');
    assert.ok(thought.encrypted_content);
    const gone = await fetch(`${url}/openai/v1/responses/${responseId(second)}`, { headers: { 'api-key': apiKey } });
    assert.equal(gone.status, 404);
  });

  test(`reasoning: the parts of a summary, by ${name}`, async () => {
    const { result, parts } = await streamed({
      model: provider('o4-mini'),
      prompt: 'How many legs has a spider?',
      ...options({ reasoningSummary: 'detailed' }),
    });
    assert.deepEqual(of('reasoning-start', parts).length, 2);
    assert.deepEqual((await result.reasoning).map((part) => part.text), ['A spider is no insect.', 'So it has eight.']);
    assert.ok((await result.usage).outputTokenDetails.reasoningTokens > 0);
  });

  // Azure wants to know which deployment makes the image; the other service has no use for it.
  const headers = { 'x-ms-oai-image-generation-deployment': 'gpt-image-1' };
  const asked = { prompt: 'Find out about returns.' };
  const hosted = {
    web_search: async () => ({ tool: provider.tools.webSearch({ searchContextSize: 'high' }) }),
    code_interpreter: async () => ({ tool: provider.tools.codeInterpreter() }),
    image_generation: async () => ({ tool: provider.tools.imageGeneration({ outputFormat: 'webp', quality: 'low' }), headers }),
    file_search: async () => ({
      tool: provider.tools.fileSearch({ vectorStoreIds: [await policies(`${url}/openai/v1`)] }),
      ...options({ include: ['file_search_call.results'] }),
    }),
    ...(provider.tools.mcp && {
      mcp: async () => ({ tool: provider.tools.mcp({ serverLabel: 'docs', serverUrl: 'https://example.com/mcp' }) }),
    }),
  };
  for (const [kind, made] of Object.entries(hosted)) {
    test(`hosted: ${kind}, run by the service, plain and streamed, by ${name}`, async () => {
      const { tool: offered, ...more } = await made();
      const call = { model: provider('gpt-4o'), tools: { [kind]: offered }, ...asked, ...more };
      const plain = await generateText(call);
      const { result, parts } = await streamed(call);
      for (const content of [plain.content, await result.content]) {
        const [done] = of('tool-result', content);
        assert.equal(done.providerExecuted, true);
        assert.ok(done.output);
        assert.ok(of('text', content).length);
      }
      assert.equal(of('tool-error', parts).length, 0);
      const messages = [{ role: 'user', content: asked.prompt }, ...(await result.responseMessages), { role: 'user', content: 'Thank you.' }];
      // Azure does not edit an image of an earlier turn, so a turn after one does not offer the tool again.
      const tools = kind === 'image_generation' ? undefined : call.tools;
      assert.equal((await generateText({ ...call, tools, prompt: undefined, messages })).text, 'You are welcome.');
    });
  }

  test(`hosted: partial images are results before the last one, by ${name}`, async () => {
    const offered = provider.tools.imageGeneration({ partialImages: 2 });
    const call = { model: provider('gpt-4o'), tools: { image_generation: offered }, ...asked, headers };
    const { result, parts } = await streamed(call);
    assert.equal(of('tool-result', parts).length, 3);
    // This version sends a reference for each of them in the next turn, which the service refuses, and so do we.
    const messages = [{ role: 'user', content: asked.prompt }, ...(await result.responseMessages), { role: 'user', content: 'Thank you.' }];
    const after = { ...call, tools: undefined, prompt: undefined, messages };
    await assert.rejects(generateText(after), /Duplicate item found with id ig_/);
  });

  test(`hosted: sources and citations, by ${name}`, async () => {
    const { result, parts } = await streamed({
      model: provider('gpt-4o'),
      tools: { web_search: provider.tools.webSearch() },
      prompt: 'And who says so?',
    });
    assert.equal(await result.text, 'They say so.');
    assert.ok((await result.sources).some((source) => source.url === 'https://example.com/'));
    assert.ok(of('source', parts).length);
  });

  test(`errors: an answer cut short, and a failure, by ${name}`, async () => {
    const cut = await streamed({ model: provider('gpt-4o'), prompt: 'This is too long.' });
    assert.equal(await cut.result.finishReason, 'length');
    assert.equal(await cut.result.text, 'This is only the begin');
    await assert.rejects(streamed({ model: provider('gpt-4o'), prompt: 'Please crash.' }), /The model crashed/);
  });

  test(`errors: a refused request, and a busy server that is asked again, by ${name}`, async () => {
    await assert.rejects(generateText({ model: provider('gpt-4o'), prompt: 'Hi', temperature: 99 }), (error) => {
      assert.ok(APICallError.isInstance(error));
      assert.equal(error.statusCode, 400);
      assert.equal(error.data.error.param, 'temperature');
      return true;
    });
    const headers = { 'X-Emulator-Fault': 'status=429; retry_after_ms=10' };
    await assert.rejects(generateText({ model: provider('gpt-4o'), prompt: 'Hi', headers, maxRetries: 1 }), (error) => {
      assert.equal(error.name, 'AI_RetryError');
      assert.equal(error.errors.length, 2);
      return true;
    });
    await assert.rejects(streamed({ model: provider('gpt-4o'), prompt: 'Hi', headers: { 'X-Emulator-Fault': 'bad_json' } }));
  });

  test(`errors: an event that nobody documents does no harm, by ${name}`, async () => {
    for (const fault of ['keepalive_event', 'unknown_event']) {
      const { result } = await streamed({ model: provider('gpt-4o'), prompt: 'Say it.', headers: { 'X-Emulator-Fault': fault } });
      assert.match(await result.text, /Say it/);
    }
  });
}

/** A vector store with one file in it. */
async function policies(base) {
  const headers = { 'api-key': apiKey };
  const form = new FormData();
  form.set('purpose', 'assistants');
  form.set('file', new File(['Returns are free within 30 days.'], 'policy.md'));
  const file = await (await fetch(`${base}/files`, { method: 'POST', headers, body: form })).json();
  const body = JSON.stringify({ name: 'policies', file_ids: [file.id] });
  const store = await fetch(`${base}/vector_stores`, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body });
  return (await store.json()).id;
}

// Tools whose calls the service makes up and the application carries out, each with what it is called with.
const carried = {
  shell: ['list the files', 'There is a readme.', (seen) =>
    openai.tools.shell({
      execute: async ({ action }) => {
        seen.push(...action.commands);
        return { output: action.commands.map(() => ({ stdout: 'readme', stderr: '', outcome: { type: 'exit', exitCode: 0 } })) };
      },
    }), ['ls', 'pwd']],
  local_shell: ['list the files', 'There is a readme.', (seen) =>
    openai.tools.localShell({
      execute: async ({ action }) => {
        seen.push(...action.command);
        return { output: 'readme' };
      },
    }), ['ls', '-la']],
  apply_patch: ['write a file', 'It is written.', (seen) =>
    openai.tools.applyPatch({
      execute: async ({ operation }) => {
        seen.push(operation.type, operation.path, operation.diff);
        return { status: 'completed', output: 'ok' };
      },
    }), ['create_file', 'hello.txt', '+Hello\n']],
  write_sql: ['how many rows', 'There are 42 rows.', (seen) =>
    openai.tools.customTool({
      description: 'Write SQL',
      format: { type: 'text' },
      execute: async (input) => {
        seen.push(input);
        return '42';
      },
    }), ['select count(*) from t']],
};
for (const [kind, [prompt, told, made, expected]] of Object.entries(carried)) {
  test(`tools: ${kind}, carried out here, plain and streamed`, async () => {
    const seen = [];
    const call = { model: openai('gpt-5-mini'), tools: { [kind]: made(seen) }, stopWhen: isStepCount(5), prompt };
    assert.equal((await generateText(call)).text, told);
    const { result } = await streamed({ ...call, providerOptions: { openai: { store: false } } });
    assert.equal(await result.text, told);
    assert.deepEqual(seen, [...expected, ...expected]);
  });
}

test('tools: two calls of one answer', async () => {
  const call = { model: openai('gpt-4o'), tools: { weather }, stopWhen: isStepCount(5), prompt: 'How is it in two cities?' };
  const { result } = await streamed(call);
  const [first] = await result.steps;
  assert.deepEqual(first.toolResults.map(({ output }) => output.location), ['Oslo', 'Rome']);
  assert.match(await result.text, /Rome/);
});

test('tools: a group of tools', async () => {
  const crm = { name: 'crm', description: 'Customers and their orders.' };
  const orders = tool({
    description: 'List open orders for a customer ID.',
    inputSchema: z.object({ customer_id: z.string() }),
    execute: async () => 'two orders',
    providerOptions: { openai: { namespace: crm } },
  });
  const call = { model: openai('gpt-5-mini'), tools: { list_open_orders: orders }, stopWhen: isStepCount(5) };
  const { text, steps } = await generateText({ ...call, prompt: 'List open orders for customer cust_123.' });
  assert.equal(steps[0].toolCalls[0].toolName, 'list_open_orders');
  assert.match(text, /two orders/);
});

test('conversation: the provider goes on with one that the service keeps', async () => {
  const made = await fetch(`${url}/v1/conversations`, { method: 'POST', headers: { authorization: `Bearer ${apiKey}` } });
  const { id } = await made.json();
  const providerOptions = { openai: { conversation: id } };
  const call = { model: openai('gpt-4o'), tools: { weather }, stopWhen: isStepCount(5), providerOptions };
  const first = await generateText({ ...call, prompt: 'What is the weather in San Francisco?' });
  assert.equal(first.text, 'It is 72 degrees in San Francisco.');
  const { result } = await streamed({ ...call, prompt: 'Thank you.' });
  assert.equal(await result.text, 'You are welcome.');
  const items = await fetch(`${url}/v1/conversations/${id}/items?order=asc`, { headers: { authorization: `Bearer ${apiKey}` } });
  // This version sends the prompt once more with the tool's output.
  const types = (await items.json()).data.map((item) => item.type).join(' ');
  assert.equal(types, 'message reasoning function_call message function_call_output message message message');
});

test('errors: a refusal is text, and no reason to go on', async () => {
  const call = { model: openai('gpt-4o'), prompt: 'How do I pick a lock?' };
  const { result } = await streamed(call);
  for (const one of [await generateText(call), { text: await result.text, finishReason: await result.finishReason }]) {
    assert.equal(one.text, "I can't help with that.");
    assert.equal(one.finishReason, 'content-filter');
  }
});

test('text: the URL that the Azure provider makes from a resource name', async () => {
  const seen = [];
  const redirected = (input, init) => {
    seen.push(input);
    return fetch(input.replace('https://my-resource.openai.azure.com', url), init);
  };
  const named = createAzure({ apiKey, resourceName: 'my-resource', fetch: redirected });
  const { text } = await generateText({ model: named('gpt-4o'), prompt: 'Write a vegetarian lasagne for 4 people.' });
  assert.match(text, /vegetarian/);
  assert.deepEqual(seen, ['https://my-resource.openai.azure.com/openai/v1/responses?api-version=v1']);
});

test('identity: a token instead of a key', async () => {
  const entra = createAzure({ tokenProvider: async () => 'a.b.c', baseURL: `${url}/openai/v1` });
  assert.match((await generateText({ model: entra('gpt-4o'), prompt: 'Hello there.' })).text, /Hello there/);
});
