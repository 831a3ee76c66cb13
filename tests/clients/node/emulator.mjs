// What the tests of all Node clients share: the server's address, its control endpoints, and small things about streams.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

/** The server's address, to which `/v1` or `/openai/v1` is added; `apiKey` is any text. */
export const url = process.env.EMULATOR_URL;
export const apiKey = 'test-key';

/** A file of the docs (docs/how-to/clients.md) with this server's address in place of the usual one. */
export async function example(folder, name, base = '') {
  const text = await readFile(path.join(folder, name), 'utf8');
  assert.match(text, /http:\/\/127\.0\.0\.1:9110/);
  return text.replaceAll('http://127.0.0.1:9110', `${url}${base}`);
}

/** Run the folder's example.mjs as it is in the docs, but for the address; gives the lines that it prints. */
export async function runExample(folder) {
  const file = path.join(folder, 'example.here.mjs');
  await writeFile(file, await example(folder, 'example.mjs'));
  const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 60_000 });
  return stdout.trim().split('\n');
}

/** Ask a control endpoint of the server; with a body it is a POST. Gives the answer's JSON. */
export async function control(path, body, namespace = 'default') {
  const headers = { 'content-type': 'application/json' };
  const sent = body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) };
  const answer = await fetch(`${url}/ns/${namespace}/_emulator/${path}`, sent);
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer.json();
}

/** The requests that a namespace has seen, oldest first. */
export async function requests(namespace) {
  return (await control('requests', undefined, namespace)).data.reverse();
}

/** All that an async iterable gives. */
export async function all(iterable) {
  const items = [];
  for await (const item of iterable) items.push(item);
  return items;
}

/** The numbers of events begin where they should and have no gap. */
export function assertNumbered(events, first = 0) {
  assert.deepEqual(events.map((event) => event.sequence_number), events.map((_, index) => first + index));
}
