import OpenAI, { AzureOpenAI } from 'openai';

const openai = new OpenAI({ baseURL: 'http://127.0.0.1:9110/v1', apiKey: 'any' });
const azure = new OpenAI({ baseURL: 'http://127.0.0.1:9110/openai/v1', apiKey: 'any' });
const dated = new AzureOpenAI({ endpoint: 'http://127.0.0.1:9110', apiVersion: '2025-04-01-preview', apiKey: 'any' });

for (const client of [openai, azure, dated]) {
  const response = await client.responses.create({ model: 'gpt-4o', input: 'Hello.' });
  console.log(response.output_text);
}
